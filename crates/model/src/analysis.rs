//! One vendor run over one call, and what it found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    VendorValues,
    call::ArtifactStatus,
    enums::{
        ActionKind, AnalysisKind, AnalyzedAtSource, ArtifactState, Condition, DetectionScope,
        DetectionType, EventType, ItemResult, OutcomeValue, Performer, ScoreName, ScoreSource,
        SentimentLabel, SentimentScope, SummaryType, TextFormat,
    },
    time::Timestamp,
};

/// One vendor run over one call. A call may have many: one per CallGear scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Analysis {
    /// The gateway's id, derived from the call and `remote_id`. Nil until stored.
    #[serde(default)]
    pub id: Uuid,
    /// The vendor's id of the run.
    pub remote_id: String,
    /// The kind of run.
    pub kind: AnalysisKind,
    /// What it was run by: a scenario, a checklist, a script.
    pub rubric_ref: Option<RubricRef>,
    /// How far it has come.
    pub status: ArtifactStatus,
    /// When it was asked for.
    pub requested_at: Option<Timestamp>,
    /// When it was done.
    pub analyzed_at: Option<Timestamp>,
    /// Where `analyzed_at` comes from.
    pub analyzed_at_source: AnalyzedAtSource,
    /// The vendor's processing mode.
    pub processing_mode_raw: Option<String>,
    /// Scored rubrics.
    pub scorecards: Vec<Scorecard>,
    /// Tags, rules, keywords. Occurrences are never merged.
    pub detections: Vec<Detection>,
    /// Holds, silences, profanity and the like.
    pub events: Vec<InteractionEvent>,
    /// Tone of the call, of a party, of a segment.
    pub sentiments: Vec<Sentiment>,
    /// Summaries.
    pub summaries: Vec<Summary>,
    /// What is to be done.
    pub action_items: Vec<ActionItem>,
    /// What it was about.
    pub topics: Vec<Topic>,
    /// Reasons, intentions, obstacles and the like, by name.
    pub insights: BTreeMap<String, Insight>,
    /// Named numbers with their scale.
    pub scores: Vec<Score>,
    /// Free fields of the vendor (Neuro output entities), by name.
    pub fields: BTreeMap<String, Field>,
    /// What came out of it.
    pub outcome: Option<Outcome>,
    /// Vendor members without a canonical place, kept as they came.
    pub extra: BTreeMap<String, Value>,
    /// Vendor words behind translated members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub vendor_values: VendorValues,
}

impl Analysis {
    /// A finished run of which nothing but its id and kind is known.
    pub fn new(remote_id: impl Into<String>, kind: AnalysisKind) -> Self {
        Self {
            id: Uuid::nil(),
            remote_id: remote_id.into(),
            kind,
            rubric_ref: None,
            status: ArtifactStatus {
                state: ArtifactState::Ready,
                since: None,
                error: None,
            },
            requested_at: None,
            analyzed_at: None,
            analyzed_at_source: AnalyzedAtSource::None,
            processing_mode_raw: None,
            scorecards: Vec::new(),
            detections: Vec::new(),
            events: Vec::new(),
            sentiments: Vec::new(),
            summaries: Vec::new(),
            action_items: Vec::new(),
            topics: Vec::new(),
            insights: BTreeMap::new(),
            scores: Vec::new(),
            fields: BTreeMap::new(),
            outcome: None,
            extra: BTreeMap::new(),
            vendor_values: BTreeMap::new(),
        }
    }
}

/// The rubric a run was made by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RubricRef {
    /// The vendor's id of the rubric.
    pub remote_id: String,
    /// Its name when the run was made.
    pub name: Option<String>,
    /// Its revision, where the vendor counts them.
    pub revision: Option<String>,
}

/// A scored rubric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Scorecard {
    /// The vendor's id of the rubric.
    pub rubric_remote_id: Option<String>,
    /// Its name.
    pub rubric_name: String,
    /// Who scored.
    pub source: Option<ScoreSource>,
    /// The score as the vendor gave it.
    pub score: Option<f64>,
    /// The highest score possible on the same scale.
    pub potential_score: Option<f64>,
    /// 0-100; `null` when the vendor's number lies outside its scale.
    pub score_pct: Option<f64>,
    /// Whether the call passed, as the vendor judged.
    pub passed: Option<bool>,
    /// 0-100: what has to be reached.
    pub pass_threshold_pct: Option<f64>,
    /// The number of items of the rubric.
    pub items_total: Option<i32>,
    /// `items_total` was derived from the percentage, not told.
    #[serde(default)]
    pub items_total_derived: bool,
    /// The number of items met.
    pub items_met: Option<i32>,
    /// The items, in the vendor's order.
    pub items: Vec<ScoreItem>,
}

/// One item of a scored rubric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScoreItem {
    /// The place in the scorecard, from 0.
    pub seq: i32,
    /// The vendor's id of the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// The question or the name of the point.
    pub label: String,
    /// The group the item belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The answer.
    pub result: ItemResult,
    /// The answer as the vendor gave it.
    #[serde(default)]
    pub answer_raw: Value,
    /// Points given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<f64>,
    /// Points possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_max: Option<f64>,
    /// Where it was met, in milliseconds from the start of the media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<i64>,
    /// Where it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<i64>,
    /// The item was concluded by the gateway (a point that is missing from the met ones).
    #[serde(default)]
    pub derived: bool,
}

