//! Where a connection's sync stands.

use callweave_model::{
    ConnectionId, Timestamp,
    connection::{ConnectionState, Freshness},
};
use callweave_store::{
    connections::Connection,
    records::RecordCounts,
    sync_state::{Stream, SyncState},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::connection::LastErrorDocument;
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
    /// Deletions that the last full walk withheld, because there were suspiciously many.
    deletions_withheld: i32,
}

/// Where one stream stands.
#[derive(Debug, Serialize, ToSchema)]
struct StreamProgress {
    /// The vendor's name of the stream.
    stream: String,
    /// The kind of walk under way.
    walk: Option<String>,
    /// When it began.
    walk_started_at: Option<Timestamp>,
    /// The end of the last proved walk.
    synced_at: Option<Timestamp>,
    /// The start of the last proved walk.
    data_fresh_as_of: Option<Timestamp>,
    /// Walks in a row that ended without proof.
    unproved_walks: i32,
    /// How many records the vendor says there are.
    vendor_total: Option<i64>,
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
        Self {
            connection_id: connection.id,
            state: connection.state,
            state_reason: connection.state_reason.clone(),
            next_run_at: freshness.next_run_at,
            freshness,
            last_error: connection.last_error.as_ref().map(Into::into),
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
                deletions_withheld: sync.deletions_withheld,
            },
            streams: streams.into_iter().map(StreamProgress::from).collect(),
            records: RecordProgress {
                known: records.known,
                waiting: records.waiting,
                not_ready: records.not_ready,
                quarantined: records.quarantined,
                gone: records.gone,
            },
            open_backfills,
        }
    }
}

impl From<Stream> for StreamProgress {
    fn from(stream: Stream) -> Self {
        Self {
            stream: stream.stream,
            walk: stream.walk,
            walk_started_at: stream.walk_started_at,
            synced_at: stream.synced_at,
            data_fresh_as_of: stream.fresh_as_of,
            unproved_walks: stream.unproved,
            vendor_total: stream.total_hint,
        }
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
