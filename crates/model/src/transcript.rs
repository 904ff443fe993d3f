//! What was said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    VendorValues,
    enums::{SentimentLabel, TranscriptFormat, TranscriptSource},
};

/// The transcript of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Transcript {
    /// The vendor record this transcript came with (a CallGear result id, a task code).
    #[serde(default)]
    pub source_remote_id: String,
    /// BCP-47, only when the vendor gave it.
    pub language: Option<String>,
    /// Where it comes from.
    pub source: TranscriptSource,
    /// Utterances, or only text.
    pub format: TranscriptFormat,
    /// The vendor's text, whole, where there is one.
    pub text: Option<String>,
    /// The vendor's normalised text.
    pub normalized_text: Option<String>,
    /// The number of turns the vendor counted.
    pub turns: Option<i32>,
    /// 0-1.
    pub confidence: Option<f64>,
    /// The utterances were parsed from `text` by its labels; they carry no times.
    pub derived: bool,
    /// What was said, in order.
    pub utterances: Vec<Utterance>,
}

impl Transcript {
    /// A transcript with utterances and nothing else known.
    pub fn of_utterances(source_remote_id: impl Into<String>, utterances: Vec<Utterance>) -> Self {
        Self {
            source_remote_id: source_remote_id.into(),
            language: None,
            source: TranscriptSource::VendorAsr,
            format: TranscriptFormat::Utterances,
            text: None,
            normalized_text: None,
            turns: None,
            confidence: None,
            derived: false,
            utterances,
        }
    }
}

/// One turn of one speaker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Utterance {
    /// The place in the transcript, from 0.
    pub seq: i32,
    /// The vendor's id (AloVoice fragment id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// Who speaks: an index into the call's `parties`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_index: Option<i32>,
    /// The audio channel, as the vendor numbers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<i32>,
    /// Milliseconds from the start of the media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<i64>,
    /// Milliseconds from the start of the media, not before `start_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<i64>,
    /// The words.
    pub text: String,
    /// The tone of this turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<SentimentLabel>,
    /// The vendor's state of that tone (CallGear `emotion_state`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment_state_raw: Option<String>,
    /// 0-1, only when the vendor gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The words with their times, where the vendor gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
    /// Vendor words behind translated members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub vendor_values: VendorValues,
}

/// One word with its time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Milliseconds from the start of the media.
    pub start_ms: i64,
    /// Milliseconds from the start of the media, not before `start_ms`.
    pub end_ms: i64,
    /// The audio channel, when the vendor says it for the word itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<i32>,
    /// 0-1, only when the vendor gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}
