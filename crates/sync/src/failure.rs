//! What a vendor's failure means for the connection and for its next run.

use std::time::Duration;

use callweave_model::connection::ConnectionState;
use callweave_provider::{ErrorKind, ProviderError, Retry};
use callweave_store::sync_state::RunEnd;
use rand::Rng as _;

/// The longest pause after failures.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);

/// How long a vendor may be left alone after failures: as long as it has been silent, and never so
/// shortly that a vendor that answers is asked more often than a poll would.
///
/// A pause that doubles with each failure says how long the trouble lasts only where nothing else
/// comes of the runs. A vendor that fails now and then must not be left alone like one that is down,
/// and one that was down for a minute not for five.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    poll: Duration,
    /// Since its last answer; `None` where it never gave one.
    silent: Option<Duration>,
}

impl Patience {
    pub(crate) const fn new(poll: Duration, silent: Option<Duration>) -> Self {
        Self { poll, silent }
    }

    /// The pause after so many failed runs in a row.
    fn pause(self, failures: i32) -> Duration {
        let longest = self
            .silent
            .map_or(LONGEST, |silent| silent.max(self.poll).min(LONGEST));
        backoff(failures).min(longest)
    }
}

/// A failure judged.
pub(crate) struct Verdict {
    pub(crate) state: ConnectionState,
    pub(crate) reason: &'static str,
    pub(crate) end: RunEnd,
}

/// Judges a failure that stopped a run; `failures` came before it in a row.
pub(crate) fn verdict(error: &ProviderError, failures: i32, patience: Patience) -> Verdict {
    let poll = patience.poll;
    let pause = match (error.kind, error.retry) {
        // Nobody but our own circuit breaker named that time.
        (ErrorKind::Transport, Retry::After(told)) => told.max(patience.pause(failures)),
        (_, Retry::After(told)) => told,
        (_, Retry::Backoff | Retry::Never) => patience.pause(failures),
    };
    let (state, reason, next_in) = match error.kind {
        // A renewed token was refused as well: the endpoint or the rights are at fault, not it.
        ErrorKind::Unauthorized => (
            ConnectionState::Degraded,
            "the vendor refuses a token that it has just given out",
            Duration::from_secs(60),
        ),
        ErrorKind::InvalidCredentials => (
            ConnectionState::ReauthRequired,
            "the vendor refuses the credentials; replace them",
            LONGEST.max(poll),
        ),
        ErrorKind::Forbidden => (
            ConnectionState::Degraded,
            "the vendor denies access: check the account's rights and its list of allowed addresses",
            LONGEST.max(poll),
        ),
        ErrorKind::EgressDenied => (
            ConnectionState::Degraded,
            "the address of the vendor is not allowed by this gateway's egress rules",
            LONGEST.max(poll),
        ),
        ErrorKind::RateLimited => (
            ConnectionState::RateLimited,
            "the vendor asks to slow down",
            pause,
        ),
        ErrorKind::Transport => (
            ConnectionState::Degraded,
            "the vendor cannot be reached",
            pause,
        ),
        ErrorKind::BadResponse | ErrorKind::UnexpectedRedirect => (
            ConnectionState::Degraded,
            "the vendor answers with something else than its API",
            pause,
        ),
        _ => (ConnectionState::Degraded, "the vendor fails", pause),
    };
    // A pause that the vendor asked for is no failure.
    let asked = error.kind == ErrorKind::RateLimited && matches!(error.retry, Retry::After(_));
    let end = RunEnd {
        next_in,
        pause: Some(next_in),
        complete_since: None,
        failed: !asked,
        walk_in: None,
    };
    Verdict { state, reason, end }
}

/// A run whose turn is over goes on as soon as it is its turn again.
pub(crate) const fn continued() -> RunEnd {
    RunEnd {
        next_in: Duration::ZERO,
        pause: None,
        complete_since: None,
        failed: false,
        walk_in: None,
    }
}

/// A connection that cannot be opened is tried again rarely.
pub(crate) const fn closed() -> RunEnd {
    RunEnd {
        next_in: LONGEST,
        pause: None,
        complete_since: None,
        failed: true,
        walk_in: None,
    }
}

/// Our own side failed: the next run comes after a pause that grows.
pub(crate) fn broken(failures: i32, patience: Patience) -> RunEnd {
    let pause = patience.pause(failures.saturating_add(3));
    RunEnd {
        next_in: pause,
        pause: Some(pause),
        complete_since: None,
        failed: true,
        walk_in: None,
    }
}

/// 1, 2, 4 … 300 s with full jitter, never below a tenth of it.
pub(crate) fn backoff(failures: i32) -> Duration {
    let exponent = u32::try_from(failures.clamp(0, 9)).unwrap_or(0);
    let ceiling = Duration::from_secs(2_u64.pow(exponent)).min(LONGEST);
    ceiling.mul_f64(rand::rng().random_range(0.1..=1.0))
}

