//! What a failed exchange means, and which failures may be tried again.

use std::{error::Error as StdError, io};

use callweave_provider::http_client::TransportError;

use crate::egress::EgressError;

/// Where an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the headers of the answer.
    Head,
    /// While the body came.
    Body,
}

/// A failure and what the retry loop must know of it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: TransportError,
    /// The connection broke before any answer: likely an idle connection that the vendor closed
    /// as the request was sent.
    pub(crate) stale: bool,
    /// Another attempt may go better.
    pub(crate) passing: bool,
}

impl Failure {
    /// A failure that no other attempt can mend.
    pub(crate) const fn last(error: TransportError) -> Self {
        Self {
            error,
            stale: false,
            passing: false,
        }
    }

    /// What a failed exchange means. The address goes: for one vendor it holds the token.
    pub(crate) fn of(error: reqwest::Error, stage: Stage) -> Self {
        let error = error.without_url();
        if is_denied(&error) {
            return Self::last(TransportError::EgressDenied);
        }
        if error.is_connect() {
            // A connect that hangs has cost its five seconds; once is enough.
            let passing = !error.is_timeout();
            let error = TransportError::Connect(Some(Box::new(error)));
            return Self {
                error,
                stale: false,
                passing,
            };
        }
        if error.is_timeout() {
            return Self::last(TransportError::Timeout);
        }
        let cut_off = stage == Stage::Body && ended_early(&error);
        let error = Box::new(error);
        Self {
            stale: stage == Stage::Head,
            passing: true,
            error: if cut_off {
                TransportError::Truncated(Some(error))
            } else {
                TransportError::Broken(Some(error))
            },
        }
    }
}

/// Whether the vendor closed in order before the body was as long as it was to be.
fn ended_early(error: &reqwest::Error) -> bool {
    chain(error).any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
    })
}

/// Whether the guard stands somewhere in the chain of causes.
fn is_denied(error: &reqwest::Error) -> bool {
    chain(error).any(|cause| {
        matches!(
            cause.downcast_ref::<EgressError>(),
            Some(EgressError::Forbidden)
        )
    })
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        // An `io::Error` hides the error it carries from `source`.
        match cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => cause.source(),
        }
    })
}

/// The word of a failure in metrics.
pub(crate) const fn outcome(error: &TransportError) -> &'static str {
    match error {
        TransportError::EgressDenied => "egress_denied",
        TransportError::Connect(_) => "connect",
        TransportError::Timeout => "timeout",
        TransportError::Broken(_) => "broken",
        TransportError::Truncated(_) => "truncated",
        TransportError::TooLarge { .. } => "too_large",
        TransportError::Redirect { .. } => "redirect",
        TransportError::RateLimited { .. } => "rate_limited",
        TransportError::CircuitOpen { .. } => "circuit_open",
    }
}
