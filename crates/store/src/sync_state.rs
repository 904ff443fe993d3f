//! Schedules, leases and streams of the sync engine. Times of leases are the database's own.

use std::{collections::HashMap, time::Duration};

use callweave_model::{ConnectionId, TenantId, Timestamp, connection::Freshness};
use serde_json::Value;
use uuid::Uuid;

use crate::{Result, StoreError, SystemTx, TenantTx, convert};

/// The right to sync one connection, until it is lost: every write of a run carries the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose connection.
    pub tenant: TenantId,
    /// Which connection.
    pub connection: ConnectionId,
    /// Who holds it.
    pub owner: Uuid,
    /// Rises with every holder.
    pub epoch: i64,
}

/// A stream and where its walks stand.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The vendor's name of the stream.
    pub stream: String,
    /// Where the next incremental walk begins.
    pub resume: Option<Value>,
    /// The kind of walk under way: `incremental` or `full`.
    pub walk: Option<String>,
    /// Where it stands.
    pub walk_cursor: Option<Value>,
    /// When it began.
    pub walk_started_at: Option<Timestamp>,
    /// The number of the full walk it belongs to.
    pub walk_number: i64,
    /// The end of the last proved walk.
    pub synced_at: Option<Timestamp>,
    /// The start of the last proved walk.
    pub fresh_as_of: Option<Timestamp>,
    /// Walks in a row that ended without proof.
    pub unproved: i32,
    /// Runs in a row in which the vendor refused the walk's cursor.
    pub refused: i32,
    /// How many records the vendor says there are.
    pub total_hint: Option<i64>,
}

/// Where a connection's sync stands.
#[derive(Clone, Debug)]
pub struct SyncState {
    /// Not paused.
    pub enabled: bool,
    /// When the next run is due.
    pub next_run_at: Timestamp,
    /// The streams are to be walked; otherwise a run only fetches due records.
    pub walk_due: bool,
    /// No request before that.
    pub not_before: Option<Timestamp>,
    /// A run is under way.
    pub running: bool,
    /// Failed runs in a row.
    pub failures: i32,
    /// When the last run began.
    pub last_run_at: Option<Timestamp>,
    /// The end of the last complete run.
    pub synced_at: Option<Timestamp>,
    /// Everything the vendor had then is here.
    pub fresh_as_of: Option<Timestamp>,
    /// Calls since then are complete.
    pub historical_since: Option<Timestamp>,
    /// The number of the last full walk.
    pub full_walk: i64,
    /// When it ended.
    pub full_walk_at: Option<Timestamp>,
    /// Pages read so far.
    pub pages: i64,
    /// Records seen so far.
    pub records: i64,
    /// Deletions that were withheld by the last full walk.
    pub deletions_withheld: i32,
}

#[derive(sqlx::FromRow)]
struct StateRow {
    enabled: bool,
    next_run_at: convert::DbTime,
    walk_due: bool,
    not_before: Option<convert::DbTime>,
    running: bool,
    failures: i32,
    last_run_at: Option<convert::DbTime>,
    synced_at: Option<convert::DbTime>,
    fresh_as_of: Option<convert::DbTime>,
    historical_since: Option<convert::DbTime>,
    full_walk: i64,
    full_walk_at: Option<convert::DbTime>,
    pages: i64,
    records: i64,
    deletions_withheld: i32,
}

impl From<StateRow> for SyncState {
    fn from(row: StateRow) -> Self {
        Self {
            enabled: row.enabled,
            next_run_at: convert::model(row.next_run_at),
            walk_due: row.walk_due,
            not_before: convert::model_option(row.not_before),
            running: row.running,
            failures: row.failures,
            last_run_at: convert::model_option(row.last_run_at),
            synced_at: convert::model_option(row.synced_at),
            fresh_as_of: convert::model_option(row.fresh_as_of),
            historical_since: convert::model_option(row.historical_since),
            full_walk: row.full_walk,
            full_walk_at: convert::model_option(row.full_walk_at),
            pages: row.pages,
            records: row.records,
            deletions_withheld: row.deletions_withheld,
        }
    }
}

