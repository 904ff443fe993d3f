//! The rate budget of one vendor account: a token bucket whose rate yields to 429s, a bound on
//! requests at the same time, the credit for retries, and the circuit breaker.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use callweave_provider::manifest::RateBudget;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{breaker::Breaker, pace::lock};

/// Of a full rate, what a vendor that keeps answering 429 is driven down to.
const SLOWEST: f64 = 1.0 / 16.0;
/// Of the full rate, what one good answer gives back.
const RECOVERY: f64 = 1.0 / 50.0;
/// Retry credit for each first attempt: at most this share of extra load.
const RETRY_SHARE: f64 = 0.2;
/// Credit a fresh account starts with, so that its very first request can be repeated.
const FIRST_CREDIT: f64 = 2.0;
/// The most credit that can be saved up.
const MOST_CREDIT: f64 = 10.0;
/// The first pause after a 429 that names none, doubled for each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of our own making.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The shared budget of one vendor account in this process.
#[derive(Debug)]
pub(crate) struct Lane {
    budget: RateBudget,
    pub(crate) breaker: Arc<Breaker>,
    slots: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// May be negative: each caller takes its token at once and waits for the debt to be paid.
    tokens: f64,
    rate: f64,
    counted_at: Instant,
    refusals: u32,
    credit: f64,
}

impl Lane {
    pub(crate) fn new(vendor: &'static str, budget: RateBudget) -> Self {
        let rate = full_rate(budget);
        let slots = usize::try_from(budget.concurrency.max(1)).unwrap_or(1);
        Self {
            budget,
            breaker: Arc::new(Breaker::new(vendor)),
            slots: Arc::new(Semaphore::new(slots)),
            state: Mutex::new(State {
                tokens: rate,
                rate,
                counted_at: Instant::now(),
                refusals: 0,
                credit: FIRST_CREDIT,
            }),
        }
    }

    /// Whether the lane was made for this budget.
    pub(crate) fn serves(&self, budget: RateBudget) -> bool {
        self.budget.requests_per_second == budget.requests_per_second
            && self.budget.concurrency == budget.concurrency
    }

    /// When the lane was last used.
    pub(crate) fn last_used(&self) -> Instant {
        lock(&self.state).counted_at
    }

    /// A place among the requests that run at the same time; `None` when none comes free in time.
    pub(crate) async fn slot(&self, longest: Duration) -> Option<OwnedSemaphorePermit> {
        let wait = Arc::clone(&self.slots).acquire_owned();
        tokio::time::timeout(longest, wait).await.ok()?.ok()
    }

