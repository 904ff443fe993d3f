//! Backfills as they are asked for and shown.

use callweave_model::{ConnectionId, Timestamp};
use callweave_store::backfills::Backfill;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A span of time to be walked again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackfillInput {
    /// From, inclusive.
    #[schema(example = "2026-01-01T00:00:00.000Z")]
    pub(crate) from: Timestamp,
    /// To, exclusive; now unless told.
    #[schema(example = "2026-02-01T00:00:00.000Z")]
    pub(crate) to: Option<Timestamp>,
    /// Only estimates what it would cost, and begins nothing.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// What walking a span of time is expected to cost.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct BackfillEstimate {
    /// How many records the span holds; `null` where nobody knows.
    pub(crate) records: Option<i64>,
    /// Who says so: `vendor` (it was asked for one page), `gateway` (what is stored already) or
    /// `nobody`.
    #[schema(example = "vendor")]
    pub(crate) records_source: String,
    /// Requests for lists.
    pub(crate) list_requests: Option<i64>,
    /// All requests, if every record had to be fetched anew; what is known and unchanged costs
    /// none.
    pub(crate) vendor_requests_max: Option<i64>,
    /// How long that takes at the rate at which this vendor is asked.
    pub(crate) seconds_max: Option<i64>,
    /// The vendor cannot look into a span of time: all of its records are listed.
    pub(crate) lists_everything: bool,
    /// The vendor charges for it.
    pub(crate) charged: bool,
}

/// What a backfill would cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackfillPlan {
    /// The connection.
    pub(crate) connection_id: ConnectionId,
    /// From, inclusive.
    pub(crate) from: Timestamp,
    /// To, exclusive.
    pub(crate) to: Timestamp,
    /// What it is expected to cost.
    pub(crate) estimate: BackfillEstimate,
}

/// A backfill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backfill)]
pub(crate) struct BackfillDocument {
    /// Its id.
    pub(crate) id: Uuid,
    /// The connection.
    connection_id: ConnectionId,
    /// From, inclusive.
    from: Timestamp,
    /// To, exclusive.
    to: Timestamp,
    /// `accepted, processing, paused, completed, failed, canceled`.
    #[schema(example = "processing")]
    state: String,
    /// Why it is in that state.
    reason: Option<String>,
    /// Pages read so far.
    pages: i64,
    /// Records seen so far.
    records: i64,
    /// How far it has come, 0-100, measured by the estimate; `null` where there is none.
    progress_pct: Option<f64>,
    /// What it was expected to cost when it was asked for.
    estimate: Option<BackfillEstimate>,
    /// When it was asked for.
    created_at: Timestamp,
    /// When it moved last.
    modified_at: Timestamp,
}

impl From<Backfill> for BackfillDocument {
    fn from(backfill: Backfill) -> Self {
        let estimate: Option<BackfillEstimate> =
            backfill.estimate.clone().and_then(|known| read(known).ok());
        Self {
            progress_pct: progress(&backfill, estimate.as_ref()),
            estimate,
            id: backfill.id,
            connection_id: backfill.connection,
            from: backfill.from,
            to: backfill.to,
            state: backfill.state,
            reason: backfill.reason,
            pages: backfill.pages,
            records: backfill.records,
            created_at: backfill.created_at,
            modified_at: backfill.modified_at,
        }
    }
}

fn read(estimate: Value) -> serde_json::Result<BackfillEstimate> {
    serde_json::from_value(estimate)
}

/// Whole percents; what is not completed is never at 100.
fn progress(backfill: &Backfill, estimate: Option<&BackfillEstimate>) -> Option<f64> {
    if backfill.state == "completed" {
        return Some(100.0);
    }
    let expected = estimate?.records.filter(|expected| *expected > 0)?;
    let percent = backfill.records.saturating_mul(100) / expected;
    Some(f64::from(i32::try_from(percent.min(99)).unwrap_or(99)))
}

/// The backfills of a connection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackfillList {
    /// The latest 200, newest first.
    pub(crate) data: Vec<BackfillDocument>,
}
