//! Reading: defaults, file, environment, command line, in this order.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Env, Format as _, Serialized, Toml},
    value::{Dict, Map, Value},
};

use super::{Config, ConfigError};

/// Every key with its default and its meaning.
pub(crate) const DEFAULTS: &str = include_str!("../../config.default.toml");

/// The name under which the environment stands in errors.
pub(super) const ENVIRONMENT: &str = "environment";

const FILE: &str = "callweave.toml";
const PREFIX: &str = "CALLWEAVE__";

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The file; `callweave.toml` in the working directory, if it is there, when none is named.
    pub(crate) file: Option<PathBuf>,
    /// In place of `data_dir`.
    pub(crate) data_dir: Option<PathBuf>,
    /// In place of `server.listen`.
    pub(crate) listen: Option<SocketAddr>,
    /// Other defaults, as TOML; the file and the environment win over them.
    pub(crate) defaults: &'static str,
}

/// The defaults alone, whatever the environment of the tests.
#[cfg(test)]
pub(crate) fn defaults() -> Config {
    Figment::from(Toml::string(DEFAULTS)).extract().unwrap()
}

/// Reads the configuration.
pub(crate) fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut figment = Figment::from(Toml::string(DEFAULTS)).merge(Toml::string(sources.defaults));
    if let Some(path) = file(sources.file.as_deref())? {
        figment = figment.merge(Toml::file_exact(path));
    }
    figment = figment
        .merge(Environment(
            Env::raw()
                .only(&["DATABASE_URL"])
                .map(|_name| "database.url".into()),
        ))
        .merge(Environment(Env::prefixed(PREFIX).split("__")));
    if let Some(data_dir) = &sources.data_dir {
        figment = figment.merge(Serialized::default("data_dir", data_dir));
    }
    if let Some(listen) = &sources.listen {
        figment = figment.merge(Serialized::default("server.listen", listen));
    }
    let config: Config = figment.extract().map_err(Box::new)?;
    agree(&config)?;
    Ok(config)
}

fn file(named: Option<&Path>) -> Result<Option<PathBuf>, ConfigError> {
    match named {
        Some(path) if !path.is_file() => Err(ConfigError::NoFile {
            path: path.to_owned(),
        }),
        Some(path) => Ok(Some(path.to_owned())),
        None => Ok(Some(PathBuf::from(FILE)).filter(|path| path.is_file())),
    }
}

/// Settings that fit one by one and not together.
fn agree(config: &Config) -> Result<(), ConfigError> {
    let contradiction = |text: &str| Err(ConfigError::Contradiction(text.to_owned()));
    if config.encryption.keys.is_some() && config.encryption.keys_file.is_some() {
        return contradiction("encryption.keys and encryption.keys_file are both set; use one");
    }
    if config.database.read_url.is_some() && config.database.url.is_none() {
        return contradiction(
            "database.read_url: a standby needs the database it follows; set database.url",
        );
    }
    if !(0.0..=1.0).contains(&config.otlp.sample_ratio) {
        return contradiction("otlp.sample_ratio: must be from 0.0 to 1.0");
    }
    if !(0.0..=100.0).contains(&config.jobs.low_usage_percent) {
        return contradiction("jobs.low_usage_percent: must be from 0.0 to 100.0");
    }
    for (key, value) in [
        ("jobs.workers", config.jobs.workers),
        ("jobs.per_connection", config.jobs.per_connection as usize),
        ("server.max_connections", config.server.max_connections),
        ("server.max_requests", config.server.max_requests),
        ("sync.workers", config.sync.workers),
        (
            "database.max_connections",
            config.database.max_connections as usize,
        ),
        (
            "database.worker_connections",
            config.database.worker_connections as usize,
        ),
    ] {
        if value == 0 {
            return contradiction(&format!("{key}: must be at least 1"));
        }
    }
    Ok(())
}

/// The environment, under a name that errors are told by. Empty variables count as not set, as
/// compose files write them.
struct Environment(Env);

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(ENVIRONMENT)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let profiles = self.0.data()?.into_iter();
        Ok(profiles
            .map(|(profile, values)| (profile, without_empty(values)))
            .collect())
    }
}

fn without_empty(values: Dict) -> Dict {
    let kept = values.into_iter().filter_map(|(key, value)| match value {
        Value::String(_, text) if text.is_empty() => None,
        Value::Dict(tag, members) => Some((key, Value::Dict(tag, without_empty(members)))),
        other => Some((key, other)),
    });
    kept.collect()
}
