//! What the vendor's refusals mean. It documents none, so the status decides.

use callweave_model::Timestamp;
use callweave_provider::{
    ErrorKind, ProviderError, Retry,
    http_client::{TransportError, retry_after},
};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::VENDOR;

/// An error of this vendor.
pub(crate) fn error(operation: &'static str, kind: ErrorKind) -> ProviderError {
    ProviderError::new(VENDOR, operation, kind)
}

/// No answer came.
pub(crate) fn transport(operation: &'static str, error: TransportError) -> ProviderError {
    error.into_provider_error(VENDOR, operation)
}

/// An answer came and is nothing that can be understood.
pub(crate) fn bad_response(operation: &'static str, reason: &str) -> ProviderError {
    error(operation, ErrorKind::BadResponse).with_message(reason)
}

/// Judges an answer that is no success. The token does not change, so a refused one is a matter
/// for the owner.
pub(crate) fn judge(
    operation: &'static str,
    status: StatusCode,
    headers: &HeaderMap,
    now: Timestamp,
) -> ProviderError {
    let kind = match status.as_u16() {
        401 => ErrorKind::InvalidCredentials,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        408 | 500..=599 => ErrorKind::VendorFailure,
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

/// The vendor's message out of a body that was redacted already; pages are none.
pub(crate) fn message(body: &[u8]) -> String {
    let members = serde_json::from_slice::<Value>(body).ok();
    let text_of = |value: &Value| value.as_str().map(str::trim).map(str::to_owned);
    let member = |name: &str| members.as_ref()?.get(name).and_then(text_of);
    ["message", "error", "detail", "answer"]
        .into_iter()
        .find_map(member)
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| {
            let text: String = String::from_utf8_lossy(body).chars().take(300).collect();
            if text.trim_start().starts_with(['<', '{', '[']) {
                String::new()
            } else {
                text
            }
        })
}
