//! What the vendor's refusals mean.

use callweave_model::Timestamp;
use callweave_provider::{
    ErrorKind, ProviderError, Retry,
    http_client::{Answer, TransportError, retry_after},
};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::VENDOR;

/// The operation that logs in; a 401 there speaks of the credentials and not of a token.
pub(crate) const LOGIN: &str = "CG-33";

/// An error of this vendor.
pub(crate) fn error(operation: &'static str, kind: ErrorKind) -> ProviderError {
    ProviderError::new(VENDOR, operation, kind)
}

/// No answer came.
pub(crate) fn transport(operation: &'static str, error: TransportError) -> ProviderError {
    error.into_provider_error(VENDOR, operation)
}

/// The error of something that must not happen twice: it is only worth another try where the
/// vendor certainly did not take it.
pub(crate) fn once(error: ProviderError) -> ProviderError {
    if may_have_happened(&error) {
        error.with_retry(Retry::Never)
    } else {
        error
    }
}

/// Whether the vendor may have done what it was asked although it did not say so.
pub(crate) fn may_have_happened(error: &ProviderError) -> bool {
    let unclear = matches!(
        error.kind,
        ErrorKind::Transport
            | ErrorKind::VendorFailure
            | ErrorKind::BadResponse
            | ErrorKind::UnexpectedRedirect
    );
    unclear && !error.unsent
}

/// An id that none of this vendor's things can have; nothing is sent for it.
pub(crate) fn no_such(operation: &'static str) -> ProviderError {
    error(operation, ErrorKind::NotFound)
        .with_message("no id of this vendor: not a positive integer")
        .before_sending()
}

/// A member of what the caller wrote does not fit this vendor.
pub(crate) fn invalid(operation: &'static str, pointer: &str, detail: &str) -> ProviderError {
    ProviderError::invalid_input(VENDOR, operation, pointer, detail)
}

/// Judges an answer that is no success, by its status first: the documents show errors whose body
/// looks like a success, and two envelopes for the message.
pub(crate) fn parse_error(
    operation: &'static str,
    answer: &Answer,
    now: Timestamp,
) -> ProviderError {
    judge(operation, answer.status, &answer.headers, now).with_message(message(&answer.body))
}

/// [`parse_error`] for an answer whose body was not read.
pub(crate) fn judge(
    operation: &'static str,
    status: StatusCode,
    headers: &HeaderMap,
    now: Timestamp,
) -> ProviderError {
    let kind = match status.as_u16() {
        401 if operation == LOGIN => ErrorKind::InvalidCredentials,
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        405 | 501 => ErrorKind::Unsupported,
        408 | 500..=599 => ErrorKind::VendorFailure,
        429 => ErrorKind::RateLimited,
        304 => ErrorKind::BadResponse,
        300..=399 => ErrorKind::UnexpectedRedirect,
        400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::BadResponse,
    };
    let error = error(operation, kind).with_status(status);
    let may_wait = matches!(kind, ErrorKind::RateLimited | ErrorKind::VendorFailure);
    match retry_after(headers, now) {
        Some(pause) if may_wait => error.with_retry(Retry::After(pause)),
        _ => error,
    }
}

/// The vendor's message: `detail`, else `message`, else `title`, else `error`, else the text.
fn message(body: &[u8]) -> String {
    let members = serde_json::from_slice::<Value>(body).ok();
    let member = |name: &str| {
        let text = members.as_ref()?.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    ["detail", "message", "title", "error"]
        .into_iter()
        .find_map(member)
        .unwrap_or_else(|| {
            let text: String = String::from_utf8_lossy(body).chars().take(300).collect();
            // A page is no message, and an answer that looks like a success may hold people's data.
            if text.trim_start().starts_with(['<', '{', '[']) {
                String::new()
            } else {
                text
            }
        })
}
