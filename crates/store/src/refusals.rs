//! Changes that the database refuses for a reason of its own: a full disk, a server that is
//! read-only.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// For how long after the last refusal it is told of.
const FRESH: Duration = Duration::from_secs(30);

/// When the last one was.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Option<Instant>>);

impl Refusals {
    /// Remembers an error, if it is a refusal.
    pub(crate) fn note(&self, error: &sqlx::Error) {
        const DISK_FULL: &str = "53100";
        const READ_ONLY: &str = "25006";
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        if matches!(code.as_deref(), Some(DISK_FULL | READ_ONLY)) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }

    /// Whether there was one a short while ago.
    pub(crate) fn are_fresh(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|at| at.elapsed() < FRESH)
    }
}
