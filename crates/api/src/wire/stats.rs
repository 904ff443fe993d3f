//! Figures about calls as they are served.

use std::collections::BTreeMap;

use callweave_model::{ConnectionId, connection::Freshness};
use callweave_store::calls::Figures;
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

impl From<Figures> for CallFigures {
    fn from(figures: Figures) -> Self {
        Self {
            calls: figures.calls,
            with_transcript: figures.with_transcript,
            timed: figures.timed,
            duration_ms: figures.duration_ms,
            scored: figures.scored,
            // What is beyond a hundredth is noise of the mean.
            score_pct: figures
                .score_pct
                .map(|score| (score * 100.0).round() / 100.0),
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
