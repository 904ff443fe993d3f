//! What is wrong with a configuration, in words that name the key and where it stands.

use std::path::PathBuf;

use figment::error::Kind;

/// A configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file that was named is not there.
    #[error("the configuration file {} does not exist", path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// Settings are unknown or do not fit.
    #[error("{}", .0.join("\n"))]
    Settings(Vec<String>),
    /// Settings contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

impl From<Box<figment::Error>> for ConfigError {
    fn from(errors: Box<figment::Error>) -> Self {
        Self::Settings((*errors).into_iter().map(|error| line(&error)).collect())
    }
}

/// One problem in one line: the key, what is wrong with it, where it was set.
fn line(error: &figment::Error) -> String {
    let mut key = error.path.join(".");
    let problem = match &error.kind {
        Kind::UnknownField(name, known) => {
            if key.rsplit('.').next() != Some(name.as_str()) {
                key = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
            }
            format!("there is no such setting; there are: {}", known.join(", "))
        }
        kind => kind.to_string(),
    };
    let source = error
        .metadata
        .as_ref()
        .map(|metadata| match &metadata.source {
            Some(source) => format!(" (in {source})"),
            None if metadata.name == super::read::ENVIRONMENT => {
                format!(" (in the environment: {})", variable(&key))
            }
            None => format!(" (in {})", metadata.name),
        })
        .unwrap_or_default();
    if key.is_empty() {
        format!("the configuration cannot be read: {problem}{source}")
    } else {
        format!("{key}: {problem}{source}")
    }
}

/// The environment variable of a key.
fn variable(key: &str) -> String {
    format!("CALLWEAVE__{}", key.replace('.', "__").to_uppercase())
}
