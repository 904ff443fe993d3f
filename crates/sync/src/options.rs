//! How the engine paces itself.

use std::time::Duration;

/// How the engine paces itself.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Connections that are synced at the same time by this process.
    pub workers: usize,
    /// From the end of a run to the next one.
    pub poll_interval: Duration,
    /// From the end of a walk over everything to the next one; deletions show on these.
    pub full_walk_interval: Duration,
    /// The longest turn of a run before other connections get theirs.
    pub turn: Duration,
    /// How long a lease lasts without a heartbeat.
    pub lease: Duration,
    /// How long a record may be "not ready" before the gateway stops asking.
    pub readiness_deadline: Duration,
    /// What vendors keep: a call that is older and that its vendor no longer has was not deleted
    /// there, it aged out, and our copy stays. `None`: vendors keep everything.
    pub vendor_retention: Option<Duration>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            workers: 4,
            poll_interval: Duration::from_secs(60),
            full_walk_interval: Duration::from_hours(24),
            turn: Duration::from_secs(60),
            lease: Duration::from_secs(30),
            readiness_deadline: Duration::from_hours(24),
            vendor_retention: Some(Duration::from_hours(365 * 24)),
        }
    }
}