impl SyncState {
    /// The same in the words of the API.
    pub fn freshness(&self, connection: &crate::connections::Connection) -> Freshness {
        Freshness {
            state: connection.state,
            synced_at: self.synced_at,
            data_fresh_as_of: self.fresh_as_of,
            historical_data_since: self.historical_since,
            reason: connection.state_reason.clone(),
            next_run_at: self.enabled.then(|| {
                self.not_before
                    .unwrap_or(self.next_run_at)
                    .max(self.next_run_at)
            }),
        }
    }
}

#[derive(sqlx::FromRow)]
struct StreamRow {
    stream: String,
    resume: Option<Value>,
    walk: Option<String>,
    walk_cursor: Option<Value>,
    walk_started_at: Option<convert::DbTime>,
    walk_number: i64,
    synced_at: Option<convert::DbTime>,
    fresh_as_of: Option<convert::DbTime>,
    unproved: i32,
    refused: i32,
    total_hint: Option<i64>,
}

impl From<StreamRow> for Stream {
    fn from(row: StreamRow) -> Self {
        Self {
            stream: row.stream,
            resume: row.resume,
            walk: row.walk,
            walk_cursor: row.walk_cursor,
            walk_started_at: convert::model_option(row.walk_started_at),
            walk_number: row.walk_number,
            synced_at: convert::model_option(row.synced_at),
            fresh_as_of: convert::model_option(row.fresh_as_of),
            unproved: row.unproved,
            refused: row.refused,
            total_hint: row.total_hint,
        }
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

impl StoreError {
    /// A statement took longer than it may: the database is busy, not broken.
    pub fn is_statement_timeout(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.code().as_deref() == Some("57014"))
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub struct RunEnd {
    /// When the next run is due, from now.
    pub next_in: Duration,
    /// No request before that, from now.
    pub pause: Option<Duration>,
    /// Every stream's walk was complete; the run began at this instant.
    pub complete_since: Option<Timestamp>,
    /// The run failed.
    pub failed: bool,
    /// The streams were walked: when to walk them again, from now.
    pub walk_in: Option<Duration>,
}

impl SystemTx {
    /// Takes the connection that has been due longest, if any is.
    pub async fn claim_due_sync(&mut self, owner: Uuid, lease: Duration) -> Result<Option<Lease>> {
        let row: Option<(Uuid, Uuid, i64)> = sqlx::query_as(
            "UPDATE sync_state SET lease_owner = $1, lease_epoch = lease_epoch + 1, \
                 lease_until = now() + make_interval(secs => $2), last_run_at = now() \
             WHERE (tenant_id, connection_id) = ( \
                 SELECT tenant_id, connection_id FROM sync_state \
                 WHERE enabled AND next_run_at <= now() \
                     AND (not_before IS NULL OR not_before <= now()) \
                     AND (lease_until IS NULL OR lease_until < now()) \
                 ORDER BY next_run_at LIMIT 1 FOR UPDATE SKIP LOCKED) \
             RETURNING tenant_id, connection_id, lease_epoch",
        )
        .bind(owner)
        .bind(seconds(lease))
        .fetch_optional(self.executor())
        .await?;
        Ok(row.map(|(tenant, connection, epoch)| Lease {
            tenant: TenantId(tenant),
            connection: ConnectionId(connection),
            owner,
            epoch,
        }))
    }
}

impl TenantTx {
    /// Where a connection's sync stands.
    pub async fn sync_state(&mut self, connection: ConnectionId) -> Result<Option<SyncState>> {
        let row: Option<StateRow> = sqlx::query_as(
            "SELECT enabled, next_run_at, not_before, failures, last_run_at, synced_at, fresh_as_of, \
                 historical_since, full_walk, full_walk_at, pages, records, deletions_withheld, \
                 COALESCE(lease_until > now(), false) AS running, walk_due_at <= now() AS walk_due \
             FROM sync_state WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(row.map(SyncState::from))
    }

    /// Makes a run due at once, with a walk over the streams.
    pub async fn request_sync(&mut self, connection: ConnectionId, full: bool) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET next_run_at = now(), walk_due_at = now(), \
                 full_walk_at = CASE WHEN $3 THEN NULL ELSE full_walk_at END \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(full)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Ends the silence that failures brought about, and forgets them: the credentials are new.
    pub async fn forgive(&mut self, connection: ConnectionId) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET not_before = NULL, failures = 0 \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// How long until the streams are to be walked.
    pub async fn walk_due_in(&mut self, connection: ConnectionId) -> Result<Duration> {
        let wait: Option<f64> = sqlx::query_scalar(
            "SELECT GREATEST(EXTRACT(EPOCH FROM walk_due_at - now()), 0)::float8 \
             FROM sync_state WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(Duration::try_from_secs_f64(wait.unwrap_or(0.0)).unwrap_or_default())
    }

    /// Pauses or resumes; a pause takes the lease away from a run under way.
    pub async fn set_sync_enabled(
        &mut self,
        connection: ConnectionId,
        enabled: bool,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET enabled = $3, next_run_at = CASE WHEN $3 THEN now() ELSE next_run_at END, \
                 walk_due_at = CASE WHEN $3 THEN now() ELSE walk_due_at END, \
                 lease_epoch = lease_epoch + 1, lease_until = NULL \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(enabled)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Makes sure that the lease is still ours and moves its end. [`StoreError::Fenced`] when not:
    /// the transaction must not be committed.
    pub async fn hold_lease(&mut self, lease: &Lease, extend: Duration) -> Result<()> {
        let done = sqlx::query(
            "UPDATE sync_state SET lease_until = now() + make_interval(secs => $4) \
             WHERE tenant_id = $1 AND connection_id = $2 AND lease_epoch = $3 AND lease_until > now()",
        )
        .bind(self.tenant().0)
        .bind(lease.connection.0)
        .bind(lease.epoch)
        .bind(seconds(extend))
        .execute(self.executor())
        .await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(StoreError::Fenced)
        }
    }

    /// Ends a run and gives the lease back.
    pub async fn end_run(&mut self, lease: &Lease, end: RunEnd) -> Result<()> {
        let done = sqlx::query(
            "UPDATE sync_state SET lease_until = NULL, lease_owner = NULL, \
                 next_run_at = CASE WHEN next_run_at > last_run_at THEN LEAST(next_run_at, now() + make_interval(secs => $4)) \
                     ELSE now() + make_interval(secs => $4) END, \
                 not_before = now() + make_interval(secs => $5), \
                 synced_at = CASE WHEN $6::timestamptz IS NULL THEN synced_at ELSE now() END, \
                 fresh_as_of = COALESCE($6, fresh_as_of), \
                 failures = CASE WHEN $7 THEN failures + 1 ELSE 0 END, \
                 walk_due_at = CASE WHEN $8::float8 IS NULL OR walk_due_at > last_run_at THEN walk_due_at \
                     ELSE now() + make_interval(secs => $8) END \
             WHERE tenant_id = $1 AND connection_id = $2 AND lease_epoch = $3",
        )
        .bind(self.tenant().0)
        .bind(lease.connection.0)
        .bind(lease.epoch)
        .bind(seconds(end.next_in))
        .bind(end.pause.map(seconds))
        .bind(convert::db_option(end.complete_since))
        .bind(end.failed)
        .bind(end.walk_in.map(seconds))
        .execute(self.executor())
        .await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(StoreError::Fenced)
        }
    }

    /// The streams of a connection.
    pub async fn list_streams(&mut self, connection: ConnectionId) -> Result<Vec<Stream>> {
        let rows: Vec<StreamRow> = sqlx::query_as(
            "SELECT stream, resume, walk, walk_cursor, walk_started_at, walk_number, synced_at, \
                 fresh_as_of, unproved, refused, total_hint \
             FROM sync_streams WHERE tenant_id = $1 AND connection_id = $2 ORDER BY stream",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_all(self.executor())
        .await?;
        Ok(rows.into_iter().map(Stream::from).collect())
    }

    /// Writes a stream; part of the transaction of the page it moves over.
    pub async fn save_stream(&mut self, connection: ConnectionId, stream: &Stream) -> Result<()> {
        sqlx::query(
            "INSERT INTO sync_streams (tenant_id, connection_id, stream, resume, walk, walk_cursor, \
                 walk_started_at, walk_number, synced_at, fresh_as_of, unproved, total_hint, refused) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (tenant_id, connection_id, stream) DO UPDATE SET \
                 resume = EXCLUDED.resume, walk = EXCLUDED.walk, walk_cursor = EXCLUDED.walk_cursor, \
                 walk_started_at = EXCLUDED.walk_started_at, walk_number = EXCLUDED.walk_number, \
                 synced_at = EXCLUDED.synced_at, fresh_as_of = EXCLUDED.fresh_as_of, \
                 unproved = EXCLUDED.unproved, total_hint = EXCLUDED.total_hint, \
                 refused = EXCLUDED.refused",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(&stream.stream)
        .bind(&stream.resume)
        .bind(&stream.walk)
        .bind(&stream.walk_cursor)
        .bind(convert::db_option(stream.walk_started_at))
        .bind(stream.walk_number)
        .bind(convert::db_option(stream.synced_at))
        .bind(convert::db_option(stream.fresh_as_of))
        .bind(stream.unproved)
        .bind(stream.total_hint)
        .bind(stream.refused)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Counts what a page brought.
    pub async fn count_page(&mut self, connection: ConnectionId, records: i64) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET pages = pages + 1, records = records + $3 \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(records)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// How often in a row the vendor failed on each of these records (kind, vendor id).
    pub async fn fetch_failures(
        &mut self,
        connection: ConnectionId,
        records: &[(String, String)],
    ) -> Result<HashMap<(String, String), i32>> {
        let (kinds, ids): (Vec<String>, Vec<String>) = records.iter().cloned().unzip();
        let rows: Vec<(String, String, i32)> = sqlx::query_as(
            "SELECT kind, remote_id, failures FROM records \
             WHERE tenant_id = $1 AND connection_id = $2 \
                 AND (kind, remote_id) IN (SELECT * FROM UNNEST($3::text[], $4::text[]))",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(kinds)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(kind, id, failures)| ((kind, id), failures))
            .collect())
    }

    /// Notes that the vendor failed on a record once more: it is due again later.
    pub async fn note_fetch_failure(
        &mut self,
        connection: ConnectionId,
        kind: &str,
        remote_id: &str,
        due_at: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE records SET due_at = $5, failures = failures + 1 \
             WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND remote_id = $4",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(kind)
        .bind(remote_id)
        .bind(convert::db(due_at))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Forgets the vendor's failures on records (kind, vendor id) of which there is news.
    pub async fn forget_fetch_failures(
        &mut self,
        connection: ConnectionId,
        records: &[(String, String)],
    ) -> Result<()> {
        let (kinds, ids): (Vec<String>, Vec<String>) = records.iter().cloned().unzip();
        sqlx::query(
            "UPDATE records SET failures = 0 \
             WHERE tenant_id = $1 AND connection_id = $2 AND failures > 0 \
                 AND (kind, remote_id) IN (SELECT * FROM UNNEST($3::text[], $4::text[]))",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(kinds)
        .bind(ids)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Makes all records due that the last two full walks (`walk` and the one before) did not meet.
    pub async fn want_missing(
        &mut self,
        connection: ConnectionId,
        walk: i64,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE records SET due_at = $4, attempts = 0 \
             WHERE tenant_id = $1 AND connection_id = $2 AND state <> 'gone' \
                 AND (fingerprint IS NOT NULL OR full_walk > 0) AND full_walk < $3 - 1",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(walk)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Notes that a full walk over all streams ended.
    pub async fn end_full_walk(
        &mut self,
        connection: ConnectionId,
        number: i64,
        withheld: i32,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET full_walk = $3, full_walk_at = now(), deletions_withheld = $4 \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(number)
        .bind(withheld)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
