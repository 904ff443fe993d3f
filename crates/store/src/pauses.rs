//! What all replicas leave alone for a while: vendor accounts whose vendor asked for a pause, and
//! operations that refuse even a fresh token.

use std::time::Duration;

use callweave_model::Timestamp;
use uuid::Uuid;

use crate::{Result, TenantTx, convert};

/// How long the operations of an account that refuse every token are left alone.
#[derive(Clone, Copy, Debug)]
pub struct RestLengths {
    /// The first time.
    pub first: Duration,
    /// Each further time.
    pub further: Duration,
    /// After so long without a refusal it begins anew.
    pub forgotten: Duration,
}

impl TenantTx {
    /// How long a vendor account must still be left alone, by the database's clock.
    pub async fn vendor_pause(&mut self, namespace: Uuid) -> Result<Option<Duration>> {
        let left: Option<f64> = sqlx::query_scalar(
            "SELECT EXTRACT(EPOCH FROM not_before - clock_timestamp())::float8 \
             FROM vendor_pauses \
             WHERE tenant_id = $1 AND namespace = $2 AND not_before > clock_timestamp()",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .fetch_optional(self.executor())
        .await?;
        Ok(left
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|left| !left.is_zero()))
    }

    /// Notes a pause from now on; a longer one that was noted before stays.
    pub async fn note_vendor_pause(&mut self, namespace: Uuid, pause: Duration) -> Result<()> {
        sqlx::query(
            "INSERT INTO vendor_pauses (tenant_id, namespace, not_before) \
             VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3)) \
             ON CONFLICT (tenant_id, namespace) DO UPDATE \
                 SET not_before = GREATEST(vendor_pauses.not_before, EXCLUDED.not_before)",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(pause.as_secs_f64())
        .execute(self.executor())
        .await?;
        sqlx::query(
            "DELETE FROM vendor_pauses \
             WHERE tenant_id = $1 AND not_before < clock_timestamp() - interval '1 day'",
        )
        .bind(self.tenant().0)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Whether an operation of an account is left alone at `now`.
    pub async fn endpoint_rests(
        &mut self,
        namespace: Uuid,
        operation: &str,
        now: Timestamp,
    ) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM endpoint_rests \
                 WHERE tenant_id = $1 AND namespace = $2 AND operation = $3 AND until > $4)",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(operation)
        .bind(convert::db(now))
        .fetch_one(self.executor())
        .await?)
    }

    /// The operations of an account that are left alone at `now`, and until when.
    pub async fn list_endpoint_rests(
        &mut self,
        namespace: Uuid,
        now: Timestamp,
    ) -> Result<Vec<(String, Timestamp)>> {
        let rows: Vec<(String, convert::DbTime)> = sqlx::query_as(
            "SELECT operation, until FROM endpoint_rests \
             WHERE tenant_id = $1 AND namespace = $2 AND until > $3 ORDER BY operation",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(convert::db(now))
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(operation, until)| (operation, convert::model(until)))
            .collect())
    }

    /// Notes that an operation refused a token that was renewed for it. Refusals during a rest
    /// count once: their callers were under way together.
    pub async fn rest_endpoint(
        &mut self,
        namespace: Uuid,
        operation: &str,
        now: Timestamp,
        lengths: RestLengths,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO endpoint_rests AS rest (tenant_id, namespace, operation, since, until) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (tenant_id, namespace, operation) DO UPDATE SET \
                 since = EXCLUDED.since, \
                 until = CASE WHEN rest.since <= $7 THEN EXCLUDED.until ELSE $6 END \
             WHERE rest.until <= EXCLUDED.since",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(operation)
        .bind(convert::db(now))
        .bind(convert::db(now.plus(lengths.first)))
        .bind(convert::db(now.plus(lengths.further)))
        .bind(convert::db(now.minus(lengths.forgotten)))
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
