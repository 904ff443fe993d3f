//! The shared pause that a vendor asked for.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use async_trait::async_trait;
use callweave_model::ids::AccountId;
use tokio::time::Instant;

/// Remembers until when a vendor account must not be asked anything.
///
/// The gateway implements it over the database, so that every replica keeps the pause. Pauses are
/// handed over as durations: only the keeper's clock decides when they end. It is asked before each
/// request, repetitions included.
#[async_trait]
pub trait Pace: std::fmt::Debug + Send + Sync {
    /// How long the account must still be left alone; `None` when it need not.
    async fn remaining(&self, account: AccountId) -> Option<Duration>;

    /// Notes a pause from now on; a longer one that was noted before stays.
    async fn note(&self, account: AccountId, pause: Duration);
}

/// Pauses of this process only.
#[derive(Debug, Default)]
pub struct MemoryPace {
    not_before: Mutex<HashMap<AccountId, Instant>>,
}

#[async_trait]
impl Pace for MemoryPace {
    async fn remaining(&self, account: AccountId) -> Option<Duration> {
        let until = *lock(&self.not_before).get(&account)?;
        until
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
    }

    async fn note(&self, account: AccountId, pause: Duration) {
        let now = Instant::now();
        let mut pauses = lock(&self.not_before);
        pauses.retain(|_, until| *until > now);
        let until = pauses.entry(account).or_insert(now);
        *until = (*until).max(now + pause);
    }
}

/// Locks state that stays consistent even where a holder panicked: each change is one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
