//! A bucket of tokens: so many at once, filled again evenly over a window.

use std::time::{Duration, Instant};

/// What is left in a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    left: f64,
    at: Instant,
}

/// How a bucket stands after something was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whole tokens that are left.
    pub(crate) left: u32,
    /// Seconds until it is full.
    pub(crate) full_in: u64,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn full(size: u32, now: Instant) -> Self {
        Self {
            left: f64::from(size),
            at: now,
        }
    }

    /// Takes a token out; `Err` says after how long there will be one.
    pub(super) fn take(
        &mut self,
        size: u32,
        window: Duration,
        now: Instant,
    ) -> Result<Standing, Duration> {
        self.fill(size, window, now);
        if self.left < 1.0 {
            let missing = (1.0 - self.left) * seconds_each(size, window);
            return Err(Duration::try_from_secs_f64(missing).unwrap_or(window));
        }
        self.left -= 1.0;
        Ok(self.standing(size, window))
    }

    /// Whether nothing can be taken out now.
    pub(super) fn is_empty(&mut self, size: u32, window: Duration, now: Instant) -> bool {
        self.fill(size, window, now);
        self.left < 1.0
    }

    /// Whether it is full: then it need not be remembered.
    pub(super) fn is_full(&mut self, size: u32, window: Duration, now: Instant) -> bool {
        self.fill(size, window, now);
        self.left >= f64::from(size)
    }

    fn fill(&mut self, size: u32, window: Duration, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        let filled = self.left + passed / seconds_each(size, window);
        self.left = filled.min(f64::from(size));
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded by the size of the bucket and by its window"
    )]
    fn standing(&self, size: u32, window: Duration) -> Standing {
        let missing = f64::from(size) - self.left;
        Standing {
            left: self.left as u32,
            full_in: (missing * seconds_each(size, window)).ceil() as u64,
        }
    }
}

/// How long a token takes to come back.
fn seconds_each(size: u32, window: Duration) -> f64 {
    window.as_secs_f64() / f64::from(size.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_what_it_holds_and_fills_evenly() {
        let (size, window, begun) = (4, Duration::from_secs(8), Instant::now());
        let mut bucket = Bucket::full(size, begun);
        for left in (0..4).rev() {
            let standing = bucket.take(size, window, begun).unwrap();
            assert_eq!(standing.left, left);
            assert_eq!(standing.full_in, u64::from(4 - left) * 2);
        }
        let wait = bucket.take(size, window, begun).unwrap_err();
        assert_eq!(wait, Duration::from_secs(2));
        let later = begun + Duration::from_secs(1);
        assert!(bucket.is_empty(size, window, later));
        assert_eq!(
            bucket.take(size, window, later),
            Err(Duration::from_secs(1))
        );
        let later = begun + Duration::from_secs(2);
        assert!(!bucket.is_empty(size, window, later));
        assert!(bucket.take(size, window, later).is_ok());
        assert!(bucket.take(size, window, later).is_err());
        // It never holds more than its size, and a clock that goes back takes nothing away.
        assert!(bucket.is_full(size, window, begun + Duration::from_secs(60)));
        assert!(bucket.is_full(size, window, begun));
    }

    #[test]
    fn a_smaller_size_counts_at_once() {
        let (window, now) = (Duration::from_secs(60), Instant::now());
        let mut bucket = Bucket::full(1_000, now);
        assert_eq!(bucket.take(2, window, now).unwrap().left, 1);
    }
}
