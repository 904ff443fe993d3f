//! Which calls are analysed: handed in, waiting, ready.

use std::{collections::HashMap, sync::Mutex};

use jiff::{SignedDuration, Timestamp};

use crate::{
    call::Call,
    config::SandboxConfig,
    world::{World, lock},
};

/// From the start of a call until it is handed in by the exchange itself.
const HANDED_IN_AFTER_S: i64 = 11 * 60;

/// What was handed in through the API.
#[derive(Debug)]
pub(crate) struct AlovoiceState {
    submissions: Mutex<HashMap<u32, Submission>>,
}

/// What the API was asked to do with one call.
#[derive(Debug, Clone, Copy)]
struct Submission {
    hits: u32,
    begun_at: Timestamp,
}

/// How far the analysis of a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody asked for an analysis.
    New,
    /// It began at this instant and is not there yet.
    Pending(Timestamp),
    /// It began at this instant and is there.
    Ready(Timestamp),
}

/// How a call came to the vendor, before anything was handed in through the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Analysed,
    Pending,
    New,
}

impl Phase {
    /// The word for the ledger.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Pending(_) => "pending",
            Self::Ready(_) => "ready",
        }
    }
}

impl AlovoiceState {
    pub(crate) fn new(_config: &SandboxConfig) -> Self {
        Self {
            submissions: Mutex::default(),
        }
    }

    /// Counts a submission and begins the analysis, unless one is running. Gives how often the call
    /// was handed in by now.
    pub(super) fn submit(&self, index: u32, running: bool, now: Timestamp) -> u32 {
        let mut submissions = lock(&self.submissions);
        let known = submissions.entry(index).or_insert(Submission {
            hits: 0,
            begun_at: now,
        });
        known.hits += 1;
        if !running {
            known.begun_at = now;
        }
        known.hits
    }

    fn begun_at(&self, index: u32) -> Option<Timestamp> {
        lock(&self.submissions)
            .get(&index)
            .map(|submission| submission.begun_at)
    }

    /// How often a call was handed in through the API.
    pub(super) fn hits(&self, index: u32) -> u32 {
        lock(&self.submissions)
            .get(&index)
            .map_or(0, |submission| submission.hits)
    }
}

/// How far the analysis of this call is now.
pub(super) fn phase(world: &World, call: &Call) -> Phase {
    let told = call.extra.get("state").and_then(serde_json::Value::as_str);
    let origin = match told {
        Some("analysed") => Origin::Analysed,
        Some("pending") => Origin::Pending,
        Some("new") => Origin::New,
        _ => origin(call.index),
    };
    let delay = delay(world);
    let is_ready = |begun: Timestamp| {
        begun
            .checked_add(delay)
            .is_ok_and(|ready| ready <= world.now())
    };
    let begun = match (world.alovoice.begun_at(call.index), origin) {
        (Some(begun), _) => begun,
        (None, Origin::New) => return Phase::New,
        // Seeded ones wait from the start of the sandbox on, so that a demo sees some of them.
        (None, Origin::Pending) => call.changed_at.max(world.started_at()),
        (None, Origin::Analysed) => {
            let after = SignedDuration::from_secs(HANDED_IN_AFTER_S);
            return Phase::Ready(
                call.started_at
                    .checked_add(after)
                    .unwrap_or(call.started_at),
            );
        }
    };
    if is_ready(begun) {
        Phase::Ready(begun)
    } else {
        Phase::Pending(begun)
    }
}

/// Most calls are analysed already, a few wait, a few were never handed in.
const fn origin(index: u32) -> Origin {
    match index % 16 {
        5 => Origin::New,
        13 => Origin::Pending,
        _ => Origin::Analysed,
    }
}

fn delay(world: &World) -> SignedDuration {
    let told = world
        .options()
        .alovoice_analysis_delay_ms
        .and_then(|ms| i64::try_from(ms).ok());
    told.map_or_else(
        || SignedDuration::try_from(world.config.analysis_delay).unwrap_or(SignedDuration::MAX),
        SignedDuration::from_millis,
    )
}