    /// Waits for a token of the bucket. Fails at once with the wait it would take when that is
    /// longer than `longest`.
    pub(crate) async fn token(&self, longest: Duration) -> Result<(), Duration> {
        let wait = self.take(longest)?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    fn take(&self, longest: Duration) -> Result<Duration, Duration> {
        let mut state = lock(&self.state);
        let now = Instant::now();
        let earned = now.duration_since(state.counted_at).as_secs_f64() * state.rate;
        state.tokens = (state.tokens + earned).min(full_rate(self.budget));
        state.counted_at = now;
        let debt = (1.0 - state.tokens).max(0.0);
        let wait = Duration::from_secs_f64(debt / state.rate);
        if wait > longest {
            return Err(wait);
        }
        state.tokens -= 1.0;
        Ok(wait)
    }

    /// A first attempt earns retry credit.
    pub(crate) fn earn_credit(&self) {
        let mut state = lock(&self.state);
        state.credit = (state.credit + RETRY_SHARE).min(MOST_CREDIT);
    }

    /// Takes the credit for one retry, where there is enough.
    pub(crate) fn spend_credit(&self) -> bool {
        let mut state = lock(&self.state);
        let enough = state.credit >= 1.0;
        if enough {
            state.credit -= 1.0;
        }
        enough
    }

    /// The vendor took a request: the rate recovers step by step.
    pub(crate) fn accepted(&self) {
        let full = full_rate(self.budget);
        let mut state = lock(&self.state);
        state.refusals = 0;
        state.rate = (state.rate + full * RECOVERY).min(full);
    }

    /// The vendor answered 429: halves the rate and tells the pause of our own making, which is
    /// used when the vendor named none. `jitter` lies between 0 and 1.
    pub(crate) fn refused(&self, jitter: f64) -> Duration {
        let full = full_rate(self.budget);
        let mut state = lock(&self.state);
        state.rate = (state.rate / 2.0).max(full * SLOWEST);
        state.tokens = state.tokens.min(1.0);
        let doubled = FIRST_PAUSE.saturating_mul(1 << state.refusals.min(16));
        state.refusals = state.refusals.saturating_add(1);
        doubled
            .min(LONGEST_PAUSE)
            .mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

fn full_rate(budget: RateBudget) -> f64 {
    f64::from(budget.requests_per_second.max(1))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use callweave_provider::manifest::RateBudget;

    use super::Lane;

    const BUDGET: RateBudget = RateBudget {
        requests_per_second: 8,
        concurrency: 2,
    };

    #[tokio::test(start_paused = true)]
    async fn case_011_the_rate_halves_to_a_floor_and_recovers() {
        let lane = Lane::new("acme", BUDGET);
        let pauses: Vec<u64> = (0..12).map(|_| lane.refused(1.0).as_secs()).collect();
        assert_eq!(pauses[..5], [1, 2, 4, 8, 16]);
        assert_eq!(pauses[11], 300, "bounded");
        let rate = |lane: &Lane| super::lock(&lane.state).rate;
        assert_eq!(rate(&lane), 0.5, "a sixteenth of the full rate");
        for _ in 0..50 {
            lane.accepted();
        }
        assert_eq!(rate(&lane), 8.0);
        assert_eq!(
            lane.refused(0.0),
            Duration::from_millis(500),
            "counts anew after an answer"
        );
    }

    /// A vendor that bears two requests a second, of which eight are allowed by the budget, and
    /// answers 429 without a time to all others, for ten minutes.
    #[tokio::test(start_paused = true)]
    async fn case_011_ten_minutes_of_429_without_a_time_find_the_vendors_own_rate() {
        const BEARS: f64 = 2.0;
        let lane = Lane::new("acme", BUDGET);
        let began = tokio::time::Instant::now();
        let (mut room, mut seen) = (1.0_f64, began);
        let (mut accepted, mut refused) = (0_u32, 0_u32);
        let mut slowest = 8.0_f64;
        while began.elapsed() < Duration::from_mins(10) {
            lane.token(Duration::MAX).await.unwrap();
            let now = tokio::time::Instant::now();
            room = (room + (now - seen).as_secs_f64() * BEARS).min(BEARS);
            seen = now;
            if room >= 1.0 {
                room -= 1.0;
                accepted += 1;
                lane.accepted();
            } else {
                refused += 1;
                let pause = lane.refused(0.5);
                slowest = slowest.min(super::lock(&lane.state).rate);
                tokio::time::sleep(pause).await;
            }
        }
        assert!(slowest <= BEARS, "it slowed down: {slowest}");
        assert!(accepted >= 600, "half of what the vendor bears: {accepted}");
        assert!(refused * 3 <= accepted, "{refused} of {accepted} in vain");
        for _ in 0..50 {
            lane.accepted();
        }
        assert_eq!(super::lock(&lane.state).rate, 8.0, "it recovers");
    }

    #[tokio::test(start_paused = true)]
    async fn the_bucket_holds_the_mean_rate_and_refuses_what_would_wait_too_long() {
        let lane = Lane::new("acme", BUDGET);
        let began = tokio::time::Instant::now();
        for _ in 0..24 {
            lane.token(Duration::from_secs(5)).await.unwrap();
        }
        let took = began.elapsed();
        assert!(
            took >= Duration::from_millis(1_990),
            "one second's worth at once, then 8/s"
        );
        assert!(took <= Duration::from_millis(2_100), "{took:?}");
        assert!(lane.token(Duration::ZERO).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn case_012_retries_add_no_more_than_a_fifth() {
        let lane = Lane::new("acme", BUDGET);
        let mut retries = 0;
        for _ in 0..1_000 {
            lane.earn_credit();
            retries += u32::from(lane.spend_credit());
        }
        assert!((195..=202).contains(&retries), "{retries}");
    }
}
