//! Settings and credentials of a connection, as the vendor's own type reads them.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::decode::decode_value;

/// The settings of a connection: a free JSON object that the vendor's own type parses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(pub serde_json::Map<String, Value>);

/// A setting or credential is missing, unknown or wrong. The pointer is relative to the object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail} (at {pointer:?})")]
pub struct SettingsError {
    /// The JSON pointer of the member.
    pub pointer: String,
    /// What is wrong, for the person who wrote it.
    pub detail: String,
}

impl SettingsError {
    /// An error about one member.
    pub fn at(member: &str, detail: impl Into<String>) -> Self {
        Self {
            pointer: format!("/{member}"),
            detail: detail.into(),
        }
    }
}

impl Settings {
    /// Reads the settings into the vendor's own type; unknown members are errors.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        let value = Value::Object(self.0.clone());
        let decoded = decode_value::<T>(&value).map_err(|error| SettingsError {
            pointer: error.pointer.clone(),
            detail: error.source.to_string(),
        })?;
        match decoded.unmapped.first() {
            Some(pointer) => Err(SettingsError {
                pointer: pointer.clone(),
                detail: "this vendor has no such setting".to_owned(),
            }),
            None => Ok(decoded.value),
        }
    }
}

/// The credentials of a connection; they do not print themselves.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, SecretString>);

impl Credentials {
    /// Credentials from their members.
    pub fn new(members: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        Self(members.into_iter().collect())
    }

    /// One member.
    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.0
            .get(name)
            .filter(|secret| !secret.expose_secret().is_empty())
    }

    /// The names of the members that are given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// A base URL without a trailing slash, checked to be http or https with a host and without
/// credentials, query or fragment.
pub fn parse_base_url(member: &str, text: &str) -> Result<String, SettingsError> {
    let trimmed = text.trim().trim_end_matches('/');
    let uri: http::Uri = trimmed
        .parse()
        .map_err(|_error| SettingsError::at(member, "must be an http or https URL"))?;
    let scheme_fits = matches!(uri.scheme_str(), Some("http" | "https"));
    let host_fits = uri.host().is_some_and(|host| !host.is_empty());
    let authority_fits = uri
        .authority()
        .is_some_and(|authority| !authority.as_str().contains('@'));
    if !scheme_fits
        || !host_fits
        || !authority_fits
        || uri.query().is_some()
        || trimmed.contains('#')
    {
        return Err(SettingsError::at(
            member,
            "must be an http or https URL with a host and without user, query or fragment",
        ));
    }
    Ok(trimmed.to_owned())
}

/// An IANA time zone by name.
pub fn parse_timezone(member: &str, name: &str) -> Result<jiff::tz::TimeZone, SettingsError> {
    jiff::tz::TimeZone::get(name).map_err(|_error| {
        SettingsError::at(member, "must be an IANA time zone such as Europe/Berlin")
    })
}
