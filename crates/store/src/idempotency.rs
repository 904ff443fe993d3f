//! Answers kept for requests that may come again.
//!
//! What a request was is kept as a hash, sealed: a body may hold a phone or a name, and whoever reads
//! the table could try them out on a plain hash.

use std::time::Duration;

use callweave_model::ApiKeyId;
use secrecy::ExposeSecret as _;

use crate::{
    Result, StoreError, TenantTx,
    sealed::{SealedPlace, answer_row},
};

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
    /// It is known, and what it was cannot be read any more.
    Unreadable,
}

#[derive(sqlx::FromRow)]
struct KnownRequest {
    sealed_request: Option<Vec<u8>>,
    /// The hash itself, as the release before kept it; empty where it is sealed.
    request_hash: Vec<u8>,
    sealed_answer: Option<Vec<u8>>,
    lock_is_over: Option<bool>,
}

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
        let place = self.place_of_request(name);
        let sealed = self
            .sealer()?
            .seal(&place, request_hash)
            .map_err(|error| StoreError::inconsistent("idempotency_keys", error))?;
        let ours = sqlx::query(
            "INSERT INTO idempotency_keys (tenant_id, api_key_id, key, sealed_request, locked_until) \
             VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5)) \
             ON CONFLICT (tenant_id, api_key_id, key) DO NOTHING",
        )
        .bind(self.tenant().0)
        .bind(name.api_key.0)
        .bind(name.key)
        .bind(sealed)
        .bind(lock.as_secs_f64())
        .execute(self.executor())
        .await?;
        if ours.rows_affected() == 1 {
            return Ok(Claim::Ours);
        }
        let known: Option<KnownRequest> = sqlx::query_as(
            "SELECT sealed_request, request_hash, sealed_answer, locked_until < now() AS lock_is_over \
             FROM idempotency_keys WHERE tenant_id = $1 AND api_key_id = $2 AND key = $3 FOR UPDATE",
        )
        .bind(self.tenant().0)
        .bind(name.api_key.0)
        .bind(name.key)
        .fetch_optional(self.executor())
        .await?;
        // Released between the two statements: the next try takes it on.
        let Some(known) = known else {
            return Ok(Claim::UnderWay);
        };
        match self.is_same_request(&place, &known, request_hash)? {
            None => return Ok(Claim::Unreadable),
            Some(false) => return Ok(Claim::Differs),
            Some(true) => {}
        }
        if let Some(answer) = known.sealed_answer {
            return Ok(Claim::Answered(answer));
        }
        if known.lock_is_over != Some(true) {
            return Ok(Claim::UnderWay);
        }
        sqlx::query(
            "UPDATE idempotency_keys \
             SET locked_until = now() + make_interval(secs => $4), created_at = now() \
             WHERE tenant_id = $1 AND api_key_id = $2 AND key = $3",
        )
        .bind(self.tenant().0)
        .bind(name.api_key.0)
        .bind(name.key)
        .bind(lock.as_secs_f64())
        .execute(self.executor())
        .await?;
        Ok(Claim::Ours)
    }

    fn place_of_request(&self, name: RequestName<'_>) -> SealedPlace {
        SealedPlace {
            table: "idempotency_keys",
            column: "sealed_request",
            tenant: self.tenant(),
            row: answer_row(name.api_key, name.key),
        }
    }

    /// Whether a request is the one that is known; `None` when that cannot be read.
    fn is_same_request(
        &self,
        place: &SealedPlace,
        known: &KnownRequest,
        request_hash: &[u8],
    ) -> Result<Option<bool>> {
        let Some(sealed) = &known.sealed_request else {
            return Ok(Some(known.request_hash == request_hash));
        };
        let opened = self.sealer()?.open(place, sealed);
        Ok(opened.ok().map(|hash| hash.expose_secret() == request_hash))
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
