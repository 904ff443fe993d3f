//! The keys that secrets are sealed with: configured, or made once beside our own database.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use callweave_credentials::vault::{Vault, generate_key};
use callweave_model::ids::Ids;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{Config, ConfigError};

/// The file of the key that is made where none is configured.
const FILE: &str = "encryption.keys";

/// The keys, and where they come from.
#[derive(Debug)]
pub(crate) struct KeyRing {
    /// Opens and seals.
    pub(crate) vault: Vault,
    /// The text of the ring, for what else is derived from it.
    pub(crate) text: SecretString,
    /// For people.
    pub(crate) origin: Origin,
}

/// Where the keys come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `encryption.keys`.
    Setting,
    /// `encryption.keys_file`.
    File(PathBuf),
    /// The data directory.
    DataDir(PathBuf),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Setting => formatter.write_str("encryption.keys"),
            Self::File(path) | Self::DataDir(path) => path.display().fmt(formatter),
        }
    }
}

/// The key ring of this installation. With a database of our own, a key is made where there is
/// none.
pub(crate) fn open(config: &Config, own_database: bool, ids: &dyn Ids) -> anyhow::Result<KeyRing> {
    let (text, origin) = match (&config.encryption.keys, &config.encryption.keys_file) {
        (Some(keys), _) => (keys.clone(), Origin::Setting),
        (None, Some(path)) => {
            let text = fs::read_to_string(path)
                .map_err(|error| {
                    let path = path.display();
                    ConfigError::Contradiction(format!("encryption.keys_file: {path}: {error}"))
                })
                .map(SecretString::from)?;
            (text, Origin::File(path.clone()))
        }
        (None, None) if own_database => {
            let path = config.data_dir.join(FILE);
            (read_or_make(&path, ids)?, Origin::DataDir(path))
        }
        (None, None) => {
            let text = "encryption.keys: an external database needs a key that outlives this \
                        machine; make one with `callweave encryption generate-key` and give it as \
                        CALLWEAVE__ENCRYPTION__KEYS or encryption.keys_file";
            return Err(ConfigError::Contradiction(text.to_owned()).into());
        }
    };
    let one_line = text.expose_secret().replace(['\n', '\r'], ",");
    let vault = Vault::parse(&one_line)
        .map_err(|error| ConfigError::Contradiction(format!("{origin}: {error}")))?;
    Ok(KeyRing {
        vault,
        text: SecretString::from(one_line),
        origin,
    })
}

/// Reads the file, or makes it with a fresh key. Two processes at once agree on one.
fn read_or_make(path: &Path, ids: &dyn Ids) -> anyhow::Result<SecretString> {
    if let Some(text) = read(path)? {
        return Ok(text);
    }
    make(path, ids)?;
    read(path)?.with_context(|| format!("{} has just been there", path.display()))
}

fn read(path: &Path) -> anyhow::Result<Option<SecretString>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path)
                .with_context(|| format!("inspect {}", path.display()))?
                .permissions()
                .mode();
            if mode & 0o077 != 0 {
                tracing::warn!(
                    file = %path.display(),
                    "The encryption key can be read by others; `chmod 600` it"
                );
            }
            Ok(Some(SecretString::from(text)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// Written aside, then linked into place: nobody reads half a key, and the first one stays.
fn make(path: &Path, ids: &dyn Ids) -> anyhow::Result<()> {
    let id = ids.next().simple().to_string();
    let aside = path.with_extension(format!("{id}.new"));
    // A key that is lost and made again must not carry the id of the lost one.
    let key = generate_key(&format!("local-{}", id.get(..12).unwrap_or(&id)));
    let written = private_file(&aside, key.as_bytes())
        .and_then(|()| match fs::hard_link(&aside, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        })
        .with_context(|| format!("create {}", path.display()));
    // Left over only where the directory refuses, and then the first error says more.
    let _ = fs::remove_file(&aside);
    written
}

/// Writes a file that only its owner can read.
pub(crate) fn private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use callweave_model::ids::RandomIds;

    use super::*;
    use crate::config;

    fn config(data_dir: &Path) -> Config {
        Config {
            data_dir: data_dir.to_owned(),
            ..config::defaults()
        }
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path());
        let one = open(&config, true, &RandomIds).unwrap();
        let two = open(&config, true, &RandomIds).unwrap();
        assert_eq!(one.vault.active_key(), two.vault.active_key());
        assert!(one.vault.active_key().starts_with("local-"));
        let path = directory.path().join(FILE);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(one.origin, Origin::DataDir(path));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_external_database_needs_a_key_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let error = open(&config(directory.path()), false, &RandomIds).unwrap_err();
        assert!(error.is::<ConfigError>());
        assert!(error.to_string().contains("generate-key"), "{error}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_may_hold_a_key_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        fs::write(
            &path,
            format!("{}\n{}\n", generate_key("new"), generate_key("old")),
        )
        .unwrap();
        let mut config = config(directory.path());
        config.encryption.keys_file = Some(path);
        let ring = open(&config, false, &RandomIds).unwrap();
        assert_eq!(ring.vault.active_key(), "new");
    }
}
