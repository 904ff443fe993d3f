//! The only way to a vendor: one request in, one complete answer or a stream out.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};

use crate::error::{ErrorKind, ProviderError, Retry};

/// What kind of request it is; decides about retries and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// May be repeated at will: reads, also reads through POST.
    Read,
    /// Must be sent at most once: it changes, charges or dials.
    Write,
}

/// A mark in the extensions of a request whose address holds a secret (a token in the path):
/// neither the path nor the query may appear in a log, a trace, a metric or an error.
#[derive(Clone, Copy, Debug)]
pub struct SecretAddress;

/// A request of one documented operation. Its `Debug` shows neither address, headers nor body.
#[derive(Clone)]
pub struct OutgoingRequest {
    /// The operation id of the coverage table, e.g. `CG-16`; for metrics, traces and errors.
    pub operation: &'static str,
    /// Whether it may be repeated.
    pub safety: Safety,
    /// The request itself; the address is absolute and below the connection's base URL. Header
    /// values that carry secrets are marked sensitive.
    pub request: http::Request<Bytes>,
}

impl std::fmt::Debug for OutgoingRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OutgoingRequest")
            .field("operation", &self.operation)
            .field("safety", &self.safety)
            .field("method", self.request.method())
            .finish_non_exhaustive()
    }
}

/// The body of an upload: read once, piece by piece, never held as a whole.
pub struct UploadBody {
    /// The size in bytes, where it is known ahead.
    pub length: Option<u64>,
    /// The bytes. An error of the caller's side breaks the request off.
    pub content: BoxStream<'static, std::io::Result<Bytes>>,
}

impl std::fmt::Debug for UploadBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("UploadBody")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// A request whose body is streamed. It is always a [`Safety::Write`]: sent at most once.
pub struct OutgoingUpload {
    /// The operation id of the coverage table.
    pub operation: &'static str,
    /// Method, absolute address and headers, without `Content-Length`.
    pub request: http::Request<()>,
    /// The body.
    pub body: UploadBody,
}

impl std::fmt::Debug for OutgoingUpload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OutgoingUpload")
            .field("operation", &self.operation)
            .field("method", &self.request.method())
            .field("length", &self.body.length)
            .finish_non_exhaustive()
    }
}

/// The whole answer, decompressed, no larger than the client's cap.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The MIME type without parameters, lower case; empty when there is none.
    pub fn content_type(&self) -> String {
        media_type(&self.headers)
    }

    /// The body looks like JSON: by its type, or by its first character where the type is silent.
    pub fn is_json(&self) -> bool {
        let content_type = self.content_type();
        if content_type.is_empty() || content_type == "text/plain" {
            let first = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
            return matches!(first, Some(b'{' | b'[' | b'"' | b'n'));
        }
        content_type.ends_with("/json") || content_type.ends_with("+json")
    }
}

/// The MIME type of headers, without parameters, lower case; empty when there is none.
pub fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

/// An answer whose body is read piece by piece, capped and timed like any other.
pub struct StreamingAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: BoxStream<'static, Result<Bytes, TransportError>>,
}

