//! The settings of a CallGear connection.

use std::collections::BTreeMap;

use callweave_model::enums::PartyRole;
use callweave_provider::{
    Settings as Raw, SettingsError,
    settings::{parse_base_url, parse_timezone},
};
use serde::Deserialize;

/// Where the vendor serves its API when the settings name nothing else.
pub(crate) const DEFAULT_BASE_URL: &str = "https://cg-dub-ca-api.callgear.ae/api/v1.0";

/// The largest page that the vendor recommends.
const LARGEST_PAGE: u64 = 100;

/// How a token goes along with a request. The document names four ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthStyle {
    /// `Authorization: Bearer`.
    #[default]
    Bearer,
    /// The cookie `access_token`.
    Cookie,
    /// The header `access_token`.
    AccessToken,
    /// The header `key`.
    Key,
}

/// Which edition's operation gives transcripts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TranscriptSource {
    /// Whichever the shape of the answers suggests, then the other.
    #[default]
    Auto,
    /// `/scenario_result/{id}/phrase_and_words`, then the other.
    PhraseAndWords,
    /// `/transcription`, then the other.
    Transcription,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    base_url: Option<String>,
    auth_style: Option<AuthStyle>,
    channel_roles: Option<BTreeMap<String, String>>,
    timezone: Option<String>,
    start_base: Option<u64>,
    page_size: Option<u64>,
    reread_rows: Option<u64>,
    refetch_days: Option<u64>,
    transcript_source: Option<TranscriptSource>,
    app_id: Option<u64>,
    rpc_methods: Option<String>,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Without a trailing slash.
    pub(crate) base_url: String,
    pub(crate) auth_style: AuthStyle,
    /// The role that speaks on an audio channel.
    pub(crate) channel_roles: BTreeMap<i64, PartyRole>,
    /// The index of a list's first row; `None`: 0, and 1 where the vendor refuses 0.
    pub(crate) start_base: Option<u64>,
    /// Rows a page.
    pub(crate) page_size: u64,
    /// How many of the newest rows an incremental walk reads again, to find what changed.
    pub(crate) reread_rows: u64,
    /// After how many days a result counts as changed although its row looks the same: rows tell
    /// less than results. 0: never.
    pub(crate) refetch_days: u64,
    pub(crate) transcript_source: TranscriptSource,
    /// The only application whose results are taken.
    pub(crate) app_id: Option<String>,
    /// The procedures that may be called; one that ends with `*` stands for all that begin so.
    rpc_methods: Vec<String>,
}

impl Settings {
    /// Reads and checks the settings.
    pub(crate) fn read(raw: &Raw) -> Result<Self, SettingsError> {
        let wire: Wire = raw.parse()?;
        if let Some(zone) = &wire.timezone {
            parse_timezone("timezone", zone)?;
        }
        if wire.start_base.is_some_and(|base| base > 1) {
            return Err(SettingsError::at("start_base", "must be 0 or 1"));
        }
        let page_size = wire.page_size.unwrap_or(50);
        if !(1..=LARGEST_PAGE).contains(&page_size) {
            return Err(SettingsError::at("page_size", "must be from 1 to 100"));
        }
        let reread_rows = wire.reread_rows.unwrap_or(100);
        if reread_rows > 10_000 {
            return Err(SettingsError::at("reread_rows", "must be at most 10000"));
        }
        let refetch_days = wire.refetch_days.unwrap_or(7);
        if refetch_days > 3_650 {
            return Err(SettingsError::at("refetch_days", "must be at most 3650"));
        }
        Ok(Self {
            base_url: base_url(wire.base_url.as_deref())?,
            auth_style: wire.auth_style.unwrap_or_default(),
            channel_roles: channel_roles(wire.channel_roles)?,
            start_base: wire.start_base,
            page_size,
            reread_rows,
            refetch_days,
            transcript_source: wire.transcript_source.unwrap_or_default(),
            app_id: wire.app_id.map(|id| id.to_string()),
            rpc_methods: rpc_methods(wire.rpc_methods.as_deref())?,
        })
    }

    /// Whether something is of the application that the settings name, as far as either tells one.
    pub(crate) fn is_ours(&self, app_id: Option<&str>) -> bool {
        match (self.app_id.as_deref(), app_id) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        }
    }

    /// Whether a procedure may be called.
    pub(crate) fn may_call(&self, method: &str) -> bool {
        let allows = |known: &String| match known.strip_suffix('*') {
            Some(beginning) => method.starts_with(beginning),
            None => method == known,
        };
        self.rpc_methods.iter().any(allows)
    }
}

/// The procedures that a setting allows: without one none, for the document names none.
fn rpc_methods(setting: Option<&str>) -> Result<Vec<String>, SettingsError> {
    let names = setting.unwrap_or_default().split(',').map(str::trim);
    let names: Vec<String> = names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let is_name = |name: &String| {
        let name = name.strip_suffix('*').unwrap_or(name);
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if names.iter().all(is_name) {
        Ok(names)
    } else {
        let detail = "must be names of methods parted by commas, each with at most a * at its end";
        Err(SettingsError::at("rpc_methods", detail))
    }
}

/// The base URL that a setting gives, or the vendor's own.
pub(crate) fn base_url(setting: Option<&str>) -> Result<String, SettingsError> {
    match setting {
        Some(text) => parse_base_url("base_url", text),
        None => Ok(DEFAULT_BASE_URL.to_owned()),
    }
}

fn channel_roles(
    setting: Option<BTreeMap<String, String>>,
) -> Result<BTreeMap<i64, PartyRole>, SettingsError> {
    let Some(roles) = setting else {
        return Ok(BTreeMap::from([
            (0, PartyRole::Agent),
            (1, PartyRole::Customer),
        ]));
    };
    roles
        .into_iter()
        .map(|(channel, role)| {
            let member = format!("channel_roles/{channel}");
            let number = channel.parse().map_err(|_error| {
                SettingsError::at(&member, "must be named by a channel number")
            })?;
            let role = PartyRole::parse(&role).ok_or_else(|| {
                let words = PartyRole::WORDS.join(", ");
                SettingsError::at(&member, format!("must be one of {words}"))
            })?;
            Ok((number, role))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(settings: &Value) -> Result<Settings, SettingsError> {
        Settings::read(&Raw(settings.as_object().cloned().unwrap_or_default()))
    }

    #[test]
    fn trap_c43_only_procedures_that_the_settings_name_may_be_called() {
        for none in [json!({}), json!({"rpc_methods": " , "})] {
            let none = read(&none).unwrap();
            assert!(!none.may_call("get.calls") && !none.may_call(""));
        }
        let family = read(&json!({"rpc_methods": "get.*"})).unwrap();
        assert!(family.may_call("get.calls") && family.may_call("get."));
        assert!(!family.may_call("delete.calls") && !family.may_call("get"));
        let some = read(&json!({"rpc_methods": " create.tag, report.* "})).unwrap();
        assert!(some.may_call("create.tag") && some.may_call("report.of.all"));
        assert!(!some.may_call("create.tags") && !some.may_call("get.calls"));
        let all = read(&json!({"rpc_methods": "*"})).unwrap();
        assert!(all.may_call("anything"));
        for wrong in ["a b", "get.*.x", "drop;"] {
            let error = read(&json!({"rpc_methods": wrong})).unwrap_err();
            assert_eq!(error.pointer, "/rpc_methods");
        }
    }
}
