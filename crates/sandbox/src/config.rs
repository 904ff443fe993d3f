//! How a sandbox is set up.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use jiff::Timestamp;

/// The settings of one sandbox.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Everything that is generated follows from this number.
    pub seed: u64,
    /// How many calls each vendor knows at the start.
    pub calls_per_vendor: u32,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// With a duration, one new call per vendor arrives in each such interval, and now and then one
    /// changes or goes away.
    pub arrivals: Option<Duration>,
    /// The instant of the newest seeded call; the beginning of the present UTC day when absent. A
    /// fixed epoch makes even the times reproducible, and with them AloVoice's call ids.
    pub epoch: Option<Timestamp>,
    /// How long a submitted analysis takes until its result is there.
    pub analysis_delay: Duration,
    /// A file that keeps what happens to calls and tokens. The next sandbox with the same file is the
    /// same one, with the seed, the calls and the epoch it began with.
    pub journal: Option<PathBuf>,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            calls_per_vendor: 1_000,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            arrivals: None,
            epoch: None,
            analysis_delay: Duration::from_secs(2),
            journal: None,
        }
    }
}
