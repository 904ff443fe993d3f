//! The settings of an AloVoice connection.

use callweave_provider::{
    Settings as Raw, SettingsError, address,
    settings::{parse_base_url, parse_timezone},
};
use serde::Deserialize;

/// Where the vendor serves its API when the settings name nothing else.
pub(crate) const DEFAULT_BASE_URL: &str = "https://cld.alovoice.uz";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    base_url: Option<String>,
    audio_path_template: Option<String>,
    timezone: Option<String>,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Without a trailing slash.
    pub(crate) base_url: String,
    /// How the path of a recording is made, with `{path}`, `{call_id}` and `{token}`.
    pub(crate) audio_path_template: Option<String>,
}

impl Settings {
    /// Reads and checks the settings.
    pub(crate) fn read(raw: &Raw) -> Result<Self, SettingsError> {
        let wire: Wire = raw.parse()?;
        if let Some(zone) = &wire.timezone {
            parse_timezone("timezone", zone)?;
        }
        let base_url = base_url(wire.base_url.as_deref())?;
        if let Some(template) = &wire.audio_path_template {
            let sample = template
                .replace("{path}", "/p")
                .replace("{call_id}", "c")
                .replace("{token}", "t");
            let fits = template.starts_with('/') || template.starts_with("{path}");
            let whole = !sample.contains(['{', '}']);
            if !fits || !whole || address::same_origin_path(&base_url, &sample).is_none() {
                return Err(SettingsError::at(
                    "audio_path_template",
                    "must be a path that begins with / or {path}, and may hold {call_id} and {token}",
                ));
            }
        }
        Ok(Self {
            base_url,
            audio_path_template: wire.audio_path_template,
        })
    }
}

/// The base URL that a setting gives, or the vendor's own.
pub(crate) fn base_url(setting: Option<&str>) -> Result<String, SettingsError> {
    match setting {
        Some(text) => parse_base_url("base_url", text),
        None => Ok(DEFAULT_BASE_URL.to_owned()),
    }
}
