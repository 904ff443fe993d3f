//! Schedules and leases of the sync engine. Times of leases are the database's own.

use std::time::Duration;

use callweave_model::{ConnectionId, TenantId, Timestamp, connection::Freshness};
use uuid::Uuid;

use crate::{Result, StoreError, SystemTx, TenantTx, calls::Applied, convert};

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
    /// The start of the full walk under way.
    pub full_walk_began_at: Option<Timestamp>,
    /// A full walk that could not be proved rests until then.
    pub full_walk_not_before: Option<Timestamp>,
    /// Pages read so far.
    pub pages: i64,
    /// Records seen so far.
    pub records: i64,
    /// Deletions that were withheld by the last full walk.
    pub deletions_withheld: i32,
    /// So many deletions at once were approved for the next full walk.
    pub deletions_ceiling: Option<i32>,
    /// What the calls were mapped with.
    pub mapping: Mapping,
}

/// Which rules and settings the calls of a connection were mapped with, and how far a re-mapping
/// has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The version of the rules; `None` before the first run.
    pub version: Option<i32>,
    /// A hash of the settings.
    pub settings: Option<Vec<u8>>,
    /// The settings that a re-mapping under way maps with.
    pub target: Option<Vec<u8>>,
    /// The last call that it looked at, by its vendor id.
    pub after: Option<String>,
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
    full_walk_began_at: Option<convert::DbTime>,
    full_walk_not_before: Option<convert::DbTime>,
    pages: i64,
    records: i64,
    deletions_withheld: i32,
    deletions_ceiling: Option<i32>,
    mapped_version: Option<i32>,
    mapped_settings: Option<Vec<u8>>,
    mapping_settings: Option<Vec<u8>>,
    mapping_after: Option<String>,
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
            full_walk_began_at: convert::model_option(row.full_walk_began_at),
            full_walk_not_before: convert::model_option(row.full_walk_not_before),
            pages: row.pages,
            records: row.records,
            deletions_withheld: row.deletions_withheld,
            deletions_ceiling: row.deletions_ceiling,
            mapping: Mapping {
                version: row.mapped_version,
                settings: row.mapped_settings,
                target: row.mapping_settings,
                after: row.mapping_after,
            },
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

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub struct RunEnd {
    /// When the next run is due, from now.
    pub next_in: Duration,
    /// No request before that, from now.
    pub pause: Option<Duration>,
    /// Every stream was walked to a proved end; the earliest of these walks began at this instant.
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
                 historical_since, full_walk, full_walk_at, full_walk_began_at, full_walk_not_before, \
                 pages, records, deletions_withheld, deletions_ceiling, mapped_version, \
                 mapped_settings, mapping_settings, mapping_after, \
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
                 full_walk_at = CASE WHEN $3 THEN NULL ELSE full_walk_at END, \
                 full_walk_not_before = CASE WHEN $3 THEN NULL ELSE full_walk_not_before END \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(full)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Makes a run due at once because records are; to be called when they are committed, in a
    /// transaction of its own.
    ///
    /// Nothing is written where a run is due that has not begun: it will find them. So many who
    /// register calls at the same time do not wait for each other, nor for a batch of the run.
    pub async fn hasten_sync(&mut self, connection: ConnectionId) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET next_run_at = clock_timestamp() \
             WHERE tenant_id = $1 AND connection_id = $2 \
                 AND NOT (next_run_at <= now() AND next_run_at > COALESCE(last_run_at, '-infinity'))",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
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

    /// Counts changes of calls, until the end of a complete run tells of them.
    pub async fn count_changes(
        &mut self,
        connection: ConnectionId,
        applied: &Applied,
    ) -> Result<()> {
        if applied.changes() == 0 {
            return Ok(());
        }
        sqlx::query(
            "UPDATE sync_state SET unannounced_created = unannounced_created + $3, \
                 unannounced_updated = unannounced_updated + $4, \
                 unannounced_restored = unannounced_restored + $5, \
                 unannounced_deleted = unannounced_deleted + $6 \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(i64::from(applied.created))
        .bind(i64::from(applied.updated))
        .bind(i64::from(applied.restored))
        .bind(i64::from(applied.deleted))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Takes the changes that no complete run has told of yet: created, updated, restored, deleted.
    pub async fn take_unannounced(&mut self, connection: ConnectionId) -> Result<[i64; 4]> {
        let row: Option<(i64, i64, i64, i64)> = sqlx::query_as(
            "UPDATE sync_state AS now SET unannounced_created = 0, unannounced_updated = 0, \
                 unannounced_restored = 0, unannounced_deleted = 0 \
             FROM sync_state AS before \
             WHERE now.tenant_id = $1 AND now.connection_id = $2 \
                 AND before.tenant_id = $1 AND before.connection_id = $2 \
             RETURNING before.unannounced_created, before.unannounced_updated, \
                 before.unannounced_restored, before.unannounced_deleted",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(row.map_or([0; 4], |(created, updated, restored, deleted)| {
            [created, updated, restored, deleted]
        }))
    }

    /// Writes how far a re-mapping has come, or which rules and settings all calls are mapped with.
    pub async fn save_mapping(
        &mut self,
        connection: ConnectionId,
        mapping: &Mapping,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET mapped_version = $3, mapped_settings = $4, mapping_settings = $5, \
                 mapping_after = $6 \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(mapping.version)
        .bind(&mapping.settings)
        .bind(&mapping.target)
        .bind(&mapping.after)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
