//! Voice agents: robots that talk on the phone, with their rules and their fields.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Extra;
use crate::patch::Patch;

/// A robot that talks on the phone.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct VoiceAgent {
    /// The vendor's id of it.
    pub remote_id: String,
    /// The name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// BCP-47, as the vendor says.
    pub language: Option<String>,
    /// The company it belongs to at the vendor.
    pub company_remote_id: Option<String>,
    /// The IANA zone its rules are meant in.
    pub timezone: Option<String>,
    /// The pause before the next try to reach somebody, in milliseconds; `null` where the vendor's
    /// value has no unit (it stands in `vendor_values`).
    pub retry_delay_ms: Option<i64>,
    /// How often it tries again.
    pub retry_count: Option<i64>,
    /// How many lines it may use in all.
    pub channel_limit: Option<i64>,
    /// How many lines it may use for handing over to a person.
    pub transfer_channel_limit: Option<i64>,
    /// Which recorded voice lines it uses.
    pub voice_flag: Option<String>,
    /// The speech recognition it uses.
    pub speech_recognition: Option<String>,
    /// The speech synthesis it uses, e.g. `voice@platform`.
    pub speech_synthesis: Option<String>,
    /// The vendor's words for the members that were translated.
    #[schema(value_type = Object)]
    pub vendor_values: crate::VendorValues,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// A change of a voice agent: members that are missing stay as they are, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VoiceAgentChange {
    /// The pause before the next try, in milliseconds; whole minutes.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 86_400_000)]
    pub retry_delay_ms: Patch<i64>,
    /// How often it tries again.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 1_000)]
    pub retry_count: Patch<i64>,
    /// How many lines it may use in all.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100_000)]
    pub channel_limit: Patch<i64>,
    /// How many lines it may use for handing over.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100_000)]
    pub transfer_channel_limit: Patch<i64>,
    /// Which recorded voice lines it uses.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub voice_flag: Patch<String>,
    /// BCP-47.
    #[schema(value_type = Option<String>, max_length = 35)]
    pub language: Patch<String>,
    /// The speech recognition it uses.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub speech_recognition: Patch<String>,
    /// The speech synthesis it uses.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub speech_synthesis: Patch<String>,
    /// The company it belongs to. Moving an agent to another company takes it from this
    /// connection's reach: the request needs `confirm=move_company`.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub company_remote_id: Patch<String>,
}

/// A rule that lets an agent call on one day of the week between two times. No rule at all means
/// that it may call at any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TimeSlot {
    /// The vendor's id of it.
    pub remote_id: String,
    /// The day: 0 is Monday, 6 is Sunday; `null` where the vendor's value is none of these.
    pub day: Option<i32>,
    /// From, `HH:MM`.
    pub not_before: Option<String>,
    /// To, `HH:MM`.
    pub not_after: Option<String>,
    /// What else the vendor says, and what could not be read.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// A rule to be made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeSlotDraft {
    /// The day: 0 is Monday, 6 is Sunday.
    #[schema(minimum = 0, maximum = 6)]
    pub day: i32,
    /// From, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00")]
    pub not_before: String,
    /// To, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "18:00")]
    pub not_after: String,
}

/// A change of a rule: members that are missing stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeSlotChange {
    /// The day: 0 is Monday, 6 is Sunday.
    #[schema(minimum = 0, maximum = 6)]
    pub day: Option<i32>,
    /// From, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub not_before: Option<String>,
    /// To, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub not_after: Option<String>,
}

/// A field of an agent's dialogs: an input that a dialog is started with, or an output that it
/// brings back.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AgentField {
    /// The vendor's id of it.
    pub remote_id: String,
    /// The name.
    pub name: String,
    /// The agent, where the vendor tells.
    pub agent_remote_id: Option<String>,
    /// Whether the value is spoken (inputs).
    pub synthesized: Option<bool>,
    /// The vendor's word for its type (outputs).
    pub field_type: Option<String>,
    /// Its column in the vendor's reports (outputs).
    pub position: Option<i64>,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// A field to be made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentFieldDraft {
    /// The name.
    #[schema(min_length = 1, max_length = 200, example = "city")]
    pub name: String,
    /// Whether the value is spoken (inputs only).
    pub synthesized: Option<bool>,
    /// The vendor's word for its type (outputs only).
    #[schema(max_length = 100, example = "string")]
    pub field_type: Option<String>,
    /// Its column in the vendor's reports (outputs only).
    pub position: Option<i64>,
}

/// A change of a field: members that are missing stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentFieldChange {
    /// The name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Whether the value is spoken (inputs only).
    pub synthesized: Option<bool>,
    /// The vendor's word for its type (outputs only).
    #[schema(max_length = 100)]
    pub field_type: Option<String>,
}

/// What came of a change of many fields.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BulkOutcome {
    /// What was made or deleted.
    pub done: Vec<AgentField>,
    /// What was left out: as the vendor says it, or `{remote_id, reason}`.
    #[schema(value_type = Vec<Value>)]
    pub skipped: Vec<Value>,
    /// The vendor refused to do it in one request, and each was done with a request of its own.
    pub one_by_one: bool,
}

/// A key of a speech service that an agent uses. The key itself is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpeechKey {
    /// The vendor's id of it.
    pub remote_id: String,
    /// The name.
    pub name: Option<String>,
    /// The speech service.
    pub platform: Option<String>,
    /// What it is for: `asr`, `tts`.
    pub key_type: Option<String>,
    /// The agent.
    pub agent_remote_id: Option<String>,
    /// Whether there is a key.
    pub has_value: bool,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// A change of a speech key: members that are missing stay as they are.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SpeechKeyChange {
    /// The name.
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// The speech service.
    #[schema(max_length = 200)]
    pub platform: Option<String>,
    /// What it is for.
    #[schema(max_length = 100)]
    pub key_type: Option<String>,
    /// The new key; write-only.
    #[schema(max_length = 20_000, write_only)]
    pub value: Option<String>,
}

impl std::fmt::Debug for SpeechKeyChange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SpeechKeyChange")
            .field("name", &self.name)
            .field("platform", &self.platform)
            .field("key_type", &self.key_type)
            .finish_non_exhaustive()
    }
}
