//! Tenants.

use callweave_model::TenantId;
use uuid::Uuid;

use crate::{Result, SystemTx, events::ORIGIN};

/// A tenant.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Tenant {
    /// Its id, derived from the name.
    pub tenant_id: Uuid,
    /// Its name.
    pub name: String,
}

/// The id of the tenant with this name: the same on every installation, so names are unique.
pub fn tenant_id(name: &str) -> TenantId {
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"callweave:tenant");
    TenantId(Uuid::new_v5(
        &namespace,
        name.trim().to_lowercase().as_bytes(),
    ))
}

impl SystemTx {
    /// Makes the tenant if it is missing, and returns its id.
    pub async fn ensure_tenant(&mut self, name: &str) -> Result<TenantId> {
        let id = tenant_id(name);
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "INSERT INTO tenants (tenant_id, name, feed_origin, days_counted) \
             VALUES ($1, $2, {ORIGIN}, true) ON CONFLICT DO NOTHING"
        )))
        .bind(id.0)
        .bind(name.trim())
        .execute(self.executor())
        .await?;
        Ok(id)
    }

    /// Whether there is a tenant with this id.
    pub async fn tenant_exists(&mut self, id: TenantId) -> Result<bool> {
        Ok(
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM tenants WHERE tenant_id = $1)")
                .bind(id.0)
                .fetch_one(self.executor())
                .await?,
        )
    }

    /// Every tenant, by name.
    pub async fn list_tenants(&mut self) -> Result<Vec<Tenant>> {
        Ok(
            sqlx::query_as("SELECT tenant_id, name FROM tenants ORDER BY name")
                .fetch_all(self.executor())
                .await?,
        )
    }
}
