//! API keys: only a hash of the secret is kept.

use callweave_model::{ApiKeyId, TenantId, Timestamp};
use uuid::Uuid;

use crate::{Result, SystemTx, TenantTx, convert};

/// A key as it is stored.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id, which stands in the key itself.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: Uuid,
    id: Uuid,
    name: String,
    secret_hash: Vec<u8>,
    scopes: Vec<String>,
    created_at: convert::DbTime,
    expires_at: Option<convert::DbTime>,
    revoked_at: Option<convert::DbTime>,
    last_used_at: Option<convert::DbTime>,
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        Self {
            tenant_id: TenantId(row.tenant_id),
            id: ApiKeyId(row.id),
            name: row.name,
            secret_hash: row.secret_hash,
            scopes: row.scopes,
            created_at: convert::model(row.created_at),
            expires_at: convert::model_option(row.expires_at),
            revoked_at: convert::model_option(row.revoked_at),
            last_used_at: convert::model_option(row.last_used_at),
        }
    }
}

impl SystemTx {
    /// The key with this id, whoever's it is. The caller compares the secret.
    pub async fn find_api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT tenant_id, id, name, secret_hash, scopes, created_at, expires_at, revoked_at, \
                 last_used_at FROM api_keys WHERE id = $1",
        )
        .bind(id.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(row.map(ApiKey::from))
    }
}

impl TenantTx {
    /// Stores a new key.
    pub async fn insert_api_key(&mut self, key: &ApiKey) -> Result<()> {
        sqlx::query(
            "INSERT INTO api_keys (tenant_id, id, name, secret_hash, scopes, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.tenant().0)
        .bind(key.id.0)
        .bind(convert::text(&key.name))
        .bind(&key.secret_hash)
        .bind(&key.scopes)
        .bind(convert::db(key.created_at))
        .bind(convert::db_option(key.expires_at))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// The tenant's keys, newest first.
    pub async fn list_api_keys(&mut self) -> Result<Vec<ApiKey>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT tenant_id, id, name, secret_hash, scopes, created_at, expires_at, revoked_at, \
                 last_used_at FROM api_keys WHERE tenant_id = $1 ORDER BY created_at DESC, id",
        )
        .bind(self.tenant().0)
        .fetch_all(self.executor())
        .await?;
        Ok(rows.into_iter().map(ApiKey::from).collect())
    }

    /// Revokes a key; `false` when there is none or it was revoked before.
    pub async fn revoke_api_key(&mut self, id: ApiKeyId, now: Timestamp) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE api_keys SET revoked_at = $3 \
             WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// One key of the tenant, in force or not.
    pub async fn find_own_api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT tenant_id, id, name, secret_hash, scopes, created_at, expires_at, revoked_at, \
                 last_used_at FROM api_keys WHERE tenant_id = $1 AND id = $2",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(row.map(ApiKey::from))
    }

    /// Lets a key in force end at an instant, unless it ends earlier; `false` when there is none.
    pub async fn end_api_key(&mut self, id: ApiKeyId, end: Timestamp) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE api_keys SET expires_at = LEAST(expires_at, $3) \
             WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .bind(convert::db(end))
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Notes that a key was used, unless that was noted within the last minute.
    pub async fn note_key_use(&mut self, id: ApiKeyId) -> Result<()> {
        sqlx::query(
            "UPDATE api_keys SET last_used_at = now() WHERE tenant_id = $1 AND id = $2 \
                 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
