//! Answers kept for requests that may come again.

use std::time::Duration;

use callweave_model::ApiKeyId;

use crate::{Result, TenantTx};

/// The name of a request: who sent it, under which key.
#[derive(Clone, Copy, Debug)]
pub struct RequestName<'a> {
    /// The API key it was sent with.
    pub api_key: ApiKeyId,
    /// The idempotency key.
    pub key: &'a str,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: it is the caller's to carry out.
    Ours,
    /// It is under way.
    UnderWay,
    /// The key belongs to another request.
    Differs,
    /// It was answered; the answer is sealed.
    Answered(Vec<u8>),
}

type Row = (Vec<u8>, Option<Vec<u8>>);

impl TenantTx {
    /// Takes a request on, unless it is under way or answered. A request whose owner died is taken
    /// over after `lock`; answers are kept for `keep`.
    pub async fn claim_request(
        &mut self,
        name: RequestName<'_>,
        request_hash: &[u8],
        lock: Duration,
        keep: Duration,
    ) -> Result<Claim> {
        sqlx::query(
            "DELETE FROM idempotency_keys \
             WHERE tenant_id = $1 AND created_at < now() - make_interval(secs => $2)",
        )
        .bind(self.tenant().0)
        .bind(keep.as_secs_f64())
        .execute(self.executor())
        .await?;
        let ours = sqlx::query(
            "INSERT INTO idempotency_keys AS old \
                 (tenant_id, api_key_id, key, request_hash, locked_until) \
             VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5)) \
             ON CONFLICT (tenant_id, api_key_id, key) DO UPDATE \
                 SET locked_until = EXCLUDED.locked_until, created_at = now() \
                 WHERE old.sealed_answer IS NULL AND old.locked_until < now() \
                     AND old.request_hash = EXCLUDED.request_hash",
        )
        .bind(self.tenant().0)
        .bind(name.api_key.0)
        .bind(name.key)
        .bind(request_hash)
        .bind(lock.as_secs_f64())
        .execute(self.executor())
        .await?;
        if ours.rows_affected() == 1 {
            return Ok(Claim::Ours);
        }
        let row: Option<Row> = sqlx::query_as(
            "SELECT request_hash, sealed_answer FROM idempotency_keys \
             WHERE tenant_id = $1 AND api_key_id = $2 AND key = $3",
        )
        .bind(self.tenant().0)
        .bind(name.api_key.0)
        .bind(name.key)
        .fetch_optional(self.executor())
        .await?;
        Ok(match row {
            Some((known, _)) if known != request_hash => Claim::Differs,
            Some((_, Some(answer))) => Claim::Answered(answer),
            // Released between the two statements: the next try takes it on.
            Some((_, None)) | None => Claim::UnderWay,
        })
    }

    /// Keeps the answer of a request, and the address of the thing it shows; `false` when another
    /// one is kept already.
    pub async fn keep_answer(
        &mut self,
        name: RequestName<'_>,
        sealed: &[u8],
        resource: Option<&str>,
    ) -> Result<bool> {
        let kept = sqlx::query(
            "UPDATE idempotency_keys SET sealed_answer = $4, resource = $5, locked_until = NULL \
             WHERE tenant_id = $1 AND api_key_id = $2 AND key = $3 AND sealed_answer IS NULL",
        )
        .bind(self.tenant().0)
        .bind(name.api_key.0)
        .bind(name.key)
        .bind(sealed)
        .bind(resource)
        .execute(self.executor())
        .await?;
        Ok(kept.rows_affected() == 1)
    }

    /// Notes the hash of what a streamed request carried, for those that come again.
    pub async fn note_streamed(&mut self, name: RequestName<'_>, hash: &[u8]) -> Result<()> {
        sqlx::query(
            "UPDATE idempotency_keys SET streamed_hash = $4 \
             WHERE tenant_id = $1 AND api_key_id = $2 AND key = $3",
        )
        .bind(self.tenant().0)
        .bind(name.api_key.0)
        .bind(name.key)
        .bind(hash)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// The hash of what the first request of this name carried, where it came to its end.
    pub async fn streamed_hash(&mut self, name: RequestName<'_>) -> Result<Option<Vec<u8>>> {
        let hash: Option<Option<Vec<u8>>> = sqlx::query_scalar(
            "SELECT streamed_hash FROM idempotency_keys \
             WHERE tenant_id = $1 AND api_key_id = $2 AND key = $3",
        )
        .bind(self.tenant().0)
        .bind(name.api_key.0)
        .bind(name.key)
        .fetch_optional(self.executor())
        .await?;
        Ok(hash.flatten())
    }

    /// Forgets the answers that show a thing.
    pub async fn forget_answers_about(&mut self, resource: &str) -> Result<()> {
        sqlx::query("DELETE FROM idempotency_keys WHERE tenant_id = $1 AND resource = $2")
            .bind(self.tenant().0)
            .bind(resource)
            .execute(self.executor())
            .await?;
        Ok(())
    }

    /// Gives up a request that had no effect, so that it may be sent again.
    pub async fn release_request(&mut self, name: RequestName<'_>) -> Result<()> {
        sqlx::query(
            "DELETE FROM idempotency_keys \
             WHERE tenant_id = $1 AND api_key_id = $2 AND key = $3 AND sealed_answer IS NULL",
        )
        .bind(self.tenant().0)
        .bind(name.api_key.0)
        .bind(name.key)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
