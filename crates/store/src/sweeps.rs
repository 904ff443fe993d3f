//! Full walks: their numbers, what they did not meet, and what becomes of it.

use callweave_model::{ConnectionId, Timestamp};

use crate::{Result, TenantTx, convert};

/// Which records a full walk would have met, if their vendor still had them.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// The number of the walk.
    pub walk: i64,
    /// The walk looked at calls since then; `None`: at all of them.
    pub since: Option<Timestamp>,
    /// Calls before that are older than what the vendor keeps; `None`: it keeps everything.
    pub kept_since: Option<Timestamp>,
}

/// How much of the calls a full walk and the one before did not meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Missing {
    /// Records of calls that the vendor should still have.
    pub missing: i64,
    /// Records of calls that are older than what it keeps.
    pub aged: i64,
    /// Records of calls, in all.
    pub live: i64,
}

/// The records that two full walks in a row did not meet. A record that was never listed is not
/// expected on any.
const MISSING: &str = "FROM records AS record \
     LEFT JOIN call_keys AS key ON key.tenant_id = record.tenant_id AND key.id = record.call_id \
     WHERE record.tenant_id = $1 AND record.connection_id = $2 \
         AND record.state NOT IN ('gone', 'erased', 'vendor_expired') \
         AND record.full_walk < $3 - 1 \
         AND (record.fingerprint IS NOT NULL OR record.full_walk > 0) \
         AND ($4::timestamptz IS NULL OR key.id IS NULL OR key.sort_at >= $4)";

impl TenantTx {
    /// Notes that a full walk begins, unless it is under way.
    pub async fn begin_full_walk(
        &mut self,
        connection: ConnectionId,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET full_walk_began_at = $3 \
             WHERE tenant_id = $1 AND connection_id = $2 AND full_walk_began_at IS NULL",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// How much of the calls a full walk and the one before did not meet. With a record that never
    /// became part of a call nothing would be lost.
    pub async fn count_missing(
        &mut self,
        connection: ConnectionId,
        reach: Reach,
    ) -> Result<Missing> {
        let (missing, aged): (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT count(*) FILTER (WHERE key.id IS NOT NULL \
                     AND ($5::timestamptz IS NULL OR key.sort_at >= $5)), \
                 count(*) FILTER (WHERE key.sort_at < $5) {MISSING}"
        )))
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(reach.walk)
        .bind(convert::db_option(reach.since))
        .bind(convert::db_option(reach.kept_since))
        .fetch_one(self.executor())
        .await?;
        let live: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM records WHERE tenant_id = $1 AND connection_id = $2 \
                 AND call_id IS NOT NULL AND state NOT IN ('gone', 'erased', 'vendor_expired')",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_one(self.executor())
        .await?;
        Ok(Missing {
            missing,
            aged,
            live,
        })
    }

    /// Makes what two full walks did not meet due: its vendor is asked for each by its id. With
    /// `harmless_only`, only that of which nothing is deleted here, whatever the vendor says: what
    /// is older than it keeps, and what never became part of a call.
    pub async fn want_missing(
        &mut self,
        connection: ConnectionId,
        reach: Reach,
        harmless_only: bool,
        now: Timestamp,
    ) -> Result<u64> {
        // What is missed is found first: within the join, a plan made for few rows finds it anew for each.
        let done = sqlx::query(sqlx::AssertSqlSafe(format!(
            "WITH missed AS MATERIALIZED (SELECT record.kind, record.remote_id {MISSING} \
                 AND (NOT $7 OR key.id IS NULL OR key.sort_at < $5)) \
             UPDATE records AS wanted SET missing = true, due_at = $6, attempts = 0 FROM missed \
             WHERE wanted.tenant_id = $1 AND wanted.connection_id = $2 \
                 AND wanted.kind = missed.kind AND wanted.remote_id = missed.remote_id"
        )))
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(reach.walk)
        .bind(convert::db_option(reach.since))
        .bind(convert::db_option(reach.kept_since))
        .bind(convert::db(now))
        .bind(harmless_only)
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected())
    }

    /// Notes that a full walk over all streams ended, and what it withheld. An approval was for
    /// this walk.
    pub async fn end_full_walk(
        &mut self,
        connection: ConnectionId,
        number: i64,
        withheld: i32,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET full_walk = $3, full_walk_at = $5, deletions_withheld = $4, \
                 deletions_ceiling = NULL, full_walk_began_at = NULL, full_walk_not_before = NULL \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(number)
        .bind(withheld)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Lets a full walk that could not be proved rest.
    pub async fn rest_full_walk(
        &mut self,
        connection: ConnectionId,
        until: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET full_walk_not_before = $3 \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::db(until))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Approves so many deletions at once and asks for a full walk that finds them again. `false`
    /// when none are withheld.
    pub async fn approve_deletions(
        &mut self,
        connection: ConnectionId,
        ceiling: i32,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE sync_state SET deletions_ceiling = $3 \
             WHERE tenant_id = $1 AND connection_id = $2 AND deletions_withheld > 0",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(ceiling)
        .execute(self.executor())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.request_sync(connection, true).await?;
        Ok(true)
    }

    /// Notes that calls since an instant are complete: a walk that reaches so far back ended.
    pub async fn note_history(&mut self, connection: ConnectionId, since: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET historical_since = LEAST(historical_since, $3) \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::db(since))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// The start of the oldest call of a connection, where its vendor tells starts.
    pub async fn oldest_start(&mut self, connection: ConnectionId) -> Result<Option<Timestamp>> {
        let start: Option<convert::DbTime> = sqlx::query_scalar(
            "SELECT started_at FROM calls WHERE tenant_id = $1 AND connection_id = $2 \
                 AND started_at IS NOT NULL ORDER BY sort_at LIMIT 1",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(convert::model_option(start))
    }
}
