//! The state of all four vendors, and what one may do to it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    alovoice::AlovoiceState,
    callgear::CallgearState,
    clock::Clock,
    config::SandboxConfig,
    faults::{Faults, spec::FaultSpec},
    neuro::NeuroState,
    transcripto::TranscriptoState,
    vendor::Vendor,
};

mod accounts;
pub(crate) mod book;
mod calls;
mod extra;
mod journal;
pub(crate) mod ledger;
pub(crate) mod options;
mod records;
pub(crate) mod requests;
pub(crate) mod tokens;

use book::Book;
use journal::Journal;
use ledger::Ledger;
use options::{Options, OptionsError};
use requests::{RequestReport, Requests};
use tokens::Tokens;

/// The world as every handler holds it.
pub(crate) type Shared = Arc<World>;

/// Ledger numbers set aside for the records of one seeded call.
const SEQ_PER_CALL: u64 = 8;
/// The seeded calls are spread over this long a time before the epoch.
const SEEDED_SPAN_S: i64 = 60 * 86_400;
/// From the start of a call until its analysis is there.
const ANALYSIS_LAG_S: i64 = 15 * 60;

/// All four vendors: their data, tokens, options, faults, request log and ledger.
#[derive(Debug)]
pub struct World {
    pub(crate) config: SandboxConfig,
    pub(crate) ledger: Ledger,
    pub(crate) tokens: Tokens,
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
    pub(crate) callgear: CallgearState,
    pub(crate) alovoice: AlovoiceState,
    pub(crate) neuro: NeuroState,
    pub(crate) transcripto: TranscriptoState,
    clock: Clock,
    started_at: Timestamp,
    epoch: Timestamp,
    journal: Option<Journal>,
    options: RwLock<Options>,
    books: HashMap<Vendor, Mutex<Book>>,
}

/// What is known of a call without generating its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallHead {
    pub(crate) index: u32,
    pub(crate) version: u32,
    pub(crate) deleted: bool,
    pub(crate) started_at: Timestamp,
    pub(crate) changed_at: Timestamp,
}

/// Locks, and goes on where a test panicked with the lock in its hand: a half-done change of the
/// sandbox's data cannot do worse than the faults it plays on purpose.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The beginning of this UTC day: a sandbox that is started again on the same day shows the same
/// times, and the ids that are made of them.
fn start_of_day(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(86_400)).unwrap_or(now)
}

impl World {
    /// A world as it is at the start. Keeps no journal, whatever the configuration says.
    pub fn new(config: SandboxConfig) -> Self {
        let world = Self::bare(config, None);
        world.issue_account_token();
        world
    }

    fn bare(config: SandboxConfig, journal: Option<Journal>) -> Self {
        let clock = Clock::default();
        let started_at = clock.now();
        let epoch = config.epoch.unwrap_or_else(|| start_of_day(started_at));
        let calls = config.calls_per_vendor;
        Self {
            ledger: Ledger::new(
                u64::from(calls)
                    .saturating_mul(SEQ_PER_CALL)
                    .saturating_add(1),
            ),
            tokens: Tokens::new(config.seed),
            faults: Faults::default(),
            requests: Requests::default(),
            callgear: CallgearState::new(&config),
            alovoice: AlovoiceState::new(&config),
            neuro: NeuroState::new(&config),
            transcripto: TranscriptoState::new(epoch),
            clock,
            started_at,
            epoch,
            journal,
            options: RwLock::default(),
            books: Vendor::ALL
                .map(|vendor| (vendor, Mutex::new(Book::new(calls))))
                .into(),
            config,
        }
    }

    /// The vendors' present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sets how far the vendors' clock stands from wall time.
    pub fn set_clock_offset_ms(&self, offset_ms: i64) {
        self.clock.set_offset_ms(offset_ms);
    }

    /// The instant before which everything was seeded.
    pub fn epoch(&self) -> Timestamp {
        self.epoch
    }

    /// The instant this world began to be played.
    pub(crate) fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// The options in force.
    pub fn options(&self) -> Options {
        self.options
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces some options and gives all of them.
    ///
    /// # Errors
    /// When a name is unknown or a value has the wrong type.
    pub fn set_options(&self, changes: Map<String, Value>) -> Result<Options, OptionsError> {
        let mut options = self.options.write().unwrap_or_else(PoisonError::into_inner);
        *options = options.with(changes)?;
        Ok(options.clone())
    }

    /// Plays a fault from now on.
    pub fn add_fault(&self, fault: FaultSpec) {
        self.faults.add(fault);
    }

    /// Plays no fault any more.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// Counts of requests and the latest of them.
    pub fn requests(&self, vendor: Option<Vendor>, operation: Option<&str>) -> RequestReport {
        self.requests.report(vendor, operation, usize::MAX)
    }

    /// Forgets all requests, so that a test counts from zero.
    pub fn clear_requests(&self) {
        self.requests.clear();
    }

    fn book(&self, vendor: Vendor) -> MutexGuard<'_, Book> {
        #[expect(clippy::indexing_slicing, reason = "`new` made a book for each vendor")]
        lock(&self.books[&vendor])
    }
}
