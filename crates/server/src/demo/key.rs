//! The demo's API key: kept in a file that only its owner reads, so that a second run shows the
//! same one.

use std::{fs, io};

use callweave_api::keys;
use callweave_store::Store;
use secrecy::{ExposeSecret as _, SecretString};

use super::{about, home::Home};
use crate::{
    commands::keys::{KeyRequest, create},
    key_ring::private_file,
};

/// The tenant of the demo.
const TENANT: &str = "demo";

/// The key of the run before, or a new one where that is gone or no longer valid.
pub(super) async fn ensure(home: &Home, store: &Store) -> anyhow::Result<SecretString> {
    let path = home.key();
    match fs::read_to_string(&path) {
        Ok(text) if is_valid(text.trim(), store).await? => {
            return Ok(SecretString::from(text.trim()));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return about(Err(error), "read", &path);
        }
        _ => {}
    }
    let request = KeyRequest {
        tenant: TENANT,
        name: "demo",
        scopes: &["*".to_owned()],
        expires_in: None,
    };
    let made = create(store, request).await?;
    let written = private_file(&path, made.text.expose_secret().as_bytes());
    about(written, "write", &path)?;
    Ok(made.text)
}

async fn is_valid(text: &str, store: &Store) -> anyhow::Result<bool> {
    let Some(presented) = keys::parse(text) else {
        return Ok(false);
    };
    let mut tx = store.system().await?;
    let stored = tx.find_api_key(presented.id).await?;
    tx.commit().await?;
    Ok(stored.is_some_and(|key| {
        key.revoked_at.is_none()
            && key.expires_at.is_none()
            && presented.matches(Some(&key.secret_hash))
    }))
}
