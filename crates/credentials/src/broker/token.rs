//! A token in the process's memory: its life runs on the monotonic clock.

use std::time::Duration;

use callweave_model::Timestamp;
use rand::Rng as _;
use secrecy::SecretString;
use tokio::time::Instant;

/// The longest margin before the end within which a token is not used any more.
const HARD_MARGIN: Duration = Duration::from_secs(30);

/// The shortest margin before the end within which a token is renewed in the background.
const SOFT_MARGIN: Duration = Duration::from_secs(60);

/// A token in use.
#[derive(Clone, Debug)]
pub struct Token {
    /// The access token.
    pub access: SecretString,
    pub(crate) generation: i64,
    obtained: Instant,
    soft_end: Instant,
    hard_end: Instant,
}

impl Token {
    /// A token that was got at `obtained_at` and ends at `expires_at`, seen at `now`.
    pub(crate) fn new(
        access: SecretString,
        generation: i64,
        obtained_at: Timestamp,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        let life = expires_at.since(obtained_at);
        let left = expires_at.since(now);
        let hard = HARD_MARGIN.min(life / 10);
        let soft = SOFT_MARGIN.max(life / 10).min(life / 2);
        let jitter = rand::rng().random_range(0.75..=1.0);
        let here = Instant::now();
        let age = now.since(obtained_at);
        Self {
            access,
            generation,
            obtained: here.checked_sub(age).unwrap_or(here),
            soft_end: here + left.saturating_sub(soft.mul_f64(jitter)),
            hard_end: here + left.saturating_sub(hard),
        }
    }

    pub(crate) fn needs_renewal_soon(&self) -> bool {
        Instant::now() >= self.soft_end
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.hard_end
    }

    pub(crate) fn age(&self) -> Duration {
        self.obtained.elapsed()
    }
}
