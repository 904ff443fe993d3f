//! The settings of a Neuro connection.

use callweave_provider::{
    Credentials, Settings, SettingsError,
    settings::{parse_base_url, parse_timezone},
};
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;
use serde::Deserialize;

/// Every operation stands below this path.
const PREFIX: &str = "/api/v2/ext";

/// How far back the first walk looks when the settings do not say. Empty years cost a few answers,
/// because windows are cut by what they hold.
const HISTORY_DAYS: u32 = 3_650;

/// The settings as they are written.
#[derive(Deserialize)]
struct Written {
    base_url: String,
    company_uuid: String,
    #[serde(default)]
    agent_uuids: Option<Vec<String>>,
    #[serde(default)]
    timezone: Option<String>,
    #[serde(default)]
    history_days: Option<u32>,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct NeuroSettings {
    /// The address that paths are appended to, with the vendor's prefix.
    pub(crate) base_url: String,
    pub(crate) company_uuid: String,
    /// Empty: all agents of the company.
    pub(crate) agent_uuids: Vec<String>,
    /// The zone of the instants that the vendor writes without one.
    pub(crate) zone: TimeZone,
    pub(crate) history_days: u32,
}

impl NeuroSettings {
    pub(crate) fn read(settings: &Settings) -> Result<Self, SettingsError> {
        let written: Written = settings.parse()?;
        let company_uuid = uuid_like("company_uuid", &written.company_uuid)?;
        let mut agent_uuids = Vec::new();
        for agent in written.agent_uuids.unwrap_or_default() {
            let agent = uuid_like("agent_uuids", &agent)?;
            if !agent_uuids.contains(&agent) {
                agent_uuids.push(agent);
            }
        }
        let zone = match written.timezone.as_deref().map(str::trim) {
            None | Some("") => TimeZone::UTC,
            Some(name) => parse_timezone("timezone", name)?,
        };
        let history_days = written.history_days.unwrap_or(HISTORY_DAYS);
        if !(1..=3_650).contains(&history_days) {
            return Err(SettingsError::at("history_days", "must be 1 to 3650"));
        }
        Ok(Self {
            base_url: with_prefix(&parse_base_url("base_url", &written.base_url)?),
            company_uuid,
            agent_uuids,
            zone,
            history_days,
        })
    }
}

/// The host with the vendor's prefix; an address that already ends with it stays as it is.
fn with_prefix(base_url: &str) -> String {
    let bare = base_url.strip_suffix(PREFIX).unwrap_or(base_url);
    format!("{}{PREFIX}", bare.trim_end_matches('/'))
}

fn uuid_like(member: &str, text: &str) -> Result<String, SettingsError> {
    let text = text.trim();
    let fits = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        return Err(SettingsError::at(member, "must be a UUID"));
    }
    Ok(text.to_owned())
}

/// The account that settings and credentials lead to: host, company and login.
pub(crate) fn account_key(settings: &Settings, credentials: &Credentials) -> String {
    let text = |member: &str| {
        let value = settings.0.get(member).and_then(serde_json::Value::as_str);
        value.unwrap_or_default().trim().to_owned()
    };
    let address = text("base_url").to_lowercase();
    let host = address.trim_end_matches('/');
    let host = host.strip_suffix(PREFIX).unwrap_or(host);
    let host = host.split_once("://").map_or(host, |(_, rest)| rest);
    let login = credentials
        .get("login")
        .map(|login| login.expose_secret().trim().to_lowercase())
        .unwrap_or_default();
    format!("{host}|{}|{login}", text("company_uuid").to_lowercase())
}

#[cfg(test)]
mod tests {
    use callweave_provider::{Credentials, Settings};
    use serde_json::{Value, json};

    use super::{NeuroSettings, account_key};

    fn settings(value: Value) -> Settings {
        match value {
            Value::Object(members) => Settings(members),
            _ => Settings::default(),
        }
    }

    #[test]
    fn trap_n01_the_prefix_is_added_once() {
        for base in [
            "https://neuro.example",
            "https://neuro.example/",
            "https://neuro.example/api/v2/ext",
            "https://neuro.example/api/v2/ext/",
        ] {
            let read = NeuroSettings::read(&settings(
                json!({"base_url": base, "company_uuid": "c0ffee00-0000-4000-8000-000000000001"}),
            ));
            assert_eq!(
                read.unwrap().base_url,
                "https://neuro.example/api/v2/ext",
                "{base}"
            );
        }
    }

    #[test]
    fn trap_n53_the_company_must_be_told() {
        let missing = NeuroSettings::read(&settings(json!({"base_url": "https://neuro.example"})));
        assert!(missing.is_err());
        let wrong = NeuroSettings::read(&settings(
            json!({"base_url": "https://neuro.example", "company_uuid": "../x"}),
        ));
        assert_eq!(wrong.unwrap_err().pointer, "/company_uuid");
        let unknown = NeuroSettings::read(&settings(
            json!({"base_url": "https://neuro.example", "company_uuid": "c", "zone": "UTC"}),
        ));
        assert_eq!(unknown.unwrap_err().pointer, "/zone");
    }

    #[test]
    fn an_account_is_named_without_its_password() {
        let credentials = Credentials::new([
            ("login".to_owned(), "Anna@example.test".into()),
            ("password".to_owned(), "s3cret".into()),
        ]);
        let key = account_key(
            &settings(json!({"base_url": "https://Neuro.example/", "company_uuid": "C1"})),
            &credentials,
        );
        assert_eq!(key, "neuro.example|c1|anna@example.test");
    }
}
