//! The call: the root of the canonical model.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    VendorValues,
    analysis::Analysis,
    enums::{
        Affiliation, ArtifactState, CallKind, CallStatus, Channel, Direction, DurationSource,
        FetchMode, MediaKind, PartyRole, PartyType, PiiState, StartedAtSource,
    },
    rollup::Rollup,
    stats::InteractionStats,
    time::Timestamp,
    transcript::Transcript,
};

/// One conversation that a vendor analysed, as the vendor tells it, in canonical words.
///
/// Only `remote_id` is always known. Everything nullable means "unknown"; emptiness of a finished
/// artifact is an empty list, and `artifacts` tells which of the two it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnalyzedCall {
    /// The vendor's id of the call. CallGear: call session id; AloVoice: CALL_ID; Neuro: dialog
    /// uuid (or call uuid of an orphan); Transcripto: task code.
    pub remote_id: String,
    /// Other ids of the same call at the vendor.
    pub remote_refs: BTreeMap<String, String>,
    /// The medium.
    pub channel: Channel,
    /// Who talks with the customer, or how the recording came.
    pub kind: CallKind,
    /// The direction; `unknown` when the vendor does not say.
    pub direction: Direction,
    /// What became of the call.
    pub status: CallStatus,
    /// A title, where the vendor has one.
    pub subject: Option<String>,
    /// The start of the call.
    pub started_at: Option<Timestamp>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Where `started_at` comes from.
    pub started_at_source: StartedAtSource,
    /// The length in milliseconds.
    pub duration_ms: Option<i64>,
    /// Where `duration_ms` comes from.
    pub duration_source: DurationSource,
    /// BCP-47, only when the vendor gave it.
    pub language: Option<String>,
    /// Who took part, `index` ascending.
    pub parties: Vec<Party>,
    /// The dial attempts of an AI dialog.
    pub attempts: Vec<Attempt>,
    /// Recordings and files.
    pub media: Vec<Media>,
    /// What was said. `null` in lists unless included.
    pub transcript: Option<Transcript>,
    /// The vendor's runs over this call, ordered by `remote_id`.
    pub analyses: Vec<Analysis>,
    /// A merged view for list screens, computed from the analyses.
    pub rollup: Rollup,
    /// Numbers about the interaction.
    pub stats: InteractionStats,
    /// The vendor's folder (Transcripto directory), by its id there.
    pub folder_remote_id: Option<String>,
    /// The vendor's batch (Neuro bulk), by its id there.
    pub batch_remote_id: Option<String>,
    /// The vendor's campaign (Neuro selection), by its id there.
    pub campaign_remote_id: Option<String>,
    /// The output of field mapping.
    pub custom_fields: BTreeMap<String, Value>,
    /// How far each artifact has come: `recording, transcript, analysis, summary, scorecard`.
    pub artifacts: BTreeMap<String, ArtifactStatus>,
    /// What is known about personal data in the text.
    pub privacy: Privacy,
    /// When the vendor says it last changed.
    pub vendor_updated_at: Option<Timestamp>,
    /// Members whose value was estimated, derived or assumed, as JSON pointers.
    pub estimated_fields: Vec<String>,
    /// What was wrong with the form of the vendor's documents although they could be read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub flags: BTreeSet<String>,
    /// Vendor words behind translated members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub vendor_values: VendorValues,
}

impl AnalyzedCall {
    /// A call of which nothing but its id is known.
    pub fn new(remote_id: impl Into<String>) -> Self {
        Self {
            remote_id: remote_id.into(),
            remote_refs: BTreeMap::new(),
            channel: Channel::Voice,
            kind: CallKind::HumanCall,
            direction: Direction::Unknown,
            status: CallStatus::Unknown,
            subject: None,
            started_at: None,
            answered_at: None,
            ended_at: None,
            started_at_source: StartedAtSource::None,
            duration_ms: None,
            duration_source: DurationSource::None,
            language: None,
            parties: Vec::new(),
            attempts: Vec::new(),
            media: Vec::new(),
            transcript: None,
            analyses: Vec::new(),
            rollup: Rollup::default(),
            stats: InteractionStats::default(),
            folder_remote_id: None,
            batch_remote_id: None,
            campaign_remote_id: None,
            custom_fields: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            privacy: Privacy::default(),
            vendor_updated_at: None,
            estimated_fields: Vec::new(),
            flags: BTreeSet::new(),
            vendor_values: BTreeMap::new(),
        }
    }

    /// Sets the state of an artifact: `recording, transcript, analysis, summary, scorecard`.
    pub fn set_artifact(&mut self, name: &str, state: ArtifactState) {
        self.artifacts.insert(
            name.to_owned(),
            ArtifactStatus {
                state,
                since: None,
                error: None,
            },
        );
    }

    /// Nobody looks again: what is pending stays away.
    pub fn expire_pending(&mut self) {
        for status in self.artifacts.values_mut() {
            if matches!(
                status.state,
                ArtifactState::Pending | ArtifactState::Processing
            ) {
                status.state = ArtifactState::Expired;
            }
        }
    }

