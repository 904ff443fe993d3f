//! The figures by day, which triggers keep: gathering their rows, and counting calls that were there
//! before the figures were.

use callweave_model::TenantId;

use crate::{Result, Store, TenantTx};

/// So many added rows are looked at in one transaction.
const BATCH: i64 = 5_000;

impl Store {
    /// Makes the figures by day those of all calls of a tenant, whoever changes calls meanwhile; returns
    /// how many figures were not. `None` where another process is at it: the rest is left to that one.
    pub async fn count_days(&self, tenant: TenantId) -> Result<Option<u64>> {
        let (mut corrected, mut day) = (0, None);
        loop {
            let mut tx = self.tenant(tenant).await?;
            if !tx.has_days_for_itself().await? {
                return Ok(None);
            }
            let next = tx.next_day(day.as_deref()).await?;
            match &next {
                Some(next) => corrected += tx.count_day(next).await?,
                None => tx.note_days_counted().await?,
            }
            tx.commit().await?;
            if next.is_none() {
                return Ok(Some(corrected));
            }
            day = next;
        }
    }
}

impl TenantTx {
    /// Replaces the rows of figures by their sums, where rows were added since the last time; returns how
    /// many those were. Nothing is left to do when it is none. Where another process is at it, it is none.
    pub async fn fold_days(&mut self) -> Result<u64> {
        if !self.has_days_for_itself().await? {
            return Ok(0);
        }
        let folded: i64 = sqlx::query_scalar(include_str!("../../sql/fold_days.sql"))
            .bind(self.tenant().0)
            .bind(BATCH)
            .fetch_one(self.executor())
            .await?;
        Ok(u64::try_from(folded).unwrap_or_default())
    }

    /// Whether the figures by day are those of all calls.
    pub async fn days_are_counted(&mut self) -> Result<bool> {
        let counted: Option<bool> =
            sqlx::query_scalar("SELECT days_counted FROM tenants WHERE tenant_id = $1")
                .bind(self.tenant().0)
                .fetch_optional(self.executor())
                .await?;
        Ok(counted.unwrap_or_default())
    }

    /// Whether no other process gathers or counts until the end of this transaction. Two that counted at once
    /// would both add what is missing. Those who only add rows need not ask.
    async fn has_days_for_itself(&mut self) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "SELECT pg_try_advisory_xact_lock(hashtext('call_days'), hashtext($1::text))",
        )
        .bind(self.tenant().0)
        .fetch_one(self.executor())
        .await?)
    }

    /// The first day after one that has calls or figures.
    async fn next_day(&mut self, after: Option<&str>) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(include_str!("../../sql/next_day.sql"))
            .bind(self.tenant().0)
            .bind(after)
            .fetch_one(self.executor())
            .await?)
    }

    async fn count_day(&mut self, day: &str) -> Result<u64> {
        let added = sqlx::query(include_str!("../../sql/count_day.sql"))
            .bind(self.tenant().0)
            .bind(day)
            .execute(self.executor())
            .await?;
        Ok(added.rows_affected())
    }

    async fn note_days_counted(&mut self) -> Result<()> {
        sqlx::query(
            "UPDATE tenants SET days_counted = true WHERE tenant_id = $1 AND NOT days_counted",
        )
        .bind(self.tenant().0)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
