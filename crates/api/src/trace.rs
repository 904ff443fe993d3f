//! W3C Trace Context: a caller's trace goes on here, and is told back.

use std::{fmt, future::Future, sync::Arc};

use callweave_model::ids::Ids;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::{Instrument as _, Span};

/// The header that carries it in and out.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("traceparent");

/// Ties a request's span to the trace it belongs to, where spans are sent to a collector, and says
/// what the span is called there.
pub type SpanLink = Arc<dyn Fn(&Span, Option<TraceParent>) -> Option<TraceParent> + Send + Sync>;

/// A place in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace: u128,
    /// The span within it.
    pub span: u64,
    /// `1`: it is recorded.
    pub flags: u8,
}

impl TraceParent {
    /// Reads the header; what is not exactly one, or is all zeros, begins a new trace.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::parse(value.to_str().ok()?),
            _ => None,
        }
    }

    /// Reads the header's text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hexadecimal(parts.next()?, 2)?;
        let trace = hexadecimal(parts.next()?, 32)?;
        let span = hexadecimal(parts.next()?, 16)?;
        let flags = hexadecimal(parts.next()?, 2)?;
        // A later version may say more; this one says no more, and 255 is none.
        let complete = version != 0 || parts.next().is_none();
        (complete && version != 255 && trace != 0 && span != 0).then_some(Self {
            trace,
            span: u64::try_from(span).ok()?,
            flags: u8::try_from(flags).ok()? & 1,
        })
    }

    /// A span of ours: in the caller's trace, or in a new one.
    pub(crate) fn continued(caller: Option<Self>, ids: &dyn Ids) -> Self {
        let (_, low) = ids.next().as_u64_pair();
        Self {
            trace: caller.map_or_else(|| ids.next().as_u128(), |caller| caller.trace),
            span: low,
            flags: caller.map_or(0, |caller| caller.flags),
        }
    }

    /// The header.
    pub fn header_value(self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.to_string()).ok()
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, flags } = self;
        write!(formatter, "00-{trace:032x}-{span:016x}-{flags:02x}")
    }
}

fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let fits = text.len() == digits
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

tokio::task_local! {
    static CURRENT: TraceParent;
}

/// The place in the trace of the request that is being answered; `None` outside of one.
pub fn current() -> Option<TraceParent> {
    CURRENT.try_with(|current| *current).ok()
}

/// Answers a request at this place.
pub async fn at<F: Future>(place: TraceParent, answering: F) -> F::Output {
    CURRENT.scope(place, answering).await
}

/// Work that goes on in a task of its own, at the place where it was begun and in the same span.
pub(crate) fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let place = current();
    let work = async move {
        match place {
            Some(place) => at(place, work).await,
            None => work.await,
        }
    };
    work.instrument(Span::current())
}

#[cfg(test)]
mod tests {
    use callweave_model::ids::RandomIds;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_is_read_and_goes_on_in_a_span_of_ours() {
        let caller = TraceParent::parse(GOOD).unwrap();
        assert_eq!(caller.to_string(), GOOD);
        let ours = TraceParent::continued(Some(caller), &RandomIds);
        assert_eq!((ours.trace, ours.flags), (caller.trace, 1));
        assert_ne!(ours.span, caller.span);
        let fresh = TraceParent::continued(None, &RandomIds);
        assert!(fresh.trace != 0 && fresh.span != 0 && fresh.flags == 0);
        assert_eq!(TraceParent::parse(&fresh.to_string()), Some(fresh));
    }

    #[test]
    fn what_is_none_begins_a_new_one() {
        for odd in [
            "",
            "00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        ] {
            assert_eq!(TraceParent::parse(odd), None, "{odd}");
        }
        let later = GOOD.replacen("00-", "01-", 1) + "-more";
        assert!(
            TraceParent::parse(&later).is_some(),
            "a later version may say more"
        );
    }
}