impl std::fmt::Debug for StreamingAnswer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("StreamingAnswer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// No answer could be had. Prints neither address nor headers.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address may not be reached from here.
    #[error("the address is not allowed")]
    EgressDenied,
    /// No connection came about within its time.
    #[error("could not connect")]
    Connect(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The whole request took too long, or bytes came too slowly.
    #[error("timed out")]
    Timeout,
    /// The connection broke before the answer was complete.
    #[error("the connection broke")]
    Broken(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The answer ended before it was as long as it said it would be.
    #[error("the answer is cut off")]
    Truncated(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The answer is larger than the cap (decompressed).
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The cap.
        limit: u64,
    },
    /// The vendor redirected; that is never followed.
    #[error("unexpected redirect")]
    Redirect {
        /// The status.
        status: StatusCode,
    },
    /// The vendor, or the gateway on its behalf, asks to slow down.
    #[error("rate limited")]
    RateLimited {
        /// How long to wait, where it is known.
        after: Option<std::time::Duration>,
    },
    /// The vendor failed again and again, so nothing is sent to it for a moment.
    #[error("the vendor is left alone after failures in a row")]
    CircuitOpen {
        /// How long yet.
        after: std::time::Duration,
    },
}

impl TransportError {
    /// The same error in the contract's words.
    pub fn into_provider_error(
        self,
        vendor: &'static str,
        operation: &'static str,
    ) -> ProviderError {
        let kind = match &self {
            Self::EgressDenied => ErrorKind::EgressDenied,
            Self::Connect(_) | Self::Timeout | Self::Broken(_) | Self::CircuitOpen { .. } => {
                ErrorKind::Transport
            }
            Self::TooLarge { .. } | Self::Truncated(_) => ErrorKind::BadResponse,
            Self::Redirect { .. } => ErrorKind::UnexpectedRedirect,
            Self::RateLimited { .. } => ErrorKind::RateLimited,
        };
        let mut error = ProviderError::new(vendor, operation, kind);
        error.unsent = matches!(
            self,
            Self::EgressDenied
                | Self::Connect(_)
                | Self::RateLimited { .. }
                | Self::CircuitOpen { .. }
        );
        if let Self::RateLimited { after: Some(after) } | Self::CircuitOpen { after } = &self {
            error = error.with_retry(Retry::After(*after));
        }
        if let Self::Redirect { status } = &self {
            error = error.with_status(*status);
        }
        error.with_source(self)
    }
}

/// Sends requests toward one connection's vendor. The real one stands in `provider-http`.
///
/// It adds timeouts, size caps, the rate budget, short retries of safe requests, tracing,
/// redaction and the egress guard; it never follows a redirect. A 429 comes back as an answer
/// like any other status (after the shared pause was noted); see [`retry_after`].
#[async_trait]
pub trait HttpClient: std::fmt::Debug + Send + Sync {
    /// Sends a request and reads the whole answer.
    async fn send(&self, request: OutgoingRequest) -> Result<Answer, TransportError>;

    /// Sends a request and hands the body over as it comes.
    async fn stream(&self, request: OutgoingRequest) -> Result<StreamingAnswer, TransportError>;

    /// Sends a request with a streamed body, once, and reads the whole answer. The time limit
    /// counts from the last byte that went out; a body that stalls breaks the request off.
    async fn upload(&self, request: OutgoingUpload) -> Result<Answer, TransportError>;
}

/// The pause that a `Retry-After` header asks for, as seconds or as an HTTP date, held between one
/// second and one hour; `None` when it is missing or cannot be read.
pub fn retry_after(
    headers: &HeaderMap,
    now: callweave_model::Timestamp,
) -> Option<std::time::Duration> {
    let text = headers
        .get(http::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim();
    let seconds = if let Ok(number) = text.parse::<f64>() {
        if !number.is_finite() {
            return None;
        }
        number
    } else {
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        let wait = date.as_millisecond().saturating_sub(now.as_millis());
        std::time::Duration::from_millis(u64::try_from(wait).unwrap_or(0)).as_secs_f64()
    };
    Some(std::time::Duration::from_secs_f64(
        seconds.clamp(1.0, 3_600.0),
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{TransportError, retry_after};

    #[test]
    fn only_what_certainly_never_left_counts_as_unsent() {
        let unsent = |error: TransportError| error.into_provider_error("acme", "X-01").unsent;
        assert!(unsent(TransportError::Connect(None)));
        assert!(unsent(TransportError::EgressDenied));
        assert!(unsent(TransportError::RateLimited { after: None }));
        assert!(!unsent(TransportError::Timeout));
        assert!(!unsent(TransportError::Broken(None)));
        assert!(!unsent(TransportError::TooLarge { limit: 1 }));
    }

    #[test]
    fn case_010_retry_after_in_every_form_is_held_within_a_second_and_an_hour() {
        let now = "2026-03-02T09:15:00Z".parse().unwrap();
        let parse = |text: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert("retry-after", text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(parse("7"), Some(Duration::from_secs(7)));
        assert_eq!(
            parse("Mon, 02 Mar 2026 09:15:30 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            parse("Mon, 02 Mar 2020 09:15:30 GMT"),
            Some(Duration::from_secs(1))
        );
        assert_eq!(parse("-5"), Some(Duration::from_secs(1)));
        assert_eq!(parse("1e9"), Some(Duration::from_hours(1)));
        assert_eq!(parse("soon"), None);
        assert_eq!(parse("NaN"), None);
    }
}
