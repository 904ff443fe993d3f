//! Token rows: one a vendor account, fenced by a lease. Times of leases are the database's own.

use std::time::Duration;

use callweave_model::{ConnectionId, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::{Result, TenantTx, connection_state::Ending, convert, events::Event};

/// A token row. Tokens are sealed by the caller.
#[derive(Clone, Debug, Default)]
pub struct TokenRow {
    /// Rises with every renewal.
    pub gen_number: i64,
    /// Access and refresh token, sealed.
    pub sealed_token: Option<Vec<u8>>,
    /// When the access token ends.
    pub access_expires_at: Option<Timestamp>,
    /// When the refresh token ends.
    pub refresh_expires_at: Option<Timestamp>,
    /// When the token was got.
    pub obtained_at: Option<Timestamp>,
    /// The vendor's id of the token.
    pub remote_id: Option<String>,
    /// The version of the credentials it was got with.
    pub cred_version: i32,
    /// Rises with every holder of the lease.
    pub lease_epoch: i64,
    /// A renewal is under way.
    pub leased: bool,
    /// The generation whose refresh token may be spent.
    pub intent_gen: Option<i64>,
    /// A pair that a fenced renewal got.
    pub sealed_orphan: Option<Vec<u8>>,
    /// Failed renewals in a row.
    pub failures: i32,
    /// No renewal before that.
    pub not_before: Option<Timestamp>,
    /// The credentials (of `cred_version`) were refused for this reason.
    pub rejected_reason: Option<String>,
    /// Logins within the last hour.
    pub logins: Vec<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(rename = "gen")]
    gen_number: i64,
    sealed_token: Option<Vec<u8>>,
    access_expires_at: Option<convert::DbTime>,
    refresh_expires_at: Option<convert::DbTime>,
    obtained_at: Option<convert::DbTime>,
    remote_id: Option<String>,
    cred_version: i32,
    lease_epoch: i64,
    leased: bool,
    intent_gen: Option<i64>,
    sealed_orphan: Option<Vec<u8>>,
    failures: i32,
    not_before: Option<convert::DbTime>,
    rejected_reason: Option<String>,
    logins: Vec<convert::DbTime>,
}

impl From<Row> for TokenRow {
    fn from(row: Row) -> Self {
        Self {
            gen_number: row.gen_number,
            sealed_token: row.sealed_token,
            access_expires_at: convert::model_option(row.access_expires_at),
            refresh_expires_at: convert::model_option(row.refresh_expires_at),
            obtained_at: convert::model_option(row.obtained_at),
            remote_id: row.remote_id,
            cred_version: row.cred_version,
            lease_epoch: row.lease_epoch,
            leased: row.leased,
            intent_gen: row.intent_gen,
            sealed_orphan: row.sealed_orphan,
            failures: row.failures,
            not_before: convert::model_option(row.not_before),
            rejected_reason: row.rejected_reason,
            logins: row.logins.into_iter().map(convert::model).collect(),
        }
    }
}

/// How a token was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obtained {
    /// With a refresh token.
    Refresh,
    /// With the credentials.
    Login,
}

impl Obtained {
    const fn word(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Login => "login",
        }
    }
}

/// A renewal that failed.
#[derive(Clone, Copy, Debug)]
pub struct TokenFailure<'a> {
    /// Why, without secrets.
    pub reason: &'a str,
    /// When it may be tried again.
    pub not_before: Option<Timestamp>,
    /// The version of the credentials that were refused for good.
    pub rejected: Option<i32>,
}

/// A fresh pair to be saved.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// How it was got.
    pub by: Obtained,
    /// The token was handed in, and ends for good then.
    pub ending: Option<Ending>,
    /// Access and refresh token, sealed.
    pub sealed_token: Vec<u8>,
    /// When the access token ends.
    pub access_expires_at: Option<Timestamp>,
    /// When the refresh token ends.
    pub refresh_expires_at: Option<Timestamp>,
    /// When it was got.
    pub obtained_at: Timestamp,
    /// The vendor's id of the token.
    pub remote_id: Option<String>,
    /// The version of the credentials it was got with.
    pub cred_version: i32,
}

