//! Connections that have not sent a whole request yet.
//!
//! When every place is taken, the oldest of them makes room: a crowd that only dribbles cannot keep
//! those out who have something to say.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// Who has not said anything yet, by the order of arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct Newcomers(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    connections: BTreeMap<u64, CancellationToken>,
}

/// A connection among the newcomers, until it is known or gone.
#[derive(Debug)]
pub(super) struct Newcomer {
    number: u64,
    all: Newcomers,
    leave: CancellationToken,
}

impl Newcomers {
    pub(super) fn add(&self) -> Newcomer {
        let leave = CancellationToken::new();
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        waiting.connections.insert(number, leave.clone());
        Newcomer {
            number,
            all: self.clone(),
            leave,
        }
    }

    /// Sends the oldest away.
    pub(super) fn send_one_away(&self) {
        if let Some((_, oldest)) = self.lock().connections.pop_first() {
            metrics::counter!("callweave_http_connections_displaced_total").increment(1);
            oldest.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newcomer {
    /// It has sent a whole request.
    pub(super) fn is_known(&self) {
        self.all.lock().connections.remove(&self.number);
    }

    /// It has to make room.
    pub(super) async fn sent_away(&self) {
        self.leave.cancelled().await;
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.is_known();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_is_not_known_makes_room() {
        let all = Newcomers::default();
        let (known, first, second) = (all.add(), all.add(), all.add());
        known.is_known();
        all.send_one_away();
        assert!(first.leave.is_cancelled() && !second.leave.is_cancelled());
        drop(second);
        all.send_one_away();
        assert!(!known.leave.is_cancelled());
    }
}
