//! The queue side of records: what is due, and how often fetching it failed.

use callweave_model::{ConnectionId, Timestamp};
use serde_json::Value;

use crate::{Result, TenantTx, convert, records::Due};

#[derive(sqlx::FromRow)]
struct Row {
    kind: String,
    remote_id: String,
    fingerprint: Option<Vec<u8>>,
    hint: Option<Value>,
    attempts: i32,
    failures: i32,
    first_seen_at: convert::DbTime,
    listed: bool,
    missing: bool,
    call_at: Option<convert::DbTime>,
}

impl From<Row> for Due {
    fn from(row: Row) -> Self {
        Self {
            kind: row.kind,
            remote_id: row.remote_id,
            fingerprint: row.fingerprint,
            hint: row.hint,
            attempts: row.attempts,
            failures: row.failures,
            first_seen_at: convert::model(row.first_seen_at),
            listed: row.listed,
            missing: row.missing,
            call_at: convert::model_option(row.call_at),
        }
    }
}

impl TenantTx {
    /// The records that are due, the longest waiting first.
    pub async fn due_records(
        &mut self,
        connection: ConnectionId,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Due>> {
        self.due_records_but(connection, &[], now, limit).await
    }

    /// The same, without those (kind, vendor id) that are being fetched already.
    pub async fn due_records_but(
        &mut self,
        connection: ConnectionId,
        busy: &[(String, String)],
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Due>> {
        let (kinds, ids): (Vec<&str>, Vec<&str>) = busy
            .iter()
            .map(|(kind, id)| (kind.as_str(), id.as_str()))
            .unzip();
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT record.kind, record.remote_id, record.fingerprint, record.hint, \
                 record.attempts, record.failures, record.first_seen_at, record.missing, \
                 record.fingerprint IS NOT NULL OR record.full_walk > 0 AS listed, \
                 key.sort_at AS call_at \
             FROM records AS record \
             LEFT JOIN call_keys AS key ON key.tenant_id = record.tenant_id \
                 AND key.id = record.call_id \
             WHERE record.tenant_id = $1 AND record.connection_id = $2 AND record.due_at <= $3 \
                 AND NOT EXISTS (SELECT FROM UNNEST($5::text[], $6::text[]) AS busy (kind, remote_id) \
                     WHERE busy.kind = record.kind AND busy.remote_id = record.remote_id) \
             ORDER BY record.due_at, record.kind, record.remote_id LIMIT $4",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::db(now))
        .bind(limit)
        .bind(kinds)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        Ok(rows.into_iter().map(Due::from).collect())
    }

    /// When the next record is due.
    pub async fn next_record_due(&mut self, connection: ConnectionId) -> Result<Option<Timestamp>> {
        let due: Option<convert::DbTime> = sqlx::query_scalar(
            "SELECT min(due_at) FROM records WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_one(self.executor())
        .await?;
        Ok(convert::model_option(due))
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

    /// Makes the records due on which the vendor failed and which wait for their next turn.
    pub async fn hurry_failed(&mut self, connection: ConnectionId, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE records SET due_at = $3 \
             WHERE tenant_id = $1 AND connection_id = $2 AND due_at > $3 AND failures > 0",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::db(now))
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
        if records.is_empty() {
            return Ok(());
        }
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
}
