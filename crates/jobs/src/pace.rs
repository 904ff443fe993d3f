//! How long to wait before a job is looked at again.

use std::time::Duration;

use callweave_provider::{ProviderError, Retry};
use rand::Rng as _;

/// The shortest and the longest pause between two looks at what the vendor works on.
const SOONEST: Duration = Duration::from_secs(2);
const LATEST: Duration = Duration::from_mins(5);

/// Pauses before the vendor is asked again whether it has what was sent.
const FIND: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_hours(1),
];

/// A job whose connection rests is looked at so often.
pub(crate) const RESTING: Duration = Duration::from_secs(30);

/// Young jobs are looked at quickly, old ones slowly: after a tenth of their age.
pub(crate) fn watch(age: Duration) -> Duration {
    (age / 10).clamp(SOONEST, LATEST)
}

/// After which pause the vendor is asked once more; `None` when it was asked often enough.
pub(crate) fn find(looks: i32) -> Option<Duration> {
    let looks = usize::try_from(looks).unwrap_or(0);
    FIND.get(looks).copied()
}

/// How long after it was sent the vendor is asked for the next time; `None` when it was asked often
/// enough.
pub(crate) fn find_after(looks: i32) -> Option<Duration> {
    let looks = usize::try_from(looks).ok()?;
    FIND.get(looks)?;
    Some(FIND.iter().take(looks + 1).sum())
}

/// After a request that the vendor did not get, or turned away for now: the pause it asked for, or
/// 1, 2, 4 … 300 s with jitter, by the failures in a row.
pub(crate) fn retry(error: &ProviderError, failures: usize) -> Duration {
    if let Retry::After(pause) = error.retry {
        return pause;
    }
    let exponent = u32::try_from(failures.min(9)).unwrap_or(9);
    let ceiling = Duration::from_secs(2_u64.pow(exponent)).min(LATEST);
    ceiling.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use callweave_provider::ErrorKind;

    use super::*;

    #[test]
    fn young_jobs_are_looked_at_quickly_and_old_ones_slowly() {
        assert_eq!(watch(Duration::ZERO), Duration::from_secs(2));
        assert_eq!(watch(Duration::from_mins(10)), Duration::from_mins(1));
        assert_eq!(watch(Duration::from_hours(20)), Duration::from_mins(5));
    }

    #[test]
    fn the_vendor_is_asked_a_few_times_and_then_not_any_more() {
        assert!((0..6).all(|looks| find(looks).is_some()));
        assert_eq!(find(6), None);
        assert_eq!(find_after(1), Some(Duration::from_secs(20)));
        assert_eq!(find_after(6), None);
    }

    #[test]
    fn a_pause_that_the_vendor_asks_for_is_kept() {
        let error = ProviderError::new("acme", "X-01", ErrorKind::RateLimited);
        assert!(retry(&error, 0) <= Duration::from_secs(1));
        assert!(retry(&error, 50) <= LATEST);
        let error = error.with_retry(Retry::After(Duration::from_secs(7)));
        assert_eq!(retry(&error, 3), Duration::from_secs(7));
    }
}
