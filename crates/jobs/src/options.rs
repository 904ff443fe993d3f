//! How jobs are paced.

use std::time::Duration;

use crate::traces::Traces;

/// How jobs are paced.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// Jobs that are worked on at the same time by this process.
    pub workers: usize,
    /// Jobs of one connection that are worked on at the same time, uploads under way among them.
    pub per_connection: i64,
    /// How long a job stays with a process that gives no sign of life.
    pub lease: Duration,
    /// How long an analysis or a report may take before it is given up.
    pub deadline: Duration,
    /// The same for dialogs, which wait for their hours.
    pub dialog_deadline: Duration,
    /// How long the vendor is given to show what it was sent, before "it is not there" is believed.
    pub settle: Duration,
    /// A resource of the vendor's plan runs low below this share of its limit, 0 to 1.
    pub low_usage: f64,
    /// Ties turns to the requests that made their jobs, where spans are sent to a collector.
    pub traces: Traces,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            workers: 4,
            per_connection: 8,
            lease: Duration::from_secs(30),
            deadline: Duration::from_hours(24),
            dialog_deadline: Duration::from_hours(24 * 7),
            settle: Duration::from_secs(60),
            low_usage: 0.1,
            traces: Traces::default(),
        }
    }
}
