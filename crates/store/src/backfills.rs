//! Backfills: a span of time walked again on request.

use callweave_model::{ConnectionId, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::{Result, TenantTx, convert};

/// A backfill.
#[derive(Clone, Debug)]
pub struct Backfill {
    /// Its id.
    pub id: Uuid,
    /// Which connection.
    pub connection: ConnectionId,
    /// From, inclusive.
    pub from: Timestamp,
    /// To, exclusive.
    pub to: Timestamp,
    /// `accepted, processing, paused, completed, failed, canceled`.
    pub state: String,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// Where each stream's walk stands; `null` for a stream that is done.
    pub cursors: Value,
    /// Pages read.
    pub pages: i64,
    /// Records seen.
    pub records: i64,
    /// What it was expected to cost.
    pub estimate: Option<Value>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it moved last.
    pub modified_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    connection_id: Uuid,
    window_from: convert::DbTime,
    window_to: convert::DbTime,
    state: String,
    reason: Option<String>,
    cursors: Value,
    pages: i64,
    records: i64,
    estimate: Option<Value>,
    created_at: convert::DbTime,
    modified_at: convert::DbTime,
}

impl From<Row> for Backfill {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            connection: ConnectionId(row.connection_id),
            from: convert::model(row.window_from),
            to: convert::model(row.window_to),
            state: row.state,
            reason: row.reason,
            cursors: row.cursors,
            pages: row.pages,
            records: row.records,
            estimate: row.estimate,
            created_at: convert::model(row.created_at),
            modified_at: convert::model(row.modified_at),
        }
    }
}

impl TenantTx {
    /// Stores a new backfill and makes a run due at once.
    pub async fn insert_backfill(&mut self, backfill: &Backfill) -> Result<()> {
        sqlx::query(
            "INSERT INTO backfills (tenant_id, id, connection_id, window_from, window_to, state, \
                 created_at, modified_at, estimate) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
        )
        .bind(self.tenant().0)
        .bind(backfill.id)
        .bind(backfill.connection.0)
        .bind(convert::db(backfill.from))
        .bind(convert::db(backfill.to))
        .bind(&backfill.state)
        .bind(convert::db(backfill.created_at))
        .bind(&backfill.estimate)
        .execute(self.executor())
        .await?;
        self.request_sync(backfill.connection, false).await
    }

    /// The backfills of a connection, newest first; `open_only` leaves out those that have ended or
    /// are paused.
    pub async fn list_backfills(
        &mut self,
        connection: ConnectionId,
        open_only: bool,
    ) -> Result<Vec<Backfill>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, connection_id, window_from, window_to, state, reason, cursors, pages, records, \
                 estimate, created_at, modified_at \
             FROM backfills WHERE tenant_id = $1 AND connection_id = $2 \
                 AND (NOT $3 OR state IN ('accepted', 'processing')) \
             ORDER BY created_at DESC, id LIMIT 200",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(open_only)
        .fetch_all(self.executor())
        .await?;
        Ok(rows.into_iter().map(Backfill::from).collect())
    }

    /// One backfill of a connection.
    pub async fn find_backfill(
        &mut self,
        connection: ConnectionId,
        id: Uuid,
    ) -> Result<Option<Backfill>> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, connection_id, window_from, window_to, state, reason, cursors, pages, records, \
                 estimate, created_at, modified_at \
             FROM backfills WHERE tenant_id = $1 AND connection_id = $2 AND id = $3",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(id)
        .fetch_optional(self.executor())
        .await?;
        Ok(row.map(Backfill::from))
    }

    /// Cancels a backfill; `false` when it has ended already.
    pub async fn cancel_backfill(
        &mut self,
        connection: ConnectionId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool> {
        let from = &["accepted", "processing", "paused"];
        self.move_backfill(connection, id, from, "canceled", now)
            .await
    }

    /// Pauses a backfill; `false` when it is not under way.
    pub async fn pause_backfill(
        &mut self,
        connection: ConnectionId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool> {
        self.move_backfill(connection, id, &["accepted", "processing"], "paused", now)
            .await
    }

    /// Resumes a paused backfill and makes a run due; `false` when it is not paused.
    pub async fn resume_backfill(
        &mut self,
        connection: ConnectionId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool> {
        let moved = self
            .move_backfill(connection, id, &["paused"], "accepted", now)
            .await?;
        if moved {
            self.request_sync(connection, false).await?;
        }
        Ok(moved)
    }

    async fn move_backfill(
        &mut self,
        connection: ConnectionId,
        id: Uuid,
        from: &[&str],
        to: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE backfills SET state = $4, modified_at = $5 \
             WHERE tenant_id = $1 AND connection_id = $2 AND id = $3 AND state = ANY($6)",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(id)
        .bind(to)
        .bind(convert::db(now))
        .bind(from)
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// How many backfills of a connection have not ended.
    pub async fn count_unended_backfills(&mut self, connection: ConnectionId) -> Result<i64> {
        Ok(sqlx::query_scalar(
            "SELECT count(*) FROM backfills WHERE tenant_id = $1 AND connection_id = $2 \
                 AND state IN ('accepted', 'processing', 'paused')",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_one(self.executor())
        .await?)
    }

    /// Writes how far a backfill has come; nothing, and `false`, when it was paused or canceled
    /// meanwhile.
    pub async fn save_backfill(&mut self, backfill: &Backfill, now: Timestamp) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE backfills SET state = $3, reason = $4, cursors = $5, pages = $6, records = $7, \
                 modified_at = $8 \
             WHERE tenant_id = $1 AND id = $2 AND state IN ('accepted', 'processing')",
        )
        .bind(self.tenant().0)
        .bind(backfill.id)
        .bind(&backfill.state)
        .bind(&backfill.reason)
        .bind(convert::json(&backfill.cursors))
        .bind(backfill.pages)
        .bind(backfill.records)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
