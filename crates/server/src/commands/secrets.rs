//! `callweave secrets`: the secrets of a deployment, each in a file, made once.

use std::{
    fs::{self, Permissions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callweave_credentials::vault::generate_key;
use callweave_model::{Clock as _, SystemClock};

use crate::{cli::SecretsArgs, output};

/// The encryption key: for the gateway alone.
const KEYS: (&str, u32) = ("encryption_keys", 0o400);
/// The database's password: PostgreSQL reads it under an account of its own.
const PASSWORD: (&str, u32) = ("postgres_password", 0o444);

pub(super) fn run(arguments: &SecretsArgs) -> anyhow::Result<()> {
    let directory = &arguments.directory;
    fs::create_dir_all(directory).with_context(|| format!("create {}", directory.display()))?;
    let now = SystemClock.now().as_jiff();
    let key = || generate_key(&format!("key-{}", now.strftime("%Y%m%d-%H%M%S")));
    let password = || URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
    ensure(directory, KEYS, key)?;
    ensure(directory, PASSWORD, password)
}

/// Makes a file where it is missing; one that is there is never touched.
fn ensure(
    directory: &Path,
    (name, mode): (&str, u32),
    secret: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    let path = directory.join(name);
    let aside = directory.join(format!("{name}.new"));
    if path.exists() {
        return Ok(output::data(format!("kept {}", path.display()))?);
    }
    let written = write(&aside, mode, &secret()).and_then(|()| fs::rename(&aside, &path));
    written.with_context(|| format!("write {}", path.display()))?;
    Ok(output::data(format!("made {}", path.display()))?)
}

fn write(path: &Path, mode: u32, content: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{content}")?;
    file.sync_all()?;
    // The mask of the process does not count here.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_made_once_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let arguments = SecretsArgs {
            directory: directory.path().join("new"),
        };
        run(&arguments).unwrap();
        let read = |name: &str| fs::read_to_string(arguments.directory.join(name)).unwrap();
        let first = (read("encryption_keys"), read("postgres_password"));
        assert!(callweave_credentials::vault::Vault::parse(first.0.trim()).is_ok());
        assert_eq!(first.1.trim().len(), 32);
        run(&arguments).unwrap();
        assert_eq!(first, (read("encryption_keys"), read("postgres_password")));
        let mode = |name: &str| {
            let path = arguments.directory.join(name);
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        };
        assert_eq!(
            (mode("encryption_keys"), mode("postgres_password")),
            (0o400, 0o444)
        );
    }
}