/// How long to wait before a record is asked for again that was not ready `attempts` times: quick
/// for young ones, slow for old ones.
pub(crate) fn readiness_pause(attempts: i32) -> Duration {
    let exponent = u32::try_from(attempts.clamp(0, 8)).unwrap_or(0);
    Duration::from_secs(5 * 2_u64.pow(exponent)).min(Duration::from_mins(15))
}

/// How long to wait before a record is asked for again on which the vendor failed `failures` times
/// before: 10 s, 30 s … 1 h, spread by jitter.
pub(crate) fn record_pause(failures: i32) -> Duration {
    let exponent = u32::try_from(failures.clamp(0, 6)).unwrap_or(0);
    let ceiling = Duration::from_secs(10 * 3_u64.pow(exponent)).min(Duration::from_hours(1));
    ceiling.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// Whether a failure is about the connection rather than about one record or stream.
pub(crate) const fn concerns_connection(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unauthorized
            | ErrorKind::InvalidCredentials
            | ErrorKind::RateLimited
            | ErrorKind::EgressDenied
            | ErrorKind::UnexpectedRedirect
    )
}

/// Whether nothing was sent because the vendor is to be left alone for a moment.
pub(crate) const fn leaves_alone(error: &ProviderError) -> bool {
    matches!(
        (error.kind, error.retry),
        (ErrorKind::Transport, Retry::After(_))
    )
}

/// Whether the vendor refuses the request as it is, so that the same one fails again.
pub(crate) const fn refuses_request(error: &ProviderError) -> bool {
    let account = matches!(error.kind, ErrorKind::Forbidden | ErrorKind::QuotaExceeded);
    matches!(error.retry, Retry::Never) && !account && !concerns_connection(error.kind)
}

/// Whether a failure on a record may just as well be one of the whole vendor.
pub(crate) const fn is_shaky(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Transport | ErrorKind::VendorFailure | ErrorKind::Forbidden
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_001_pauses_are_1_2_4_to_300_seconds_with_full_jitter() {
        let ceilings = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
        for (failures, ceiling) in (0..).zip(ceilings.map(Duration::from_secs)) {
            let pauses: Vec<Duration> = (0..400).map(|_| backoff(failures)).collect();
            let tenths = |pause: &Duration| pause.as_secs_f64() / ceiling.as_secs_f64() * 10.0;
            assert!(pauses.iter().all(|pause| *pause <= ceiling), "{failures}");
            assert!(
                pauses.iter().all(|pause| tenths(pause) >= 1.0),
                "{failures}"
            );
            for tenth in [1.0, 3.0, 5.0, 7.0, 9.0] {
                let around = |pause: &Duration| (tenth..tenth + 1.0).contains(&tenths(pause));
                assert!(pauses.iter().any(around), "{failures}: none near {tenth}");
            }
        }
        assert!(backoff(i32::MAX) <= LONGEST);
    }

    #[test]
    fn case_001_a_vendor_is_left_alone_no_longer_than_it_was_silent() {
        let (poll, minute) = (Duration::from_secs(60), Duration::from_mins(1));
        let longest = |silent: Option<Duration>| {
            let pauses = (0..400).map(|_| Patience::new(poll, silent).pause(12));
            pauses.max().unwrap()
        };
        assert_eq!(longest(Some(Duration::ZERO)), poll, "it answers");
        assert_eq!(longest(Some(2 * minute)), 2 * minute, "it was down shortly");
        for long in [Some(60 * minute), None] {
            let longest = longest(long);
            assert!(
                longest > 4 * minute && longest <= LONGEST,
                "{long:?}: {longest:?}"
            );
        }
    }

    #[test]
    fn a_vendor_left_alone_by_the_breaker_is_asked_less_and_less_often() {
        let open = ProviderError::new("acme", "X-01", ErrorKind::Transport)
            .with_retry(Retry::After(Duration::from_millis(300)));
        assert!(leaves_alone(&open));
        let pause = |error: &ProviderError, failures| {
            let patience = Patience::new(Duration::from_secs(60), None);
            let verdict = verdict(error, failures, patience);
            assert_eq!(verdict.state, ConnectionState::Degraded);
            verdict.end.next_in
        };
        assert!(pause(&open, 9) >= Duration::from_secs(30));
        assert!(pause(&open, 0) >= Duration::from_millis(300));
        let told = ProviderError::new("acme", "X-01", ErrorKind::VendorFailure)
            .with_retry(Retry::After(Duration::from_secs(2)));
        assert_eq!(
            pause(&told, 9),
            Duration::from_secs(2),
            "the vendor's own word"
        );
    }

    #[test]
    fn records_that_are_not_ready_are_asked_for_less_and_less_often() {
        assert_eq!(readiness_pause(0), Duration::from_secs(5));
        assert_eq!(readiness_pause(50), Duration::from_mins(15));
    }

    #[test]
    fn a_refused_login_asks_the_owner_to_act() {
        let error = ProviderError::new("acme", "X-01", ErrorKind::InvalidCredentials);
        let verdict = verdict(&error, 0, Patience::new(Duration::from_secs(60), None));
        assert_eq!(verdict.state, ConnectionState::ReauthRequired);
    }
}
