//! What is sealed, and how it is written.

use std::collections::BTreeMap;

use callweave_provider::Credentials;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::vault::{Place, Vault, VaultError};

/// Seals the credentials of a connection.
pub(crate) fn seal_credentials(
    vault: &Vault,
    place: &Place,
    credentials: &Credentials,
) -> Result<Vec<u8>, VaultError> {
    let members: BTreeMap<&str, &str> = credentials
        .names()
        .filter_map(|name| {
            credentials
                .get(name)
                .map(|secret| (name, secret.expose_secret()))
        })
        .collect();
    let bytes = serde_json::to_vec(&members).map_err(|_never| VaultError::Corrupt)?;
    vault.seal(place, &bytes)
}

/// Opens the credentials of a connection.
pub(crate) fn open_credentials(
    vault: &Vault,
    place: &Place,
    sealed: &[u8],
) -> Result<Credentials, VaultError> {
    let bytes = vault.open(place, sealed)?;
    let members: BTreeMap<String, String> =
        serde_json::from_slice(&bytes).map_err(|_shape| VaultError::Corrupt)?;
    Ok(Credentials::new(
        members
            .into_iter()
            .map(|(name, value)| (name, SecretString::from(value))),
    ))
}

/// An access token and, where the vendor gives one, a refresh token.
#[derive(Clone)]
pub(crate) struct TokenPair {
    pub(crate) access: SecretString,
    pub(crate) refresh: Option<SecretString>,
    /// The version of the credentials it was got with: a pair that was set aside after the
    /// credentials were replaced must not come back.
    pub(crate) credentials_version: Option<i32>,
}

#[derive(Serialize, Deserialize)]
struct TokenPairForm {
    access: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credentials_version: Option<i32>,
}

impl TokenPair {
    pub(crate) fn seal(&self, vault: &Vault, place: &Place) -> Result<Vec<u8>, VaultError> {
        let form = TokenPairForm {
            access: self.access.expose_secret().to_owned(),
            refresh: self
                .refresh
                .as_ref()
                .map(|secret| secret.expose_secret().to_owned()),
            credentials_version: self.credentials_version,
        };
        let bytes = serde_json::to_vec(&form).map_err(|_never| VaultError::Corrupt)?;
        vault.seal(place, &bytes)
    }

    pub(crate) fn open(vault: &Vault, place: &Place, sealed: &[u8]) -> Result<Self, VaultError> {
        let bytes = vault.open(place, sealed)?;
        let form: TokenPairForm =
            serde_json::from_slice(&bytes).map_err(|_shape| VaultError::Corrupt)?;
        Ok(Self {
            access: SecretString::from(form.access),
            refresh: form.refresh.map(SecretString::from),
            credentials_version: form.credentials_version,
        })
    }
}
