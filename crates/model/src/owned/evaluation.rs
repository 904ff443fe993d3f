//! Evaluations: a vendor's own records of how a call did by a rubric.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Extra, object};
use crate::Utterance;

/// One run of a rubric over a call, as the vendor keeps it. `GET /v1/calls` has it translated.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Evaluation {
    /// The vendor's id of it.
    pub remote_id: String,
    /// The vendor's id of the call.
    pub call_remote_id: Option<String>,
    /// The vendor's id of the rubric.
    pub rubric_remote_id: Option<String>,
    /// The name of the rubric.
    pub rubric_name: Option<String>,
    /// The vendor's id of the application it belongs to.
    pub application_remote_id: Option<String>,
    /// What came of it, as the vendor writes it.
    #[schema(value_type = Value)]
    pub result: Value,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// An evaluation to be written. The vendor lets the writer choose the id: an id in use may be
/// written over.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationDraft {
    /// The id it is to have; when it is replaced, the one in the address.
    #[schema(max_length = 100)]
    pub remote_id: Option<String>,
    /// The vendor's id of the call.
    #[schema(min_length = 1, max_length = 100)]
    pub call_remote_id: String,
    /// The vendor's id of the rubric.
    #[schema(min_length = 1, max_length = 100)]
    pub rubric_remote_id: String,
    /// The name of the rubric.
    #[schema(max_length = 500)]
    pub rubric_name: String,
    /// The vendor's id of the application it belongs to.
    #[schema(min_length = 1, max_length = 100)]
    pub application_remote_id: String,
    /// What came of it, as the vendor writes it; may be empty.
    #[schema(value_type = Object)]
    #[serde(deserialize_with = "object")]
    pub result: Extra,
}

/// An entry of a part of an evaluation: a summary, a point that was met, a tag, a metric, or a
/// passage of the talk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct EvaluationPart {
    /// The evaluation it belongs to, where that is known; some lists of the vendor do not tell.
    pub evaluation_remote_id: Option<String>,
    /// The vendor's id of the call it belongs to, where that is known.
    pub call_remote_id: Option<String>,
    /// The name of the point, tag or metric.
    pub name: Option<String>,
    /// The text of a summary.
    pub text: Option<String>,
    /// From, in milliseconds from the start of the recording.
    pub start_ms: Option<i64>,
    /// To, in milliseconds from the start of the recording.
    pub end_ms: Option<i64>,
    /// The vendor's word for the colour of a tag.
    pub color: Option<String>,
    /// A passage of the talk.
    pub utterance: Option<Utterance>,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}
