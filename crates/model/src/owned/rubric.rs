//! Rubrics: what calls are judged by.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Extra;
use crate::{open_enum::open_enum, patch::Patch, time::Timestamp};

open_enum! {
    /// The kind of a rubric: a scenario scores points in the talk, a checklist asks questions, a
    /// script is what the agent is meant to say.
    RubricKind { Scenario = "scenario", Checklist = "checklist", Script = "script" }
}

/// What calls are judged by.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Rubric {
    /// The vendor's id of it; opaque.
    pub remote_id: String,
    /// The kind.
    pub kind: RubricKind,
    /// The name.
    pub name: String,
    /// A short name that the vendor's user chose.
    pub identifier: Option<String>,
    /// The text: what is judged, or what is to be said.
    pub text: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The vendor's version.
    pub version: Option<String>,
    /// Whether calls are judged by it.
    pub active: Option<bool>,
    /// From how many percent (0-100) a call passes.
    pub pass_threshold_pct: Option<f64>,
    /// Its points or questions; `null` where they are only told by `items`.
    pub items: Option<Vec<RubricItem>>,
    /// The tags it looks for, as the vendor writes them.
    #[schema(value_type = Vec<Object>)]
    pub tags: Vec<Value>,
    /// Which calls it is applied to, as the vendor writes it.
    #[schema(value_type = Option<Value>)]
    pub filters: Option<Value>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was changed.
    pub updated_at: Option<Timestamp>,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

impl Rubric {
    /// A rubric of which no more is known.
    pub fn new(remote_id: impl Into<String>, kind: RubricKind, name: impl Into<String>) -> Self {
        Self {
            remote_id: remote_id.into(),
            kind,
            name: name.into(),
            identifier: None,
            text: None,
            description: None,
            version: None,
            active: None,
            pass_threshold_pct: None,
            items: None,
            tags: Vec::new(),
            filters: None,
            created_at: None,
            updated_at: None,
            extra: Extra::new(),
        }
    }
}

/// A point of a scenario or a question of a checklist.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RubricItem {
    /// The vendor's id of it; `null` where it tells none.
    pub remote_id: Option<String>,
    /// The rubric it belongs to, where the vendor tells.
    pub rubric_remote_id: Option<String>,
    /// The point or the question.
    pub text: String,
    /// Whether it is asked.
    pub active: Option<bool>,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// The score from which calls pass a rubric.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RubricScore {
    /// The rubric, where the vendor tells.
    pub rubric_remote_id: Option<String>,
    /// The threshold in percent (0-100); `null` where the vendor's value is no such number.
    pub pass_threshold_pct: Option<f64>,
    /// What the vendor says.
    #[schema(value_type = Value)]
    pub score_raw: Value,
}

/// A rubric to be made. Members that its kind has no place for are refused.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RubricDraft {
    /// The kind: `scenario`, `checklist` or `script`, as far as the vendor has it.
    #[schema(pattern = "^(scenario|checklist|script)$", example = "script", value_type = String)]
    pub kind: RubricKind,
    /// The name.
    #[schema(min_length = 1, max_length = 500, example = "Greeting")]
    pub name: String,
    /// A short name.
    #[schema(max_length = 200)]
    pub identifier: Option<String>,
    /// The text.
    #[schema(max_length = 100_000)]
    pub text: Option<String>,
    /// What it is for.
    #[schema(max_length = 10_000)]
    pub description: Option<String>,
    /// The version.
    #[schema(max_length = 100)]
    pub version: Option<String>,
    /// Whether calls are judged by it.
    pub active: Option<bool>,
    /// From how many percent a call passes.
    #[schema(minimum = 0, maximum = 100)]
    pub pass_threshold_pct: Option<f64>,
    /// The tags it looks for, as the vendor writes them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>, max_items = 1_000)]
    pub tags: Option<Vec<Value>>,
    /// Which calls it is applied to, as the vendor writes it.
    #[schema(value_type = Option<Value>)]
    pub filters: Option<Value>,
}

/// A change of a rubric: members that are missing stay as they are, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RubricChange {
    /// The name.
    #[schema(value_type = Option<String>, max_length = 500)]
    pub name: Patch<String>,
    /// A short name.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub identifier: Patch<String>,
    /// The text.
    #[schema(value_type = Option<String>, max_length = 100_000)]
    pub text: Patch<String>,
    /// What it is for.
    #[schema(value_type = Option<String>, max_length = 10_000)]
    pub description: Patch<String>,
    /// The version.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub version: Patch<String>,
    /// Whether calls are judged by it.
    #[schema(value_type = Option<bool>)]
    pub active: Patch<bool>,
    /// From how many percent a call passes.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100)]
    pub pass_threshold_pct: Patch<f64>,
    /// The tags it looks for, as the vendor writes them.
    #[schema(value_type = Option<Vec<Object>>)]
    pub tags: Patch<Vec<Value>>,
    /// Which calls it is applied to, as the vendor writes it.
    #[schema(value_type = Option<Value>)]
    pub filters: Patch<Value>,
}

/// A point or a question to be made, or its new text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RubricItemDraft {
    /// The point or the question.
    #[schema(
        min_length = 1,
        max_length = 5_000,
        example = "Did the agent say their name?"
    )]
    pub text: String,
}
