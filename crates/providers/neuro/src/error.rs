//! What the vendor's failures mean.

use callweave_model::Timestamp;
use callweave_provider::{
    ErrorKind, ProviderError, Retry,
    http_client::{Answer, retry_after},
};
use serde_json::Value;

use crate::VENDOR;

/// The operations that answer 404 for what is not there yet.
const NOT_THERE_YET: &[&str] = &["NN-28", "NN-30", "NN-31", "NN-32"];

/// The operations that change something: a 409 to one of them refuses it.
const CHANGES: &[&str] = &[
    "NN-03", "NN-04", "NN-09", "NN-11", "NN-13", "NN-14", "NN-15", "NN-17", "NN-18", "NN-19",
    "NN-20", "NN-21", "NN-23", "NN-24", "NN-25", "NN-26", "NN-27", "NN-35", "NN-36", "NN-37",
    "NN-38",
];

/// An answer that is no success, in the contract's words.
pub(crate) fn parse_error(
    operation: &'static str,
    answer: &Answer,
    now: Timestamp,
) -> ProviderError {
    let message = message(&answer.body);
    let kind = kind(operation, answer, message.as_deref());
    let mut error = ProviderError::new(VENDOR, operation, kind).with_status(answer.status);
    if let Some(message) = message {
        error = error.with_message(message);
    }
    if matches!(answer.status.as_u16(), 429 | 503)
        && let Some(pause) = retry_after(&answer.headers, now)
    {
        error = error.with_retry(Retry::After(pause));
    }
    error
}

/// An answer with a status of success that is not what the documents say. Where it answers a
/// change, what became of that is not known, and sending it again is no remedy.
pub(crate) fn bad_response(operation: &'static str, reason: &'static str) -> ProviderError {
    let error = ProviderError::new(VENDOR, operation, ErrorKind::BadResponse).with_source(reason);
    if CHANGES.contains(&operation) {
        error.with_retry(Retry::Never)
    } else {
        error
    }
}

/// The vendor does not have it, as a look before the change shows.
pub(crate) fn not_there(operation: &'static str, what: &'static str) -> ProviderError {
    ProviderError::new(VENDOR, operation, ErrorKind::NotFound)
        .with_message(what)
        .before_sending()
}

fn kind(operation: &str, answer: &Answer, message: Option<&str>) -> ErrorKind {
    match (operation, answer.status.as_u16()) {
        // The document says 422 for a wrong login; 401 was seen.
        ("NN-01", 401 | 403 | 422) => ErrorKind::InvalidCredentials,
        ("NN-02", 400 | 401 | 403 | 422) | (_, 401) => ErrorKind::Unauthorized,
        (_, 403) => ErrorKind::Forbidden,
        (_, 404) if NOT_THERE_YET.contains(&operation) && !is_page(&answer.body) => {
            ErrorKind::NotReady
        }
        (_, 404) => ErrorKind::NotFound,
        // 409 stands for every other failure and never for a conflict.
        (_, 409) => refusal(operation, message.unwrap_or_default()),
        (_, 429) => ErrorKind::RateLimited,
        (_, 300..=399) => ErrorKind::UnexpectedRedirect,
        (_, 408 | 425 | 500..=599) => ErrorKind::VendorFailure,
        _ => ErrorKind::InvalidRequest,
    }
}

/// What a 409 means goes by its words; without words that tell, a change was refused, and of a read
/// the vendor failed.
fn refusal(operation: &str, message: &str) -> ErrorKind {
    const THE_REQUEST: &[&str] = &[
        "invalid",
        "required",
        "must be",
        "wrong",
        "malformed",
        "not valid",
        "validation",
        "incorrect",
        "badly formed",
        "missing",
    ];
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["not found", "does not exist", "no such", "cannot find"]) {
        ErrorKind::NotFound
    } else if says(&["already", "exists", "duplicate", "not unique"]) {
        ErrorKind::Conflict
    } else if says(THE_REQUEST) || CHANGES.contains(&operation) {
        ErrorKind::InvalidRequest
    } else {
        ErrorKind::VendorFailure
    }
}

/// The body is a web page: an answer of something that is not the vendor's interface.
pub(crate) fn is_page(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// The message of an error body, where it is JSON.
fn message(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let member = |name: &str| value.get(name).and_then(Value::as_str);
    ["message", "detail", "error", "description", "msg"]
        .into_iter()
        .find_map(member)
        .or_else(|| value.as_str())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use callweave_provider::{ErrorKind, Retry, http_client::Answer};
    use http::{HeaderMap, StatusCode};

    use super::parse_error;

    fn kind(operation: &'static str, status: u16, body: &'static str) -> ErrorKind {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        };
        parse_error(operation, &answer, "2026-03-02T09:15:00Z".parse().unwrap()).kind
    }

    #[test]
    fn trap_n02_a_wrong_login_is_told_in_three_ways() {
        for status in [401, 403, 422] {
            assert_eq!(kind("NN-01", status, "nope"), ErrorKind::InvalidCredentials);
        }
        assert_eq!(kind("NN-01", 500, ""), ErrorKind::VendorFailure);
    }

    #[test]
    fn trap_n32_no_data_is_not_ready_and_a_web_page_is_not() {
        let body = r#"{"message": "No data for dialog report"}"#;
        assert_eq!(kind("NN-28", 404, body), ErrorKind::NotReady);
        assert_eq!(kind("NN-32", 404, "[]"), ErrorKind::NotReady);
        assert_eq!(kind("NN-28", 404, "<html></html>"), ErrorKind::NotFound);
        assert_eq!(kind("NN-07", 404, "{}"), ErrorKind::NotFound);
    }

    #[test]
    fn trap_n38_a_409_is_no_conflict() {
        let invalid = r#"{"message": "badly formed hexadecimal UUID string"}"#;
        assert_eq!(kind("NN-07", 409, invalid), ErrorKind::InvalidRequest);
        assert_eq!(
            kind("NN-07", 409, r#"{"message": "Bulk not found"}"#),
            ErrorKind::NotFound
        );
        let timeout = r#"{"message": "db timeout"}"#;
        assert_eq!(kind("NN-07", 409, timeout), ErrorKind::VendorFailure);
        assert_eq!(
            kind("NN-03", 409, timeout),
            ErrorKind::InvalidRequest,
            "a change that was refused was not made"
        );
        let taken = r#"{"message": "An entity with this name exists"}"#;
        assert_eq!(kind("NN-17", 409, taken), ErrorKind::Conflict);
    }

    #[test]
    fn trap_n52_only_401_asks_for_a_new_token() {
        assert_eq!(kind("NN-28", 401, ""), ErrorKind::Unauthorized);
        assert_eq!(kind("NN-28", 403, ""), ErrorKind::Forbidden);
        assert_eq!(kind("NN-02", 401, ""), ErrorKind::Unauthorized);
    }

    #[test]
    fn case_009_the_pause_that_is_asked_for_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        let answer = Answer {
            status: StatusCode::TOO_MANY_REQUESTS,
            headers,
            body: Bytes::new(),
        };
        let error = parse_error("NN-29", &answer, "2026-03-02T09:15:00Z".parse().unwrap());
        assert_eq!(error.retry, Retry::After(std::time::Duration::from_secs(7)));
    }
}
