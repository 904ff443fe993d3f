//! The settings of a Transcripto connection.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callweave_provider::{
    Credentials, Settings, SettingsError,
    number::as_id,
    raw::fingerprint,
    settings::{parse_base_url, parse_timezone},
};
use http::HeaderValue;
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

/// The settings as they are written.
#[derive(Deserialize)]
struct Written {
    base_url: String,
    #[serde(default)]
    timezone: Option<String>,
    #[serde(default)]
    language: Option<String>,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct TranscriptoSettings {
    pub(crate) base_url: String,
    /// The zone of instants without one.
    pub(crate) zone: TimeZone,
    /// What goes into `Accept-Language`.
    pub(crate) language: Option<HeaderValue>,
}

impl TranscriptoSettings {
    pub(crate) fn read(settings: &Settings) -> Result<Self, SettingsError> {
        let written: Written = settings.parse()?;
        let zone = match written.timezone.as_deref().map(str::trim) {
            None | Some("") => TimeZone::UTC,
            Some(name) => parse_timezone("timezone", name)?,
        };
        let language = match written.language.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(text) => Some(HeaderValue::from_str(text).map_err(|_error| {
                SettingsError::at("language", "must be a language such as en or ru")
            })?),
        };
        Ok(Self {
            base_url: parse_base_url("base_url", &written.base_url)?,
            zone,
            language,
        })
    }
}

/// The account that settings and credentials lead to: the host, and the user by e-mail address, by
/// what the token says of itself, or by a hash of a token that says nothing.
pub(crate) fn account_key(settings: &Settings, credentials: &Credentials) -> String {
    let address = settings.0.get("base_url").and_then(Value::as_str);
    let address = address.unwrap_or_default().trim().to_lowercase();
    let host = address.trim_end_matches('/');
    let host = host.split_once("://").map_or(host, |(_, rest)| rest);
    let email = credentials.get("email").map(ExposeSecret::expose_secret);
    let user = match (email, credentials.get("access_token")) {
        (Some(email), _) => email.trim().to_lowercase(),
        (None, Some(token)) => user_of(token.expose_secret()),
        (None, None) => String::new(),
    };
    format!("{host}|{user}")
}

/// The user that a token names, read without trust.
fn user_of(token: &str) -> String {
    let claims = token
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok())
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let named = claims.and_then(|claims| {
        ["email", "user_id", "uid", "id", "sub"]
            .into_iter()
            .find_map(|name| {
                Some(format!(
                    "{name}:{}",
                    as_id(claims.get(name)?)?.to_lowercase()
                ))
            })
    });
    named.unwrap_or_else(|| {
        fingerprint(token.as_bytes())
            .iter()
            .fold("token:".to_owned(), |text, byte| {
                format!("{text}{byte:02x}")
            })
    })
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use callweave_provider::{Credentials, Settings};
    use serde_json::{Value, json};

    use super::{TranscriptoSettings, account_key};

    fn settings(value: Value) -> Settings {
        match value {
            Value::Object(members) => Settings(members),
            _ => Settings::default(),
        }
    }

    #[test]
    fn trap_t08_the_host_must_be_told() {
        assert!(TranscriptoSettings::read(&settings(json!({}))).is_err());
        let read = TranscriptoSettings::read(&settings(
            json!({"base_url": "https://tr.example/", "language": "en"}),
        ));
        assert_eq!(read.unwrap().base_url, "https://tr.example");
    }

    #[test]
    fn an_account_is_named_by_mail_claim_or_hash() {
        let settings = settings(json!({"base_url": "https://TR.example/"}));
        let key = |members: &[(&str, &str)]| {
            let members = members
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).into()));
            account_key(&settings, &Credentials::new(members))
        };
        assert_eq!(
            key(&[("email", "Anna@example.test")]),
            "tr.example|anna@example.test"
        );
        let claims = URL_SAFE_NO_PAD.encode(r#"{"user_id": 83, "exp": 1}"#);
        assert_eq!(
            key(&[("access_token", &format!("h.{claims}.s"))]),
            "tr.example|user_id:83"
        );
        let hashed = key(&[("access_token", "opaque")]);
        assert!(hashed.starts_with("tr.example|token:") && !hashed.contains("opaque"));
    }
}
