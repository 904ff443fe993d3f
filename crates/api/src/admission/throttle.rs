//! Guessing keys is slow: who fails too often is not listened to for a while.
//!
//! A mistyped key fails by its checksum and counts for nothing. Who has shown a key from an address
//! before is heard there whatever others try from the same address.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use callweave_model::ApiKeyId;

use super::{bucket::Bucket, source::network};

/// Sources, and proven keys, in memory at most.
const SIZE: usize = 10_000;

/// How often one source may fail.
#[derive(Clone, Copy, Debug)]
pub struct GuessLimits {
    /// Failures in `window`; 0 for no limit.
    pub failures: u32,
    /// The window; failures of one key are gathered for so long in the audit log, too.
    pub window: Duration,
}

impl Default for GuessLimits {
    fn default() -> Self {
        Self {
            failures: 1_000,
            window: Duration::from_secs(60),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Throttle {
    limits: GuessLimits,
    sources: Mutex<HashMap<IpAddr, Bucket>>,
    proven: Mutex<HashSet<(IpAddr, ApiKeyId)>>,
}

impl Throttle {
    pub(crate) fn new(limits: GuessLimits) -> Self {
        Self {
            limits,
            sources: Mutex::default(),
            proven: Mutex::default(),
        }
    }

    /// Whether a source has failed too often.
    pub(crate) fn is_exhausted(&self, source: Option<IpAddr>) -> bool {
        let Some(source) = source.filter(|_| self.limits.failures > 0) else {
            return false;
        };
        let GuessLimits { failures, window } = self.limits;
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources
            .get_mut(&network(source))
            .is_some_and(|bucket| bucket.is_empty(failures, window, Instant::now()))
    }

    /// Whether a key was shown from there before.
    pub(crate) fn is_proven(&self, source: Option<IpAddr>, id: ApiKeyId) -> bool {
        let proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        source.is_some_and(|source| proven.contains(&(network(source), id)))
    }

    /// Notes that a key was shown from there.
    pub(crate) fn prove(&self, source: Option<IpAddr>, id: ApiKeyId) {
        let Some(source) = source else { return };
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if proven.len() >= SIZE {
            proven.clear();
        }
        proven.insert((network(source), id));
    }

    /// Notes that a source failed.
    pub(crate) fn fail(&self, source: Option<IpAddr>) {
        let Some(source) = source.filter(|_| self.limits.failures > 0) else {
            return;
        };
        let GuessLimits { failures, window } = self.limits;
        let now = Instant::now();
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= SIZE {
            sources.retain(|_, bucket| !bucket.is_full(failures, window, now));
        }
        if sources.len() >= SIZE {
            sources.clear();
        }
        let bucket = sources
            .entry(network(source))
            .or_insert_with(|| Bucket::full(failures, now));
        // An empty bucket stays empty.
        let _ = bucket.take(failures, window, now);
    }

    /// How long a source should wait.
    pub(crate) fn pause(&self) -> Duration {
        (self.limits.window / self.limits.failures.max(1)).max(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn case_109_a_hundred_thousand_guesses_end_after_a_few() {
        let throttle = Throttle::new(GuessLimits::default());
        let guesser: Option<IpAddr> = "192.0.2.1".parse().ok();
        let mut heard = 0;
        for _ in 0..100_000 {
            if !throttle.is_exhausted(guesser) {
                heard += 1;
                throttle.fail(guesser);
            }
        }
        // Those it may make at once, and what comes back while the loop runs.
        assert!((1_000..1_200).contains(&heard), "{heard}");
        let other: Option<IpAddr> = "192.0.2.2".parse().ok();
        assert!(!throttle.is_exhausted(other), "others are not meant");
        assert!(!throttle.is_exhausted(None));
        let key = ApiKeyId(Uuid::from_u128(1));
        assert!(!throttle.is_proven(guesser, key));
        throttle.prove(guesser, key);
        assert!(throttle.is_proven(guesser, key));
        assert!(!throttle.is_proven(other, key));
    }

    #[test]
    fn memory_stays_bounded() {
        let throttle = Throttle::new(GuessLimits::default());
        for number in 0..30_000_u32 {
            throttle.fail(Some(IpAddr::V4(number.into())));
            throttle.prove(
                Some(IpAddr::V4(number.into())),
                ApiKeyId(Uuid::from_u128(u128::from(number))),
            );
        }
        assert!(throttle.sources.lock().unwrap().len() <= SIZE);
        assert!(throttle.proven.lock().unwrap().len() <= SIZE);
    }
}
