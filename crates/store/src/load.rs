//! How much work waits, over all tenants together.

use crate::{Result, SystemTx};

/// What waits, what is under way, and how late it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, sqlx::FromRow)]
pub struct Load {
    /// Connections that are synced.
    pub connections: i64,
    /// Of these, whose last sync failed.
    pub failing: i64,
    /// Syncs that are due and nobody has taken.
    pub syncs_due: i64,
    /// Syncs under way.
    pub syncs_running: i64,
    /// How long the longest of those that are due has been, in seconds.
    pub sync_wait: f64,
    /// How old the least fresh data of a connection is, in seconds.
    pub sync_lag: f64,
    /// Jobs that are due and nobody has taken.
    pub jobs_due: i64,
    /// Jobs that are worked on.
    pub jobs_running: i64,
    /// Jobs that rest until they are looked at again.
    pub jobs_resting: i64,
    /// How long the longest of those that are due has been, in seconds.
    pub job_wait: f64,
}

impl SystemTx {
    /// What waits at the moment.
    pub async fn load(&mut self) -> Result<Load> {
        Ok(sqlx::query_as(include_str!("../sql/load.sql"))
            .fetch_one(self.executor())
            .await?)
    }
}