/// One occurrence of a tag, rule, keyword.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Detection {
    /// The vendor's id of this occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// The vendor's id of the definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_id: Option<String>,
    /// The name; the definition's id where the name is not known.
    pub name: String,
    /// The value beside the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The kind.
    #[serde(rename = "type")]
    pub detection_type: DetectionType,
    /// The vendor's word for the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_raw: Option<String>,
    /// Whose words it looks at.
    pub performer: Performer,
    /// Presence or absence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// The vendor's colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// The definition's description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the vendor shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible: Option<bool>,
    /// The vendor's state (CallGear `state`: `active` or not).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_raw: Option<String>,
    /// The vendor's score of the occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Whole call or span.
    pub scope: DetectionScope,
    /// Milliseconds from the start of the media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<i64>,
    /// Milliseconds from the start of the media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<i64>,
    /// The words that matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_text: Option<String>,
    /// The vendor's id of the utterance; it may not be in the transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utterance_remote_id: Option<String>,
    /// The utterance, where it is in the transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utterance_seq: Option<i32>,
    /// Vendor words behind translated members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub vendor_values: VendorValues,
}

impl Detection {
    /// A detection over the whole call with a name and a kind.
    pub fn new(name: impl Into<String>, detection_type: DetectionType) -> Self {
        Self {
            remote_id: None,
            definition_id: None,
            name: name.into(),
            value: None,
            detection_type,
            type_raw: None,
            performer: Performer::Unknown,
            condition: None,
            color: None,
            description: None,
            visible: None,
            state_raw: None,
            score: None,
            scope: DetectionScope::Call,
            start_ms: None,
            end_ms: None,
            match_text: None,
            utterance_remote_id: None,
            utterance_seq: None,
            vendor_values: BTreeMap::new(),
        }
    }
}

/// A hold, a silence, a swear word and the like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InteractionEvent {
    /// The kind.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The vendor's word for the kind.
    pub type_raw: String,
    /// The vendor's name of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Milliseconds from the start of the media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<i64>,
    /// Milliseconds from the start of the media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<i64>,
    /// The length the vendor gave, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Whose event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_index: Option<i32>,
    /// The vendor's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_raw: Option<String>,
    /// More of the vendor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// A tone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sentiment {
    /// What it speaks of.
    pub scope: SentimentScope,
    /// Whose, for the scope `party`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_index: Option<i32>,
    /// The tone; absent where the vendor only tells it in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<SentimentLabel>,
    /// -1 to 1, only when the vendor gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The vendor's words about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrative: Option<String>,
    /// Vendor words behind translated members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub vendor_values: VendorValues,
}

/// A summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    /// The kind.
    #[serde(rename = "type")]
    pub summary_type: SummaryType,
    /// The text, verbatim.
    pub text: String,
    /// BCP-47, only when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The markup.
    pub format: TextFormat,
    /// The parts of a labelled summary (`topic, result, interaction_type, description`), derived.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sections: BTreeMap<String, String>,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActionItem {
    /// What.
    pub text: String,
    /// The kind.
    pub kind: ActionKind,
    /// Who does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_party_index: Option<i32>,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Whether it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
}

/// What the call was about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Topic {
    /// The name, where the vendor's catalogue gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The vendor's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// The vendor's id of the parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_remote_id: Option<String>,
    /// 0-1, only when the vendor gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Insight {
    /// The vendor's text.
    pub text: Option<String>,
    /// The vendor's value as it came.
    pub value: Value,
}

/// A named number with its scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Score {
    /// The name in the field's words.
    pub name: ScoreName,
    /// The vendor's name.
    pub name_raw: String,
    /// The number as it came.
    pub value: f64,
    /// The lower end of the scale, where it is known.
    pub scale_min: Option<f64>,
    /// The upper end of the scale, where it is known.
    pub scale_max: Option<f64>,
    /// 0-100; `null` when the scale is unknown or the number lies outside it. Never clamped.
    pub normalized_pct: Option<f64>,
    /// Who scored.
    pub source: ScoreSource,
}

impl Score {
    /// A number on a known scale; outside of it nothing is normalised.
    pub fn on_scale(
        name: ScoreName,
        name_raw: &str,
        value: f64,
        scale: Option<(f64, f64)>,
    ) -> Self {
        let normalized_pct = scale.and_then(|(min, max)| {
            let within = value >= min && value <= max && max > min;
            within.then(|| crate::stats::round4((value - min) / (max - min) * 100.0))
        });
        Self {
            name,
            name_raw: name_raw.to_owned(),
            value,
            scale_min: scale.map(|(min, _)| min),
            scale_max: scale.map(|(_, max)| max),
            normalized_pct,
            source: ScoreSource::Ai,
        }
    }
}

/// A free field of the vendor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Field {
    /// The value as it came.
    pub value: Value,
    /// `string, number, boolean, object, array, null`.
    #[serde(rename = "type")]
    pub field_type: String,
    /// The vendor's id of the field's definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_id: Option<String>,
}

impl Field {
    /// A field with the type read off its value.
    pub fn new(value: Value) -> Self {
        let field_type = match &value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        Self {
            field_type: field_type.to_owned(),
            value,
            definition_id: None,
        }
    }
}

/// What came out of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// In canonical words.
    pub value: OutcomeValue,
    /// In the vendor's words.
    pub raw: Option<String>,
    /// More text about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Score;
    use crate::enums::ScoreName;

    #[test]
    fn a_value_outside_its_scale_is_kept_and_not_normalised() {
        let inside = Score::on_scale(ScoreName::Csat, "csat", 9.0, Some((0.0, 10.0)));
        assert_eq!(inside.normalized_pct, Some(90.0));
        let outside = Score::on_scale(ScoreName::Politeness, "politeness", 4.5, Some((0.0, 1.0)));
        assert_eq!((outside.value, outside.normalized_pct), (4.5, None));
        let unknown = Score::on_scale(ScoreName::Other, "luck", 4.5, None);
        assert_eq!(unknown.normalized_pct, None);
    }
}
