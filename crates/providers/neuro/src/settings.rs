//! The settings of a Neuro connection.

use callweave_provider::{
    Credentials, Settings, SettingsError,
    settings::{parse_base_url, parse_timezone},
};
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::phone::{Form, Phones};

/// Every operation stands below this path.
const PREFIX: &str = "/api/v2/ext";

/// How far back the first walk looks when the settings do not say. Empty years cost a few answers,
/// because windows are cut by what they hold.
const HISTORY_DAYS: u32 = 3_650;

/// How phones may be written, the default first.
const PHONE_FORMATS: &[&str] = &["e164", "digits", "national"];

/// What the input for the phone may be called, the default first.
pub(crate) const PHONE_FIELDS: &[&str] = &["msisdn", "phone"];

/// What the input for the script may be called, the default first.
pub(crate) const SCRIPT_FIELDS: &[&str] = &["script_name", "script"];

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
    #[serde(default)]
    phone_format: Option<String>,
    #[serde(default)]
    phone_country_code: Option<String>,
    #[serde(default)]
    phone_field: Option<String>,
    #[serde(default)]
    script_field: Option<String>,
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
    pub(crate) phones: Phones,
    /// The input that takes the phone, and the one that takes the script's name.
    pub(crate) phone_field: &'static str,
    pub(crate) script_field: &'static str,
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
        let phone_field = one_of("phone_field", written.phone_field.as_deref(), PHONE_FIELDS)?;
        let script_field = one_of(
            "script_field",
            written.script_field.as_deref(),
            SCRIPT_FIELDS,
        )?;
        Ok(Self {
            base_url: with_prefix(&parse_base_url("base_url", &written.base_url)?),
            company_uuid,
            agent_uuids,
            zone,
            history_days,
            phones: phones(
                written.phone_format.as_deref(),
                written.phone_country_code.as_deref(),
            )?,
            phone_field,
            script_field,
        })
    }
}

/// The value of a setting with a few words; the first one is the default.
fn one_of(
    member: &str,
    written: Option<&str>,
    words: &[&'static str],
) -> Result<&'static str, SettingsError> {
    let Some(text) = written.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(words.first().copied().unwrap_or_default());
    };
    let known = words.iter().find(|word| **word == text);
    known
        .copied()
        .ok_or_else(|| SettingsError::at(member, format!("must be one of {}", words.join(", "))))
}

fn phones(form: Option<&str>, country: Option<&str>) -> Result<Phones, SettingsError> {
    let form = match one_of("phone_format", form, PHONE_FORMATS)? {
        "digits" => Form::Digits,
        "national" => Form::National,
        _ => Form::E164,
    };
    let country = country
        .map(|text| text.trim().trim_start_matches('+').to_owned())
        .filter(|text| !text.is_empty());
    let fits = |code: &String| {
        code.len() <= 3 && !code.starts_with('0') && code.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !country.as_ref().is_none_or(fits) {
        return Err(SettingsError::at(
            "phone_country_code",
            "must be a country calling code such as 7 or 998",
        ));
    }
    if form == Form::National && country.is_none() {
        return Err(SettingsError::at(
            "phone_country_code",
            "is required where phone_format is national",
        ));
    }
    Ok(Phones { form, country })
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
    use crate::phone::Form;

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
    fn trap_n08_phones_are_written_as_the_settings_say() {
        let read = |more: Value| {
            let mut all = json!({"base_url": "https://neuro.example", "company_uuid": "c"});
            for (name, value) in more.as_object().unwrap() {
                all[name] = value.clone();
            }
            NeuroSettings::read(&settings(all))
        };
        let plain = read(json!({})).unwrap();
        assert_eq!(plain.phones.form, Form::E164);
        assert_eq!(
            (plain.phone_field, plain.script_field),
            ("msisdn", "script_name")
        );
        let national = read(json!({
            "phone_format": "national", "phone_country_code": "+7", "phone_field": "phone",
        }));
        let national = national.unwrap();
        assert_eq!(national.phones.country.as_deref(), Some("7"));
        assert_eq!(national.phone_field, "phone");
        for (wrong, pointer) in [
            (json!({"phone_format": "national"}), "/phone_country_code"),
            (json!({"phone_country_code": "07"}), "/phone_country_code"),
            (json!({"phone_format": "any"}), "/phone_format"),
            (json!({"phone_field": "tel"}), "/phone_field"),
            (json!({"script_field": "x"}), "/script_field"),
        ] {
            assert_eq!(read(wrong).unwrap_err().pointer, pointer);
        }
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
