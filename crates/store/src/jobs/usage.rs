//! What jobs take from a vendor's plan.

use callweave_model::{ConnectionId, Timestamp};
use serde_json::json;

use crate::{Result, TenantTx, convert, events::Event};

/// How much of a resource is left.
#[derive(Clone, Debug)]
pub struct Level {
    /// The resource.
    pub resource: String,
    /// What the plan grants.
    pub limit: Option<f64>,
    /// What is left.
    pub remaining: f64,
    /// It runs low.
    pub low: bool,
}

impl TenantTx {
    /// What jobs that the vendor may not have counted yet will take of a resource: those not yet
    /// sent, and those sent since `counted_at`.
    pub async fn reserved_usage(
        &mut self,
        connection: ConnectionId,
        resource: &str,
        counted_at: Timestamp,
        since: Timestamp,
    ) -> Result<f64> {
        Ok(sqlx::query_scalar(
            "SELECT COALESCE(sum((cost ->> 'amount')::float8), 0) FROM jobs \
             WHERE tenant_id = $1 AND connection_id = $2 AND cost ->> 'resource' = $3 \
                 AND created_at >= $5 \
                 AND (state IN ('accepted', 'submitting', 'outcome_unknown') OR submitted_at >= $4)",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(resource)
        .bind(convert::db(counted_at))
        .bind(convert::db(since))
        .fetch_one(self.executor())
        .await?)
    }

    /// Notes which resources run low, and tells it of those that did not before.
    pub async fn note_usage(
        &mut self,
        connection: ConnectionId,
        levels: &[Level],
        now: Timestamp,
    ) -> Result<()> {
        let mut events = Vec::new();
        for level in levels {
            let statement = if level.low {
                "INSERT INTO low_usage (tenant_id, connection_id, resource, since) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
            } else {
                "DELETE FROM low_usage \
                 WHERE tenant_id = $1 AND connection_id = $2 AND resource = $3 AND since <= $4"
            };
            let done = sqlx::query(statement)
                .bind(self.tenant().0)
                .bind(connection.0)
                .bind(convert::text(&level.resource))
                .bind(convert::db(now))
                .execute(self.executor())
                .await?;
            if level.low && done.rows_affected() == 1 {
                events.push(Event {
                    event_type: "usage.threshold",
                    connection: Some(connection),
                    subject: Some(connection.0),
                    data: json!({
                        "resource": level.resource,
                        "limit": level.limit,
                        "remaining": level.remaining,
                    }),
                });
            }
        }
        self.insert_events(&events, now).await
    }
}
