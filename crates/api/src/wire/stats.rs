//! Figures about calls as they are served.

use std::collections::BTreeMap;

use callweave_model::{ConnectionId, connection::Freshness};
use callweave_store::calls::{Figures, ItemFigures};
use serde::Serialize;
use utoipa::ToSchema;

use super::call_parts::Note;

/// The figures of the calls that a query matches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallStats {
    /// What the calls are counted by.
    #[schema(example = "day")]
    pub(crate) group_by: String,
    /// The groups: days from the newest on, others from the largest on.
    pub(crate) data: Vec<CallStatsGroup>,
    /// There are more groups than `limit`.
    pub(crate) truncated: bool,
    /// All of the calls together; a call with two agents counts once here.
    pub(crate) total: CallFigures,
    /// How fresh the data of each connection is.
    #[schema(value_type = BTreeMap<String, Freshness>)]
    pub(crate) freshness: BTreeMap<ConnectionId, Freshness>,
    /// What the query could not do.
    pub(crate) notes: Vec<Note>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallStatsGroup {
    /// What its calls have in common; `null` where that is not known of them.
    #[schema(example = "2026-03-02")]
    key: Option<String>,
    #[serde(flatten)]
    figures: CallFigures,
}

/// Figures about calls.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct CallFigures {
    /// How many.
    #[schema(minimum = 0, example = 120)]
    calls: i64,
    /// Of them with a transcript.
    #[schema(minimum = 0, example = 118)]
    with_transcript: i64,
    /// Of them with a known length.
    #[schema(minimum = 0, example = 120)]
    timed: i64,
    /// The sum of the known lengths in milliseconds; `null` where none is known.
    #[schema(example = 21_600_000)]
    duration_ms: Option<i64>,
    /// Of them with a score.
    #[schema(minimum = 0, example = 100)]
    scored: i64,
    /// The mean of the scores, 0-100; `null` where there is none.
    #[schema(example = 81.5)]
    score_pct: Option<f64>,
    /// Of them that passed their scorecards.
    #[schema(minimum = 0, example = 70)]
    passed: i64,
    /// Of them that did not.
    #[schema(minimum = 0, example = 30)]
    failed: i64,
}

/// How the items of rubrics were answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RubricItemStats {
    /// The items, those with the most answers first.
    pub(crate) data: Vec<RubricItemFigures>,
    /// There are more items than `limit`.
    pub(crate) truncated: bool,
    /// How many calls were looked at.
    #[schema(minimum = 0, example = 1200)]
    pub(crate) calls: i64,
    /// These are all the calls that the query matches.
    pub(crate) complete: bool,
    /// How fresh the data of each connection is.
    #[schema(value_type = BTreeMap<String, Freshness>)]
    pub(crate) freshness: BTreeMap<ConnectionId, Freshness>,
    /// What the query could not do.
    pub(crate) notes: Vec<Note>,
}

/// How one item of a rubric was answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RubricItemFigures {
    /// The vendor's key.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "acme")]
    vendor: String,
    /// The vendor's id of the rubric, where it tells one.
    #[schema(example = "12")]
    rubric_remote_id: Option<String>,
    /// The name of the rubric.
    #[schema(example = "Incoming calls")]
    rubric_name: String,
    /// The vendor's id of the item, where it tells one.
    #[schema(example = "71")]
    remote_id: Option<String>,
    /// The wording of the item.
    #[schema(example = "The agent gave a name")]
    label: String,
    /// The group it stands in.
    group: Option<String>,
    /// How often it was answered.
    #[schema(minimum = 0, example = 100)]
    answers: i64,
    /// Of them that it was met.
    #[schema(minimum = 0, example = 80)]
    met: i64,
    /// Of them that it was not.
    #[schema(minimum = 0, example = 15)]
    not_met: i64,
    /// Of them that it was met in part.
    #[schema(minimum = 0, example = 3)]
    partial: i64,
    /// Of them that it did not apply.
    #[schema(minimum = 0, example = 2)]
    not_applicable: i64,
    /// How often it was met, of all answers that say whether it was, 0-100; half of those in part.
    #[schema(example = 83.16)]
    met_pct: Option<f64>,
    /// The sum of the points; `null` where the vendor gives none.
    #[schema(example = 81.5)]
    points: Option<f64>,
    /// The sum of the points that these answers could have had; `null` where the vendor does not tell.
    #[schema(example = 100.0)]
    points_max: Option<f64>,
}

impl From<ItemFigures> for RubricItemFigures {
    fn from(item: ItemFigures) -> Self {
        Self {
            met_pct: met_pct(&item),
            vendor: item.vendor,
            rubric_remote_id: item.rubric_remote_id,
            rubric_name: item.rubric_name,
            remote_id: item.remote_id,
            label: item.label,
            group: item.group,
            answers: item.answers,
            met: item.met,
            not_met: item.not_met,
            partial: item.partial,
            not_applicable: item.not_applicable,
            points: item.points.map(hundredths),
            points_max: item.points_max.map(hundredths),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of calls are far below 2^52"
)]
fn met_pct(item: &ItemFigures) -> Option<f64> {
    let told = item.met + item.not_met + item.partial;
    let met = item.met as f64 + item.partial as f64 / 2.0;
    (told > 0).then(|| hundredths(met / told as f64 * 100.0))
}

/// What is beyond a hundredth is noise of sums and means.
fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

impl From<Figures> for CallFigures {
    fn from(figures: Figures) -> Self {
        Self {
            calls: figures.calls,
            with_transcript: figures.with_transcript,
            timed: figures.timed,
            duration_ms: figures.duration_ms,
            scored: figures.scored,
            score_pct: figures.score_pct.map(hundredths),
            passed: figures.passed,
            failed: figures.failed,
        }
    }
}

impl From<Figures> for CallStatsGroup {
    fn from(figures: Figures) -> Self {
        Self {
            key: figures.key.clone(),
            figures: figures.into(),
        }
    }
}