    /// The state of an artifact; `not_supported` when the vendor has no such thing.
    pub fn artifact_state(&self, name: &str) -> ArtifactState {
        self.artifacts
            .get(name)
            .map_or(ArtifactState::NotSupported, |status| status.state)
    }
}

/// Somebody (or something) that took part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Party {
    /// The place in `parties`; utterances point here.
    pub index: i32,
    /// The role.
    pub role: PartyRole,
    /// The side.
    pub affiliation: Affiliation,
    /// Person, bot or organisation.
    #[serde(rename = "type")]
    pub party_type: PartyType,
    /// The name, as the vendor has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The phone as the vendor wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_raw: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The CRM's id of this party, where the vendor carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The vendor's id of this party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// The audio channel this party speaks on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<i32>,
    /// How long this party spoke, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_ms: Option<i64>,
    /// The role was assumed (from a channel number, a label), not told by the vendor.
    #[serde(default)]
    pub role_derived: bool,
    /// Vendor words behind translated members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub vendor_values: VendorValues,
}

impl Party {
    /// A party with a role and nothing else known.
    pub fn new(index: i32, role: PartyRole) -> Self {
        let affiliation = match role {
            PartyRole::Customer => Affiliation::External,
            PartyRole::Agent | PartyRole::Bot | PartyRole::Supervisor | PartyRole::Ivr => {
                Affiliation::Internal
            }
            _ => Affiliation::Unknown,
        };
        let party_type = match role {
            PartyRole::Bot | PartyRole::Ivr => PartyType::Bot,
            _ => PartyType::Person,
        };
        Self {
            index,
            role,
            affiliation,
            party_type,
            name: None,
            phone: None,
            phone_raw: None,
            email: None,
            external_id: None,
            remote_id: None,
            channel: None,
            talk_ms: None,
            role_derived: false,
            vendor_values: BTreeMap::new(),
        }
    }
}

/// One dial attempt of an AI dialog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// The vendor's id of the attempt (Neuro call uuid); absent for old dialogs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What became of it.
    pub status: CallStatus,
    /// The vendor's word for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_raw: Option<String>,
    /// The length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// The recording of this attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_media_id: Option<Uuid>,
    /// What the bot did and heard, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialog_events: Vec<DialogEvent>,
}

impl Attempt {
    /// An attempt of which nothing but its id is known.
    pub fn new(remote_id: Option<String>) -> Self {
        Self {
            remote_id,
            started_at: None,
            ended_at: None,
            status: CallStatus::Unknown,
            result_raw: None,
            duration_ms: None,
            recording_media_id: None,
            dialog_events: Vec::new(),
        }
    }
}

/// One entry of an AI dialog's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DialogEvent {
    /// The place in the log.
    pub seq: i32,
    /// The instant, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The vendor's name of the action.
    pub action: String,
    /// The vendor's data, whole.
    #[serde(default)]
    pub data: Value,
}

/// A recording or another file of the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Media {
    /// The gateway's id, derived from the call and `remote_key`. Nil until stored.
    #[serde(default)]
    pub id: Uuid,
    /// What tells this media object from the call's others at the vendor.
    pub remote_key: String,
    /// What it holds.
    pub kind: MediaKind,
    /// Audio channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<i32>,
    /// MIME type, when known before the bytes were fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The vendor's file name. Data, never a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// The size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<i64>,
    /// The length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// The path at the vendor, below the connection's base URL; never holds a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_path: Option<String>,
    /// How the gateway gets the bytes.
    pub fetch_mode: FetchMode,
    /// Whether the bytes can be had.
    pub availability: ArtifactState,
    /// The gateway's stable address of the bytes; filled when served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Media {
    /// A media object of which nothing but its key, its kind and the way to it is known.
    pub fn new(remote_key: impl Into<String>, kind: MediaKind, fetch_mode: FetchMode) -> Self {
        Self {
            id: Uuid::nil(),
            remote_key: remote_key.into(),
            kind,
            channels: None,
            content_type: None,
            file_name: None,
            size_bytes: None,
            duration_ms: None,
            remote_path: None,
            fetch_mode,
            availability: ArtifactState::Pending,
            url: None,
        }
    }
}

/// How far an artifact has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactStatus {
    /// The state.
    pub state: ArtifactState,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why it failed, in the vendor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ArtifactError>,
}

/// Why an artifact failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactError {
    /// The vendor's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The vendor's message.
    pub message: String,
}

/// What is known about personal data in the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Privacy {
    /// Whether the text holds personal data.
    pub pii: PiiState,
    /// A legal hold keeps retention from deleting the call.
    pub legal_hold: bool,
    /// When retention will delete it.
    pub expires_at: Option<Timestamp>,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            pii: PiiState::Unknown,
            legal_hold: false,
            expires_at: None,
        }
    }
}
