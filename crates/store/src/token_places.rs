//! How many token renewals run at one vendor, counted over all replicas and tenants.

use std::time::Duration;

use callweave_model::TenantId;
use uuid::Uuid;

use crate::{Result, SystemTx};

/// A renewal that wants a place at its vendor.
#[derive(Clone, Copy, Debug)]
pub struct TokenPlace<'a> {
    /// Whose token.
    pub tenant: TenantId,
    /// The account.
    pub namespace: Uuid,
    /// The vendor.
    pub vendor: &'a str,
    /// Who holds it.
    pub holder: Uuid,
}

impl SystemTx {
    /// Takes a place, or keeps the one that is held, for so long; `false` when `most` renewals run
    /// at the vendor already.
    pub async fn take_token_place(
        &mut self,
        place: TokenPlace<'_>,
        most: i64,
        length: Duration,
    ) -> Result<bool> {
        // Two who count at the same time would both find room.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('token_places ' || $1, 0))")
            .bind(place.vendor)
            .execute(self.executor())
            .await?;
        let done = sqlx::query(
            "INSERT INTO token_places (tenant_id, namespace, vendor, holder, held_until) \
             SELECT $1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5) \
             WHERE (SELECT count(*) FROM token_places \
                    WHERE vendor = $3 AND held_until > clock_timestamp() \
                        AND (tenant_id, namespace) <> ($1, $2)) < $6 \
             ON CONFLICT (tenant_id, namespace) DO UPDATE SET vendor = EXCLUDED.vendor, \
                 holder = EXCLUDED.holder, held_until = EXCLUDED.held_until",
        )
        .bind(place.tenant.0)
        .bind(place.namespace)
        .bind(place.vendor)
        .bind(place.holder)
        .bind(length.as_secs_f64())
        .bind(most)
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives a place back; that of another holder stays.
    pub async fn leave_token_place(&mut self, place: TokenPlace<'_>) -> Result<()> {
        sqlx::query(
            "DELETE FROM token_places WHERE tenant_id = $1 AND namespace = $2 AND holder = $3",
        )
        .bind(place.tenant.0)
        .bind(place.namespace)
        .bind(place.holder)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
