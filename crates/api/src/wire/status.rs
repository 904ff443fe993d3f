//! Where a connection's sync stands.

use callweave_model::{
    ConnectionId, Timestamp,
    connection::{ConnectionState, Freshness},
};
use callweave_store::{
    connections::Connection,
    records::RecordCounts,
    streams::{Stream, WalkState},
    sync_state::SyncState,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    connection::LastErrorDocument,
    token::{ForbiddenEndpoint, TokenDocument},
};
use crate::problem::VendorProblem;

/// Where a connection stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionStatus {
    /// The connection.
    connection_id: ConnectionId,
    /// The state.
    state: ConnectionState,
    /// Why it is in that state.
    state_reason: Option<String>,
    /// How fresh its data is.
    freshness: Freshness,
    /// When the next run is due; `null` while it is paused.
    next_run_at: Option<Timestamp>,
    /// What went wrong last.
    last_error: Option<LastErrorDocument>,
    /// The address of what was asked of the vendor lately, see `GET /v1/vendor-requests`.
    #[schema(example = "/v1/vendor-requests?connection_id=0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d")]
    vendor_requests: String,
    /// How it stands with the vendor's token; `null` where the credentials are used as they are.
    pub(crate) token: Option<TokenDocument>,
    /// Operations that the vendor refuses to this account even with a fresh token.
    pub(crate) forbidden_endpoints: Vec<ForbiddenEndpoint>,
    /// The runs.
    sync: SyncProgress,
    /// The streams that are walked.
    streams: Vec<StreamProgress>,
    /// The vendor's records.
    records: RecordProgress,
    /// Backfills that are not done.
    open_backfills: usize,
}

/// The runs of a connection's sync.
#[derive(Debug, Serialize, ToSchema)]
struct SyncProgress {
    /// Not paused.
    enabled: bool,
    /// A run is under way.
    running: bool,
    /// When the last run began.
    last_run_at: Option<Timestamp>,
    /// The vendor is not asked before that.
    not_before: Option<Timestamp>,
    /// Failed runs in a row.
    failures: i32,
    /// Pages read so far.
    pages: i64,
    /// Records seen so far.
    records_seen: i64,
    /// Full walks that ended.
    full_walks: i64,
    /// When the last full walk ended.
    full_walk_at: Option<Timestamp>,
    /// When the full walk under way began.
    full_walk_began_at: Option<Timestamp>,
    /// Deletions that the last full walk withheld, because there were suspiciously many; see
    /// `POST /v1/connections/{id}/deletions/approve`.
    deletions_withheld: i32,
    /// So many deletions at once are approved for the next full walk.
    deletions_ceiling: Option<i32>,
    /// Calls are being mapped again after a change of rules or settings.
    remapping: bool,
}

/// Where one stream stands.
#[derive(Debug, Serialize, ToSchema)]
struct StreamProgress {
    /// The vendor's name of the stream.
    stream: String,
    /// `waiting` (never walked whole), `active`, `unproved` (the last walk is repeated),
    /// `paging_broken` or `failing`.
    #[schema(example = "active")]
    state: &'static str,
    /// Why it is in that state.
    reason: Option<String>,
    /// The walks under way.
    walks: Vec<WalkProgress>,
    /// The end of the last proved walk.
    synced_at: Option<Timestamp>,
    /// The start of the last proved walk: everything that the vendor had then is here.
    data_fresh_as_of: Option<Timestamp>,
    /// Calls since this instant are complete.
    historical_data_since: Option<Timestamp>,
    /// When the next walk is due.
    next_run_at: Option<Timestamp>,
    /// How many records the vendor says there are.
    vendor_total: Option<i64>,
}

/// A walk under way.
#[derive(Debug, Serialize, ToSchema)]
struct WalkProgress {
    /// `incremental` or `full`.
    #[schema(example = "full")]
    walk: &'static str,
    /// When it began.
    started_at: Timestamp,
    /// How often in a row it ended without proof.
    unproved: i32,
}

/// How many of the vendor's records are in which state.
#[derive(Debug, Serialize, ToSchema)]
struct RecordProgress {
    /// Known in all, without the gone ones.
    known: i64,
    /// To be fetched.
    waiting: i64,
    /// Fetched, and not ready at the vendor.
    not_ready: i64,
    /// Could not be translated.
    quarantined: i64,
    /// Gone at the vendor.
    gone: i64,
    /// Older than what the vendor keeps; our copy stays.
    vendor_expired: i64,
}

