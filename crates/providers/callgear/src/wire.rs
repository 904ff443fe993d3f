//! The vendor's JSON, member by member. Everything is optional; see `callweave_provider::tolerant`.

#![expect(
    clippy::struct_field_names,
    reason = "members are named as the vendor names them"
)]

use std::fmt;

use callweave_provider::tolerant::{float, id, integer, text, truth};
use serde::{
    Deserialize, Deserializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serde_json::Value;

/// CG-16, CG-18 and a row of CG-37.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ScenarioResult {
    #[serde(deserialize_with = "id")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "id")]
    pub(crate) app_id: Option<String>,
    #[serde(deserialize_with = "id")]
    pub(crate) call_session_id: Option<String>,
    #[serde(deserialize_with = "id")]
    pub(crate) scenario_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) scenario_name: Option<String>,
    pub(crate) result: Option<Payload>,
}

/// `result`. The older edition nests it once more by id than in lists.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Payload {
    pub(crate) hold: Option<Block>,
    pub(crate) scenario: Option<Scenario>,
    pub(crate) silences: Option<Block>,
    pub(crate) profanity: Option<Block>,
    pub(crate) tag_events: Option<Block>,
    pub(crate) phrase_list: Option<Vec<Option<Phrase>>>,
    pub(crate) audio_sources: Option<Value>,
    #[serde(deserialize_with = "text")]
    pub(crate) dialog_summary: Option<String>,
    #[serde(deserialize_with = "float")]
    pub(crate) scenario_score: Option<f64>,
    pub(crate) employees_metrics: Option<Block>,
    /// Only in the newer edition.
    pub(crate) call_segments: Option<Value>,
    pub(crate) result: Option<Box<Payload>>,
}

/// What a payload consists of, the nested one apart.
macro_rules! members {
    ($with:ident) => {
        $with!(
            hold,
            scenario,
            silences,
            profanity,
            tag_events,
            phrase_list,
            audio_sources,
            dialog_summary,
            scenario_score,
            employees_metrics,
            call_segments
        )
    };
}
impl Payload {
    /// The members of this object and of the objects nested in it, the outer ones first.
    pub(crate) fn flat(mut self) -> Self {
        let mut nested = self.result.take();
        while let Some(mut inner) = nested {
            nested = inner.result.take();
            self.fill(*inner);
        }
        self
    }

    /// Takes over the members that this object lacks; whether there were any.
    pub(crate) fn fill(&mut self, other: Self) -> bool {
        let mut filled = false;
        macro_rules! fill {
            ($($member:ident),+) => {$(
                if self.$member.is_none() && other.$member.is_some() {
                    self.$member = other.$member;
                    filled = true;
                }
            )+};
        }
        members!(fill);
        filled
    }

    /// Nothing was found yet.
    pub(crate) fn is_empty(&self) -> bool {
        macro_rules! none {
            ($($member:ident),+) => { $(self.$member.is_none())&&+ };
        }
        members!(none)
    }
}

/// A list of entries, bare or in an object under `data` or `events`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// The entries, in the vendor's order.
    pub(crate) entries: Vec<Entry>,
    /// How many of them count; the vendor's number may differ from the length of the list.
    pub(crate) active_count: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BlockObject {
    data: Option<Vec<Option<Entry>>>,
    events: Option<Vec<Option<Entry>>>,
    #[serde(deserialize_with = "integer")]
    active_count: Option<i64>,
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Block;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list, or an object with one")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Block, A::Error> {
                let entries = Vec::<Option<Entry>>::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(Block {
                    entries: entries.into_iter().flatten().collect(),
                    active_count: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Block, A::Error> {
                let object = BlockObject::deserialize(MapAccessDeserializer::new(map))?;
                let lists = [object.data, object.events];
                Ok(Block {
                    entries: lists.into_iter().flatten().flatten().flatten().collect(),
                    active_count: object.active_count,
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A span with a name: a met point, a tag, a hold, a silence, a swear word.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    #[serde(deserialize_with = "id")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "id")]
    pub(crate) tag_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "float")]
    pub(crate) start: Option<f64>,
    #[serde(deserialize_with = "float")]
    pub(crate) end: Option<f64>,
    #[serde(deserialize_with = "float")]
    pub(crate) duration: Option<f64>,
    #[serde(deserialize_with = "float")]
    pub(crate) score: Option<f64>,
    #[serde(deserialize_with = "text")]
    pub(crate) state: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) color: Option<String>,
}

/// `result.scenario`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Scenario {
    pub(crate) data: Option<Vec<Option<Entry>>>,
    pub(crate) events: Option<Vec<Option<Entry>>>,
    #[serde(deserialize_with = "integer")]
    pub(crate) count: Option<i64>,
    #[serde(deserialize_with = "truth")]
    pub(crate) is_successful: Option<bool>,
    #[serde(deserialize_with = "text")]
    pub(crate) scenario_name: Option<String>,
    #[serde(deserialize_with = "float")]
    pub(crate) percent_completion: Option<f64>,
    #[serde(deserialize_with = "float")]
    pub(crate) scenario_score: Option<f64>,
}

/// A phrase of CG-18, CG-23 (`channel`) and CG-37 (`role`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Phrase {
    #[serde(deserialize_with = "float")]
    pub(crate) start: Option<f64>,
    #[serde(deserialize_with = "float")]
    pub(crate) end: Option<f64>,
    #[serde(deserialize_with = "text")]
    pub(crate) phrase: Option<String>,
    #[serde(deserialize_with = "integer")]
    pub(crate) channel: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(crate) role: Option<String>,
    pub(crate) words_list: Option<Vec<Option<Word>>>,
    #[serde(deserialize_with = "text")]
    pub(crate) emotion_state: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) emotions_result: Option<String>,
}

/// A word of a phrase.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Word {
    #[serde(deserialize_with = "float")]
    pub(crate) start: Option<f64>,
    #[serde(deserialize_with = "float")]
    pub(crate) end: Option<f64>,
    #[serde(deserialize_with = "text")]
    pub(crate) word: Option<String>,
    #[serde(deserialize_with = "integer")]
    pub(crate) channel: Option<i64>,
}

/// A point of a scenario (CG-06).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Point {
    #[serde(deserialize_with = "id")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) point: Option<String>,
}

/// The definition of a tag (CG-14).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TagDefinition {
    #[serde(deserialize_with = "id")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "id")]
    pub(crate) comagic_tag_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) performer: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) condition: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) color: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) description: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "truth")]
    pub(crate) is_active: Option<bool>,
}

/// A token record (CG-33). Not `Debug`: it holds the token.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Token {
    #[serde(deserialize_with = "id")]
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) access_token: Option<String>,
    pub(crate) expires_in: Option<Value>,
    #[serde(deserialize_with = "text")]
    pub(crate) created_at: Option<String>,
}
