//! Named points at which a test kills the process, as a power cut would.
//!
//! Only a build with the feature `faults` has them, and only where the environment variable
//! `CALLWEAVE_FAIL_POINT` names one. A normal build holds nothing of it.

/// Before the vendor is asked, after it was noted that the refresh token may be spent.
pub(crate) const BEFORE_SEND: &str = "token.before_send";
/// After the request left, before its answer came.
pub(crate) const AFTER_SEND: &str = "token.after_send";
/// After the answer came, before anything of it is kept.
pub(crate) const AFTER_RESPONSE: &str = "token.after_response";
/// After the new pair was written, before that is committed.
pub(crate) const BEFORE_COMMIT: &str = "token.before_commit";
/// After the new pair was committed, before anybody uses it.
pub(crate) const AFTER_COMMIT: &str = "token.after_commit";

#[cfg(feature = "faults")]
mod armed {
    use std::{sync::LazyLock, time::Duration};

    /// How long a request has to reach the vendor, which tests make answer later than that.
    const UNDER_WAY: Duration = Duration::from_millis(400);

    static NAMED: LazyLock<Option<String>> = LazyLock::new(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "a fail point is no setting of the gateway"
        )]
        std::env::var("CALLWEAVE_FAIL_POINT").ok()
    });

    fn is_armed(point: &str) -> bool {
        NAMED.as_deref() == Some(point)
    }

    /// Ends the process without any farewell where this point is the named one.
    pub(crate) fn point(point: &'static str) {
        if is_armed(point) {
            let _ended = rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::KILL,
            );
        }
    }

    /// Runs a vendor call; ends the process in the middle of it where this point is the named one.
    pub(crate) async fn under_way<T>(named: &'static str, call: impl Future<Output = T>) -> T {
        if !is_armed(named) {
            return call.await;
        }
        tokio::pin!(call);
        tokio::select! {
            biased;
            outcome = &mut call => outcome,
            () = tokio::time::sleep(UNDER_WAY) => {
                point(named);
                call.await
            }
        }
    }
}

#[cfg(not(feature = "faults"))]
mod armed {
    pub(crate) const fn point(_point: &'static str) {}

    pub(crate) async fn under_way<T>(_named: &'static str, call: impl Future<Output = T>) -> T {
        call.await
    }
}

pub(crate) use armed::{point, under_way};
