//! The circuit breaker of one vendor account: after failures in a row nothing is sent for a moment,
//! then one request finds out whether the vendor is back.
//!
//! It keeps callers from waiting out the time limits of a vendor that is down. Which longer pause a
//! sync makes is not its business.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;
use tracing::{info, warn};

use crate::pace::lock;

/// Failures in a row that open it.
const PATIENCE: u32 = 5;
/// How long it stays open the first time, doubled for each further one.
const FIRST: Duration = Duration::from_secs(1);
/// The longest it stays open.
const LONGEST: Duration = Duration::from_secs(30);
/// What callers are told while another one finds out.
const TRIAL: Duration = Duration::from_secs(1);

/// What an exchange says about the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It answers.
    Well,
    /// It cannot be reached, breaks off or fails.
    Ill,
    /// Nothing.
    None,
}

/// The breaker of one account in this process.
#[derive(Debug)]
pub(crate) struct Breaker {
    vendor: &'static str,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// How often it opened in a row.
    openings: u32,
    open_until: Option<Instant>,
    /// A request is finding out.
    trial: bool,
}

/// The permission for one exchange. One that is dropped without a sign says nothing.
#[derive(Debug)]
pub(crate) struct Pass {
    breaker: Arc<Breaker>,
    trial: bool,
}

impl Breaker {
    pub(crate) fn new(vendor: &'static str) -> Self {
        Self {
            vendor,
            state: Mutex::default(),
        }
    }

    /// Lets an exchange begin, or tells how long to leave the vendor alone.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Pass, Duration> {
        let mut state = lock(&self.state);
        let trial = match state.open_until {
            None => false,
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(left);
                }
                if state.trial {
                    return Err(TRIAL);
                }
                true
            }
        };
        state.trial = trial;
        drop(state);
        Ok(Pass {
            breaker: Arc::clone(self),
            trial,
        })
    }

    fn note(&self, sign: Sign, trial: bool, jitter: f64) {
        let mut state = lock(&self.state);
        match sign {
            Sign::None => {}
            Sign::Well => {
                let was_open = state.open_until.is_some();
                *state = State::default();
                drop(state);
                if was_open {
                    info!(vendor = self.vendor, "The vendor answers again");
                }
            }
            Sign::Ill => {
                state.failures = state.failures.saturating_add(1);
                let opens = match state.open_until {
                    None => state.failures >= PATIENCE,
                    // Exchanges that began before it opened say nothing new.
                    Some(_) => trial,
                };
                if opens {
                    let doubled = FIRST.saturating_mul(1 << state.openings.min(16));
                    let length = doubled
                        .min(LONGEST)
                        .mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
                    state.openings = state.openings.saturating_add(1);
                    state.open_until = Some(Instant::now() + length);
                    drop(state);
                    metrics::counter!("callweave_vendor_circuit_opened_total", "vendor" => self.vendor)
                        .increment(1);
                    warn!(
                        vendor = self.vendor,
                        "The vendor failed again and again and is left alone for {length:?}"
                    );
                }
            }
        }
    }
}

impl Pass {
    /// Says what the exchange showed.
    pub(crate) fn settle(self, sign: Sign) {
        self.breaker.note(sign, self.trial, rand::random());
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.trial {
            lock(&self.breaker.state).trial = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Arc<Breaker>) {
        breaker.admit().unwrap().settle(Sign::Ill);
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_lets_one_request_find_out() {
        let breaker = Arc::new(Breaker::new("acme"));
        for _ in 0..4 {
            fail(&breaker);
        }
        breaker.admit().unwrap().settle(Sign::Well);
        for _ in 0..5 {
            fail(&breaker);
        }
        for opened in 1..=8_u32 {
            let left = breaker.admit().unwrap_err();
            let ceiling = LONGEST.min(FIRST * (1 << (opened - 1)));
            assert!(
                left <= ceiling && left >= ceiling / 2,
                "the {opened}. time: {left:?}"
            );
            tokio::time::advance(left).await;
            let trial = breaker.admit().unwrap();
            assert_eq!(breaker.admit().unwrap_err(), TRIAL, "one at a time");
            trial.settle(Sign::Ill);
        }
        tokio::time::advance(LONGEST).await;
        // Whoever gave up while finding out leaves it to the next one.
        drop(breaker.admit().unwrap());
        breaker.admit().unwrap().settle(Sign::Well);
        let many: Vec<Pass> = (0..20).map(|_| breaker.admit().unwrap()).collect();
        drop(many);
    }

    #[tokio::test(start_paused = true)]
    async fn exchanges_that_were_under_way_when_it_opened_do_not_keep_it_open() {
        let breaker = Arc::new(Breaker::new("acme"));
        let under_way: Vec<Pass> = (0..50).map(|_| breaker.admit().unwrap()).collect();
        for pass in under_way {
            pass.settle(Sign::Ill);
        }
        assert!(breaker.admit().unwrap_err() <= FIRST);
    }
}
