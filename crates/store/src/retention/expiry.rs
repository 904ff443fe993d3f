//! Deleting what has grown too old, a batch a transaction.

use callweave_model::{CallId, Timestamp};
use uuid::Uuid;

use super::{Kind, arriving::silence};
use crate::{Result, TenantTx, convert};

/// Calls of one transaction.
const BATCH: i64 = 100;

/// What of a call a rule is applied to.
#[derive(sqlx::FromRow)]
struct Old {
    id: Uuid,
    sort_at: convert::DbTime,
    connection_id: Uuid,
}

impl TenantTx {
    /// Deletes some of the calls that are older than an instant, with all that belongs to them;
    /// returns how many. Nobody needs to be asked again when it is none.
    pub async fn expire_calls(&mut self, before: Timestamp, now: Timestamp) -> Result<u64> {
        let calls: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM calls WHERE tenant_id = $1 AND sort_at < $2 \
             ORDER BY sort_at, id LIMIT $3",
        )
        .bind(self.tenant().0)
        .bind(convert::db(before))
        .bind(BATCH)
        .fetch_all(self.executor())
        .await?;
        if calls.is_empty() {
            return Ok(0);
        }
        let counts = self.purge_aged(calls, now).await?;
        Ok(counts.calls)
    }

    /// Takes the transcripts out of some of the calls that are older than an instant, and the
    /// vendors' documents; returns how many calls were looked at.
    pub async fn expire_transcripts(&mut self, before: Timestamp, now: Timestamp) -> Result<u64> {
        let old = self.next_old(Kind::Transcripts, before).await?;
        self.drop_documents_of(&old).await?;
        let mut looked_at = 0;
        for call in &old {
            looked_at += 1;
            let Some(scope) = self.connection_scope(call.connection_id.into()).await? else {
                continue;
            };
            self.lessen_call(&scope, CallId(call.id), silence, now)
                .await?;
        }
        Ok(looked_at)
    }

    /// Deletes the vendors' documents of some of the calls that are older than an instant, and of
    /// records that never became one; returns how many were looked at.
    pub async fn expire_documents(&mut self, before: Timestamp) -> Result<u64> {
        let old = self.next_old(Kind::Documents, before).await?;
        self.drop_documents_of(&old).await?;
        let hashes: Vec<Vec<u8>> = sqlx::query_scalar(
            "DELETE FROM record_documents AS link USING ( \
                 SELECT connection_id, kind, remote_id FROM records AS record \
                 WHERE tenant_id = $1 AND call_id IS NULL AND first_seen_at < $2 \
                     AND EXISTS (SELECT FROM record_documents AS link \
                         WHERE link.tenant_id = $1 AND link.connection_id = record.connection_id \
                             AND link.kind = record.kind AND link.remote_id = record.remote_id) \
                 LIMIT $3) AS old \
             WHERE link.tenant_id = $1 AND link.connection_id = old.connection_id \
                 AND link.kind = old.kind AND link.remote_id = old.remote_id \
             RETURNING link.hash",
        )
        .bind(self.tenant().0)
        .bind(convert::db(before))
        .bind(BATCH)
        .fetch_all(self.executor())
        .await?;
        self.drop_unlinked(&hashes).await?;
        Ok(u64::try_from(old.len() + hashes.len()).unwrap_or(u64::MAX))
    }

    /// The next calls that a rule was not applied to, and notes that it was.
    async fn next_old(&mut self, kind: Kind, before: Timestamp) -> Result<Vec<Old>> {
        let done: Option<(Option<convert::DbTime>, Option<Uuid>)> = sqlx::query_as(
            "SELECT done_at, done_id FROM retention_rules WHERE tenant_id = $1 AND kind = $2 \
             FOR UPDATE",
        )
        .bind(self.tenant().0)
        .bind(kind.word())
        .fetch_optional(self.executor())
        .await?;
        let Some((done_at, done_id)) = done else {
            return Ok(Vec::new());
        };
        let old: Vec<Old> = sqlx::query_as(
            "SELECT id, sort_at, connection_id FROM calls \
             WHERE tenant_id = $1 AND sort_at < $2 \
                 AND ($3::timestamptz IS NULL OR (sort_at, id) > ($3, $4)) \
             ORDER BY sort_at, id LIMIT $5",
        )
        .bind(self.tenant().0)
        .bind(convert::db(before))
        .bind(done_at)
        .bind(done_id)
        .bind(BATCH)
        .fetch_all(self.executor())
        .await?;
        if let Some(last) = old.last() {
            sqlx::query(
                "UPDATE retention_rules SET done_at = $3, done_id = $4 \
                 WHERE tenant_id = $1 AND kind = $2",
            )
            .bind(self.tenant().0)
            .bind(kind.word())
            .bind(last.sort_at)
            .bind(last.id)
            .execute(self.executor())
            .await?;
        }
        Ok(old)
    }

    async fn drop_documents_of(&mut self, calls: &[Old]) -> Result<()> {
        let ids: Vec<Uuid> = calls.iter().map(|call| call.id).collect();
        sqlx::query(
            "SELECT FROM records WHERE tenant_id = $1 AND call_id = ANY($2) \
             ORDER BY connection_id, kind, remote_id FOR UPDATE",
        )
        .bind(self.tenant().0)
        .bind(&ids)
        .execute(self.executor())
        .await?;
        let hashes: Vec<Vec<u8>> = sqlx::query_scalar(
            "DELETE FROM record_documents AS link USING records AS record \
             WHERE record.tenant_id = $1 AND record.call_id = ANY($2) AND link.tenant_id = $1 \
                 AND link.connection_id = record.connection_id AND link.kind = record.kind \
                 AND link.remote_id = record.remote_id \
             RETURNING link.hash",
        )
        .bind(self.tenant().0)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        self.drop_unlinked(&hashes).await
    }
}
