//! The vendor's JSON, member by member. Everything is optional; see `callweave_provider::tolerant`.

#![expect(
    clippy::struct_field_names,
    reason = "members are named as the vendor names them"
)]

use callweave_provider::tolerant::{float, id, text, truth};
use serde::Deserialize;
use serde_json::Value;

/// AV-02.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Envelope {
    pub(crate) answer: Option<Answer>,
}

/// `answer`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Answer {
    pub(crate) begin_time: Option<Value>,
    #[serde(deserialize_with = "id")]
    pub(crate) aicallid: Option<String>,
    pub(crate) stalk: Option<Vec<Option<Fragment>>>,
    pub(crate) talk: Option<Vec<Option<Fragment>>>,
    pub(crate) transcript: Option<Vec<Option<Fragment>>>,
    pub(crate) tags: Option<Vec<Option<Tag>>>,
    #[serde(deserialize_with = "text")]
    pub(crate) stereoaudio: Option<String>,
}

impl Answer {
    /// Says nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            begin_time,
            aicallid,
            stalk,
            talk,
            transcript,
            tags,
            stereoaudio,
        } = self;
        begin_time.is_none()
            && aicallid.is_none()
            && stalk.is_none()
            && talk.is_none()
            && transcript.is_none()
            && tags.is_none()
            && stereoaudio.is_none()
    }

    /// The fragments of the talk, under any of the names they may have.
    pub(crate) fn fragments(&self) -> Option<impl Iterator<Item = &Fragment>> {
        let list = self
            .stalk
            .as_ref()
            .or(self.talk.as_ref())
            .or(self.transcript.as_ref())?;
        Some(list.iter().flatten())
    }
}

/// A fragment of the talk; times in milliseconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fragment {
    #[serde(deserialize_with = "float")]
    pub(crate) begin: Option<f64>,
    #[serde(deserialize_with = "float")]
    pub(crate) end: Option<f64>,
    #[serde(deserialize_with = "text")]
    pub(crate) direction: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) text: Option<String>,
    #[serde(deserialize_with = "id")]
    pub(crate) fragment_id: Option<String>,
}

/// A tag; without times it speaks of the whole call, often of something that is absent from it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tag {
    #[serde(deserialize_with = "text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) value: Option<String>,
    #[serde(deserialize_with = "truth")]
    pub(crate) visible: Option<bool>,
    #[serde(deserialize_with = "text")]
    pub(crate) tag_type: Option<String>,
    #[serde(deserialize_with = "float")]
    pub(crate) begin: Option<f64>,
    #[serde(deserialize_with = "float")]
    pub(crate) end: Option<f64>,
    #[serde(deserialize_with = "text")]
    pub(crate) match_text: Option<String>,
    #[serde(deserialize_with = "id")]
    pub(crate) fragment_id: Option<String>,
}
