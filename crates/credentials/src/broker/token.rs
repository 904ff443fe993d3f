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

/// A token is used for so long whatever its vendor says about its end: a vendor that talks
/// nonsense must not be asked for a token all the time.
const SHORTEST_USE: Duration = Duration::from_secs(60);

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

/// What is known about the life of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// When it was got.
    pub(crate) obtained_at: Timestamp,
    /// When it ends.
    pub(crate) expires_at: Timestamp,
    /// It was handed in: there is no other to be got ahead of its end.
    pub(crate) handed_in: bool,
}

/// The margin before the end of a token of this life within which it is renewed in the background.
fn soft_margin(whole: Duration) -> Duration {
    SOFT_MARGIN.max(whole / 10).min(whole / 2)
}

/// When a token in use is renewed at the earliest; jitter makes it a little later.
pub(super) fn renewal_begins(obtained_at: Timestamp, expires_at: Timestamp) -> Timestamp {
    expires_at.minus(soft_margin(expires_at.since(obtained_at)))
}

impl Token {
    /// A token seen at `now`.
    pub(crate) fn new(access: SecretString, generation: i64, life: Life, now: Timestamp) -> Self {
        let whole = life.expires_at.since(life.obtained_at);
        let left = life.expires_at.since(now);
        let hard = HARD_MARGIN.min(whole / 10);
        let soft = soft_margin(whole);
        let jitter = rand::rng().random_range(0.75..=1.0);
        let here = Instant::now();
        let age = now.since(life.obtained_at);
        let earliest = here + SHORTEST_USE.saturating_sub(age);
        let hard_end = (here + left.saturating_sub(hard)).max(earliest);
        let soft_end = (here + left.saturating_sub(soft.mul_f64(jitter))).max(earliest);
        Self {
            access,
            generation,
            obtained: here.checked_sub(age).unwrap_or(here),
            soft_end: if life.handed_in { hard_end } else { soft_end },
            hard_end,
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