impl ConnectionStatus {
    pub(crate) fn new(
        connection: &Connection,
        sync: &SyncState,
        streams: Vec<Stream>,
        records: RecordCounts,
        open_backfills: usize,
    ) -> Self {
        let freshness = sync.freshness(connection);
        let streams = streams
            .into_iter()
            .map(|stream| StreamProgress::new(stream, &freshness))
            .collect();
        Self {
            connection_id: connection.id,
            state: connection.state,
            state_reason: connection.state_reason.clone(),
            next_run_at: freshness.next_run_at,
            freshness,
            last_error: connection.last_error.as_ref().map(Into::into),
            vendor_requests: format!("/v1/vendor-requests?connection_id={}", connection.id),
            token: None,
            forbidden_endpoints: Vec::new(),
            sync: SyncProgress {
                enabled: sync.enabled,
                running: sync.running,
                last_run_at: sync.last_run_at,
                not_before: sync.not_before,
                failures: sync.failures,
                pages: sync.pages,
                records_seen: sync.records,
                full_walks: sync.full_walk,
                full_walk_at: sync.full_walk_at,
                full_walk_began_at: sync.full_walk_began_at,
                deletions_withheld: sync.deletions_withheld,
                deletions_ceiling: sync.deletions_ceiling,
                remapping: sync.mapping.target.is_some(),
            },
            streams,
            records: RecordProgress {
                known: records.known,
                waiting: records.waiting,
                not_ready: records.not_ready,
                quarantined: records.quarantined,
                gone: records.gone,
                vendor_expired: records.vendor_expired,
            },
            open_backfills,
        }
    }
}

impl StreamProgress {
    fn new(stream: Stream, connection: &Freshness) -> Self {
        let (state, reason) = condition(&stream);
        let walks = [("incremental", &stream.incremental), ("full", &stream.full)];
        Self {
            state,
            reason,
            walks: walks
                .into_iter()
                .filter_map(|(walk, known)| WalkProgress::of(walk, known))
                .collect(),
            stream: stream.stream,
            synced_at: stream.synced_at,
            data_fresh_as_of: stream.fresh_as_of,
            historical_data_since: connection.historical_data_since,
            next_run_at: connection.next_run_at,
            vendor_total: stream.total_hint,
        }
    }
}

impl WalkProgress {
    fn of(walk: &'static str, state: &WalkState) -> Option<Self> {
        Some(Self {
            walk,
            started_at: state.started_at?,
            unproved: state.unproved,
        })
    }
}

/// The state of a stream, and why.
fn condition(stream: &Stream) -> (&'static str, Option<String>) {
    if let Some(since) = stream.broken_since {
        let reason = format!("the vendor's pages have not fit together since {since}");
        ("paging_broken", Some(reason))
    } else if let Some(code) = &stream.trouble {
        ("failing", Some(code.clone()))
    } else if stream.incremental.unproved > 0 || stream.full.unproved > 0 {
        let reason = "pages moved under the last walk; it is repeated".to_owned();
        ("unproved", Some(reason))
    } else if stream.synced_at.is_none() {
        ("waiting", Some("the first walk is not over".to_owned()))
    } else {
        ("active", None)
    }
}

/// What a check of a connection found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckResult {
    /// The vendor accepted the credentials and answered.
    pub(crate) ok: bool,
    /// When it was checked.
    pub(crate) checked_at: Timestamp,
    /// The state of the connection afterwards.
    pub(crate) state: ConnectionState,
    /// The vendor's name of the account.
    pub(crate) account_name: Option<String>,
    /// What went wrong.
    pub(crate) error: Option<CheckError>,
}

/// What went wrong in a check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckError {
    /// The problem code.
    #[schema(example = "vendor.unreachable")]
    pub(crate) code: String,
    /// In words.
    pub(crate) detail: String,
    /// Checking again may help without any change.
    pub(crate) retryable: bool,
    /// What the vendor said.
    pub(crate) vendor: Option<VendorProblem>,
}
