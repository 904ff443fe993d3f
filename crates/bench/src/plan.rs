//! How much is measured.

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;

/// How long a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Minutes: at most 100,000 calls.
    Quick,
    /// Hours: a million calls are served.
    Full,
}

/// What can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Syncs, and COPY of the same rows.
    Sync,
    /// Lists, single calls and statistics, and pgbench on the same SQL.
    Lists,
    /// Search by how frequent a word is.
    Search,
    /// Start, memory, disk.
    Footprint,
    /// Other programs that serve the same calls.
    Peers,
    /// Requests passed through, also by nginx and Envoy.
    Passthrough,
    /// Requests that come at a constant rate, whether the ones before are answered or not.
    Open,
}

/// What a run measures.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) binary: PathBuf,
    pub(crate) seed: u64,
    /// How many calls the vendor has.
    pub(crate) sync_calls: u32,
    /// How many calls are served.
    pub(crate) served_calls: u32,
    /// How many rounds a comparison takes.
    pub(crate) rounds: usize,
    /// How long one load lasts.
    pub(crate) load_time: Duration,
    /// Connections under load.
    pub(crate) connections: usize,
    /// Whether the server counts what each statement costs; that costs something itself.
    pub(crate) statements: bool,
    parts: Vec<Part>,
}

impl Plan {
    /// The plan of a profile; `calls` replaces how many calls are served, and bounds the sync.
    pub(crate) fn new(
        binary: PathBuf,
        profile: Profile,
        calls: Option<u32>,
        parts: Vec<Part>,
        seed: u64,
        statements: bool,
    ) -> Self {
        let (sync_calls, served_calls, rounds, seconds) = match profile {
            Profile::Quick => (1_000, 100_000, 3, 2),
            Profile::Full => (20_000, 1_000_000, 3, 10),
        };
        let served_calls = calls.unwrap_or(served_calls).max(100);
        Self {
            binary,
            seed,
            sync_calls: sync_calls.min(served_calls),
            served_calls,
            rounds,
            load_time: Duration::from_secs(seconds),
            connections: 16,
            statements,
            parts,
        }
    }

    /// Whether a part is measured.
    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}