impl TenantTx {
    /// The token row of an account, made if it is missing.
    pub async fn load_token(&mut self, namespace: Uuid) -> Result<TokenRow> {
        sqlx::query(
            "INSERT INTO tokens (tenant_id, namespace) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .execute(self.executor())
        .await?;
        let row: Row = sqlx::query_as(
            "SELECT gen, sealed_token, access_expires_at, refresh_expires_at, obtained_at, remote_id, \
                 cred_version, lease_epoch, COALESCE(lease_until > now(), false) AS leased, intent_gen, \
                 sealed_orphan, failures, not_before, rejected_reason, logins \
             FROM tokens WHERE tenant_id = $1 AND namespace = $2",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .fetch_one(self.executor())
        .await?;
        Ok(TokenRow::from(row))
    }

    /// Takes the lease if nobody holds it; returns its epoch.
    pub async fn lease_token(
        &mut self,
        namespace: Uuid,
        owner: Uuid,
        length: Duration,
    ) -> Result<Option<i64>> {
        Ok(sqlx::query_scalar(
            "UPDATE tokens SET lease_owner = $3, lease_epoch = lease_epoch + 1, \
                 lease_until = now() + make_interval(secs => $4) \
             WHERE tenant_id = $1 AND namespace = $2 AND (lease_until IS NULL OR lease_until < now()) \
             RETURNING lease_epoch",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(owner)
        .bind(length.as_secs_f64())
        .fetch_optional(self.executor())
        .await?)
    }

    /// Moves the end of the lease; `false` when it is not ours any more.
    pub async fn extend_token_lease(
        &mut self,
        namespace: Uuid,
        epoch: i64,
        length: Duration,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE tokens SET lease_until = now() + make_interval(secs => $4) \
             WHERE tenant_id = $1 AND namespace = $2 AND lease_epoch = $3 AND lease_until > now()",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(epoch)
        .bind(length.as_secs_f64())
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives the lease back.
    pub async fn release_token(&mut self, namespace: Uuid, epoch: i64) -> Result<()> {
        sqlx::query(
            "UPDATE tokens SET lease_until = NULL, lease_owner = NULL \
             WHERE tenant_id = $1 AND namespace = $2 AND lease_epoch = $3",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(epoch)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Notes, before the vendor is asked, that this generation's refresh token may be spent.
    pub async fn note_token_intent(
        &mut self,
        namespace: Uuid,
        epoch: i64,
        gen_number: i64,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE tokens SET intent_gen = $4 \
             WHERE tenant_id = $1 AND namespace = $2 AND lease_epoch = $3",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(epoch)
        .bind(gen_number)
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Counts a login before it is sent; keeps the last hour.
    pub async fn note_login(&mut self, namespace: Uuid, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE tokens SET logins = ARRAY( \
                 SELECT at FROM UNNEST(logins) AS at WHERE at > $3::timestamptz - interval '1 hour' \
             ) || $3::timestamptz \
             WHERE tenant_id = $1 AND namespace = $2",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Saves a fresh pair, with its event where it replaces another one; `false` when the lease,
    /// the generation or the credentials moved on.
    pub async fn save_token(
        &mut self,
        namespace: Uuid,
        epoch: i64,
        seen_gen: i64,
        token: &NewToken,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE tokens SET gen = gen + 1, sealed_token = $5, access_expires_at = $6, \
                 refresh_expires_at = $7, obtained_at = $8, remote_id = $9, cred_version = $10, \
                 intent_gen = NULL, sealed_orphan = NULL, failures = 0, not_before = NULL, \
                 failure_reason = NULL, rejected_reason = NULL, lease_until = NULL, lease_owner = NULL \
             WHERE tenant_id = $1 AND namespace = $2 AND lease_epoch = $3 AND gen = $4 \
                 AND EXISTS (SELECT FROM connections WHERE tenant_id = $1 AND namespace = $2 \
                     AND deleted_at IS NULL AND credentials_version = $10)",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(epoch)
        .bind(seen_gen)
        .bind(&token.sealed_token)
        .bind(convert::db_option(token.access_expires_at))
        .bind(convert::db_option(token.refresh_expires_at))
        .bind(convert::db(token.obtained_at))
        .bind(&token.remote_id)
        .bind(token.cred_version)
        .execute(self.executor())
        .await?;
        if done.rows_affected() != 1 {
            return Ok(false);
        }
        self.note_credentials_end(namespace, token.cred_version, token.ending)
            .await?;
        if token.ending.is_some() {
            self.announce_ending_credentials(token.obtained_at).await?;
        }
        if seen_gen > 0 {
            self.tell_renewed(namespace, token).await?;
        }
        Ok(true)
    }

    async fn tell_renewed(&mut self, namespace: Uuid, token: &NewToken) -> Result<()> {
        let connections: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM connections \
             WHERE tenant_id = $1 AND namespace = $2 AND deleted_at IS NULL ORDER BY id",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .fetch_all(self.executor())
        .await?;
        let data = json!({"by": token.by.word(), "expires_at": token.access_expires_at});
        let events: Vec<Event> = connections
            .into_iter()
            .map(|id| Event {
                event_type: "connection.token_renewed",
                connection: Some(ConnectionId(id)),
                subject: Some(id),
                data: data.clone(),
            })
            .collect();
        self.insert_events(&events, token.obtained_at).await
    }

    /// Takes the orphaned pair away before it is used: whatever comes of that, it serves once.
    pub async fn take_orphan_token(&mut self, namespace: Uuid, epoch: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE tokens SET sealed_orphan = NULL \
             WHERE tenant_id = $1 AND namespace = $2 AND lease_epoch = $3 \
                 AND sealed_orphan IS NOT NULL",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(epoch)
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Keeps a pair whose saving was fenced off, while its credentials are those of a live
    /// connection: a pair of replaced credentials is of no use to anybody.
    pub async fn keep_orphan_token(
        &mut self,
        namespace: Uuid,
        sealed: &[u8],
        cred_version: i32,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE tokens SET sealed_orphan = $3 WHERE tenant_id = $1 AND namespace = $2 \
                 AND EXISTS (SELECT FROM connections WHERE tenant_id = $1 AND namespace = $2 \
                     AND deleted_at IS NULL AND credentials_version = $4)",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(sealed)
        .bind(cred_version)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Notes a failed renewal: a pause, or a definite refusal of the credentials, after which the
    /// account's connections ask their owner to act.
    pub async fn note_token_failure(
        &mut self,
        namespace: Uuid,
        epoch: i64,
        failure: TokenFailure<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let done = sqlx::query(
            "UPDATE tokens SET failures = failures + 1, not_before = $4, failure_reason = $5, \
                 rejected_reason = CASE WHEN $6::integer IS NULL THEN rejected_reason ELSE $5 END, \
                 cred_version = COALESCE($6, cred_version), lease_until = NULL, lease_owner = NULL \
             WHERE tenant_id = $1 AND namespace = $2 AND lease_epoch = $3",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(epoch)
        .bind(convert::db_option(failure.not_before))
        .bind(convert::text(failure.reason))
        .bind(failure.rejected)
        .execute(self.executor())
        .await?;
        match failure.rejected {
            Some(version) if done.rows_affected() == 1 => {
                self.require_credentials(namespace, version, failure.reason, now)
                    .await
            }
            _ => Ok(()),
        }
    }
}
