//! The figures that bound every exchange.

use std::time::Duration;

/// What bounds one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the whole exchange, its short retries and the body included; for a streamed answer,
    /// until its headers are here. A large upload gets more, see [`Limits::upload_rate`].
    pub total: Duration,
    /// Between two pieces of a streamed body.
    pub idle: Duration,
    /// The span over which the least rate is measured; only time spent waiting for the vendor
    /// counts.
    pub rate_window: Duration,
    /// The bytes that must arrive within `rate_window` while a body is unfinished.
    pub rate_bytes: u64,
    /// The largest answer, decompressed.
    pub body_cap: u64,
    /// The largest streamed answer, decompressed.
    pub stream_cap: u64,
    /// Every so many bytes of a request body add a second to `total`.
    pub upload_rate: u64,
    /// The longest wait for the rate budget before the request is refused as rate-limited.
    pub queue: Duration,
    /// How often a safe request may be repeated.
    pub retries: u32,
    /// The pause before the first repetition, doubled for each further one, with full jitter.
    pub retry_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            rate_window: Duration::from_secs(10),
            rate_bytes: 1_024,
            body_cap: 32 * 1024 * 1024,
            stream_cap: 2 * 1024 * 1024 * 1024,
            upload_rate: 256 * 1024,
            queue: Duration::from_secs(20),
            retries: 2,
            retry_pause: Duration::from_millis(200),
        }
    }
}

impl Limits {
    /// The time for an exchange whose request carries this many bytes.
    pub(crate) fn total_for(&self, request_bytes: usize) -> Duration {
        let bytes = u64::try_from(request_bytes).unwrap_or(u64::MAX);
        self.total + Duration::from_secs(bytes / self.upload_rate.max(1))
    }
}

/// The settings of the process-wide transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportConfig {
    /// For name look-up, TCP and TLS together.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept for the next request.
    pub keep_alive: Duration,
    /// What bounds an exchange where a connection says nothing else.
    pub limits: Limits,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(30),
            limits: Limits::default(),
        }
    }
}
