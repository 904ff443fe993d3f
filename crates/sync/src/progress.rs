//! What a turn has met so far: answers of the vendor, and the first failure it went on after.

use std::sync::{Mutex, MutexGuard, PoisonError};

use callweave_provider::ProviderError;

/// What a turn has met so far.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<Met>);

#[derive(Debug, Default)]
struct Met {
    answered: bool,
    fetched: bool,
    record_failed: bool,
    fetching_rests: bool,
    batches: u32,
    trouble: Option<ProviderError>,
}

impl Progress {
    fn met(&self) -> MutexGuard<'_, Met> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many batches were begun before this one.
    pub(crate) fn begin_batch(&self) -> u32 {
        let mut met = self.met();
        let before = met.batches;
        met.batches = before.saturating_add(1);
        before
    }

    /// A page came.
    pub(crate) fn answered(&self) {
        self.met().answered = true;
    }

    /// A record came.
    pub(crate) fn fetched(&self) {
        let mut met = self.met();
        met.answered = true;
        met.fetched = true;
    }

    /// The vendor failed on a record.
    pub(crate) fn record_failed(&self) {
        self.met().record_failed = true;
    }

    /// The vendor answered, and failed on no record.
    pub(crate) fn is_clean(&self) -> bool {
        let met = self.met();
        met.answered && !met.record_failed
    }

    pub(crate) fn has_answer(&self) -> bool {
        self.met().answered
    }

    pub(crate) fn has_fetched(&self) -> bool {
        self.met().fetched
    }

    /// Keeps the first failure, which the run ends with once the rest of its work is done.
    pub(crate) fn note_trouble(&self, error: ProviderError) {
        self.met().trouble.get_or_insert(error);
    }

    /// The same, and no record is fetched any more in this turn.
    pub(crate) fn rest_fetching(&self, error: ProviderError) {
        self.met().fetching_rests = true;
        self.note_trouble(error);
    }

    pub(crate) fn fetching_rests(&self) -> bool {
        self.met().fetching_rests
    }

    pub(crate) fn take_trouble(&self) -> Option<ProviderError> {
        self.met().trouble.take()
    }
}
