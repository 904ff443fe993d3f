//! What an operator grants single tenants in place of the configured limits.

use callweave_model::TenantId;

use crate::{Result, SystemTx};

/// The limits of one tenant that differ from the configured ones; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Requests in the configured window.
    pub requests: Option<u32>,
    /// Requests under way at a time.
    pub concurrency: Option<u32>,
    /// Exports under way at a time.
    pub exports: Option<u32>,
    /// Event streams open at a time.
    pub streams: Option<u32>,
}

type Row = (Option<i32>, Option<i32>, Option<i32>, Option<i32>);

fn number(stored: Option<i32>) -> Option<u32> {
    stored.and_then(|number| u32::try_from(number).ok())
}

fn stored(number: Option<u32>) -> Option<i32> {
    number.map(|number| i32::try_from(number).unwrap_or(i32::MAX))
}

impl SystemTx {
    /// What is granted to a tenant; nothing of its own unless told.
    pub async fn tenant_limits(&mut self, tenant: TenantId) -> Result<Overrides> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT requests, concurrency, exports, streams FROM tenant_limits WHERE tenant_id = $1",
        )
        .bind(tenant.0)
        .fetch_optional(self.executor())
        .await?;
        let (requests, concurrency, exports, streams) = row.unwrap_or_default();
        Ok(Overrides {
            requests: number(requests),
            concurrency: number(concurrency),
            exports: number(exports),
            streams: number(streams),
        })
    }

    /// Replaces what is granted to a tenant.
    pub async fn set_tenant_limits(&mut self, tenant: TenantId, limits: Overrides) -> Result<()> {
        sqlx::query(
            "INSERT INTO tenant_limits (tenant_id, requests, concurrency, exports, streams) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (tenant_id) DO UPDATE SET requests = EXCLUDED.requests, \
                 concurrency = EXCLUDED.concurrency, exports = EXCLUDED.exports, \
                 streams = EXCLUDED.streams, modified_at = now()",
        )
        .bind(tenant.0)
        .bind(stored(limits.requests))
        .bind(stored(limits.concurrency))
        .bind(stored(limits.exports))
        .bind(stored(limits.streams))
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
