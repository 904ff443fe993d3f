//! Telling answers from failures, whatever their status says.

use std::collections::BTreeMap;

use bytes::Bytes;
use callweave_model::Timestamp;
use callweave_provider::{
    ErrorKind, ProviderError, Result, Retry,
    envelope::{self, Envelope},
    http_client::{Answer, retry_after},
    number::as_id,
};
use http::StatusCode;
use serde_json::{Value, value::RawValue};

use crate::{VENDOR, codes};

/// The outermost members of an answer.
pub(crate) type Outer = BTreeMap<String, Box<RawValue>>;

/// Members one of which an answer must have to be one, by operation.
const PAYLOADS: &[(&[&str], &[&str])] = &[
    (&["TR-01"], &["token"]),
    (&["TR-02"], &["tariff"]),
    (&["TR-03", "TR-04", "TR-05", "TR-06"], &["code"]),
    (&["TR-07"], &["task_code"]),
    (&["TR-08"], &["report_task_code"]),
    (&["TR-09", "TR-10"], &["tasks"]),
    (&["TR-11"], &["task_code", "id", "task_result"]),
    (
        &["TR-12"],
        &[
            "analysis",
            "task_code",
            "transcript",
            "call_checklists",
            "duration_sec",
        ],
    ),
    (&["TR-13", "TR-14", "TR-18"], &["data"]),
    (
        &["TR-15", "TR-16", "TR-23", "TR-24", "TR-30", "TR-31"],
        &["data"],
    ),
    (&["TR-19"], &["directories"]),
    (&["TR-20"], &["directory"]),
    (&["TR-22", "TR-29"], &["items"]),
    (&["TR-27"], &["filters"]),
    // Nothing comes back but the word that it is done, in one of two ways.
    (
        &["TR-17", "TR-21", "TR-25", "TR-26", "TR-28", "TR-32"],
        &["success", "error_code", "errorcode"],
    ),
];

/// The members of a successful answer; a failure in words of the contract otherwise.
///
/// An answer is a failure if it says `success: false`, names a code other than 0, or has a message
/// of an error and no payload; it is none of the documented answers if it has no payload either.
pub(crate) fn parse(operation: &'static str, answer: &Answer, now: Timestamp) -> Result<Outer> {
    let opened = Envelope::open(&answer.body);
    let members = match opened {
        Ok(Envelope::Object(members)) => members,
        _ if !answer.status.is_success() => return Err(by_status(operation, answer, now)),
        Ok(_) => return Err(misshapen(operation, answer, "the answer is no JSON object")),
        Err(_) => {
            let error = bad_response(operation, "the answer is not JSON");
            return Err(error.with_status(answer.status));
        }
    };
    let said = Said::read(&members);
    let payload = has_payload(operation, &members);
    // A task that failed is told with the code of its failure.
    let failed_task =
        operation == "TR-11" && holds(&members, "id") && text(&members, "status").is_some();
    let refused = said.code.is_some() || said.success == Some(false);
    let failed = (refused && !failed_task) || (said.message.is_some() && !payload);
    if !answer.status.is_success() && said.code.is_none() {
        let mut error = by_status(operation, answer, now);
        if let Some(message) = said.message {
            error = error.with_message(message);
        }
        return Err(error);
    }
    if failed || !answer.status.is_success() {
        return Err(said.into_error(operation, answer.status));
    }
    if payload {
        Ok(members)
    } else {
        Err(misshapen(
            operation,
            answer,
            "the answer holds none of the documented members",
        ))
    }
}

/// An answer that is sound JSON, tells no failure and is none of the documented ones. Asked again,
/// the vendor would most likely say the same.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Misshapen {
    /// Why it is none of them.
    pub(crate) reason: &'static str,
    /// The answer as it came.
    pub(crate) body: Bytes,
}

fn misshapen(operation: &'static str, answer: &Answer, reason: &'static str) -> ProviderError {
    let body = answer.body.clone();
    ProviderError::new(VENDOR, operation, ErrorKind::BadResponse)
        .with_status(answer.status)
        .with_source(Misshapen { reason, body })
}

/// An answer that is not what the documents say.
pub(crate) fn bad_response(operation: &'static str, reason: &'static str) -> ProviderError {
    ProviderError::new(VENDOR, operation, ErrorKind::BadResponse).with_source(reason)
}

/// What an answer says of its own success.
struct Said {
    success: Option<bool>,
    code: Option<String>,
    message: Option<String>,
}

impl Said {
    fn read(members: &Outer) -> Self {
        let code = ["error_code", "errorcode"]
            .into_iter()
            .filter_map(|name| member(members, name))
            .find_map(|value| as_id(&value).filter(|code| code != "0"));
        Self {
            success: member(members, "success").and_then(|value| value.as_bool()),
            code,
            message: text(members, "error_message").or_else(|| text(members, "message")),
        }
    }

    fn into_error(self, operation: &'static str, status: StatusCode) -> ProviderError {
        let kind = self
            .code
            .as_deref()
            .map_or(ErrorKind::VendorFailure, |code| {
                codes::kind(operation, code)
            });
        let mut error = ProviderError::new(VENDOR, operation, kind).with_status(status);
        if let Some(code) = self.code {
            error = error.with_vendor_code(code);
        }
        match self.message {
            Some(message) => error.with_message(message),
            None => error,
        }
    }
}

/// A failure that only the status tells: of a proxy, or of a vendor that learned better.
fn by_status(operation: &'static str, answer: &Answer, now: Timestamp) -> ProviderError {
    let kind = match (operation, answer.status.as_u16()) {
        ("TR-01", 401 | 403 | 422) => ErrorKind::InvalidCredentials,
        (_, 401) => ErrorKind::Unauthorized,
        (_, 403) => ErrorKind::Forbidden,
        (_, 404) => ErrorKind::NotFound,
        (_, 429) => ErrorKind::RateLimited,
        (_, 300..=399) => ErrorKind::UnexpectedRedirect,
        (_, 408 | 425 | 500..=599) => ErrorKind::VendorFailure,
        _ => ErrorKind::InvalidRequest,
    };
    let mut error = ProviderError::new(VENDOR, operation, kind).with_status(answer.status);
    if matches!(answer.status.as_u16(), 429 | 503)
        && let Some(pause) = retry_after(&answer.headers, now)
    {
        error = error.with_retry(Retry::After(pause));
    }
    error
}

/// The answer refuses the token, by its status or by its code.
pub(crate) fn refused_token(operation: &'static str, answer: &Answer) -> Option<ProviderError> {
    let refused = || {
        ProviderError::new(VENDOR, operation, ErrorKind::Unauthorized).with_status(answer.status)
    };
    if answer.status == StatusCode::UNAUTHORIZED {
        return Some(refused());
    }
    let Ok(Envelope::Object(members)) = Envelope::open(&answer.body) else {
        return None;
    };
    let code = Said::read(&members).code?;
    (codes::kind(operation, &code) == ErrorKind::Unauthorized)
        .then(|| refused().with_vendor_code(code))
}

/// The path is unknown to this installation, which is told by the status alone.
pub(crate) fn is_unknown_path(error: &ProviderError) -> bool {
    matches!(error.status, Some(404 | 405)) && error.vendor_code.is_none()
}

fn has_payload(operation: &str, members: &Outer) -> bool {
    let known = PAYLOADS
        .iter()
        .find(|(operations, _)| operations.contains(&operation));
    known.is_none_or(|(_, names)| names.iter().any(|name| holds(members, name)))
}

/// The member is there and not null.
fn holds(members: &Outer, name: &str) -> bool {
    members.get(name).is_some_and(|raw| raw.get() != "null")
}

/// One member, where it can be read.
pub(crate) fn member(members: &Outer, name: &str) -> Option<Value> {
    envelope::value(members.get(name)?).ok()
}

fn text(members: &Outer, name: &str) -> Option<String> {
    let value = member(members, name)?;
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use callweave_provider::{ErrorKind, Retry, http_client::Answer};
    use http::{HeaderMap, StatusCode};

    use super::parse;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn outcome(operation: &'static str, status: u16, body: &str) -> Option<ErrorKind> {
        let now = "2026-03-02T09:15:00Z".parse().unwrap();
        parse(operation, &answer(status, body), now)
            .err()
            .map(|error| error.kind)
    }

    #[test]
    fn trap_t01_a_failure_comes_with_status_200() {
        let body = r#"{"success": false, "error_code": 5000, "error_message": "oops"}"#;
        assert_eq!(outcome("TR-09", 200, body), Some(ErrorKind::VendorFailure));
        let body = r#"{"success": false, "error_code": "4012"}"#;
        assert_eq!(outcome("TR-09", 200, body), Some(ErrorKind::Unauthorized));
    }

    #[test]
    fn trap_t02_the_code_has_two_names() {
        let body = r#"{"success": true, "errorcode": 0, "tariff": {"id": 4}}"#;
        assert_eq!(outcome("TR-02", 200, body), None);
        let body = r#"{"errorcode": 4023}"#;
        assert_eq!(outcome("TR-02", 200, body), Some(ErrorKind::Unauthorized));
    }

    #[test]
    fn trap_t03_success_and_code_may_be_missing() {
        assert_eq!(
            outcome("TR-09", 200, r#"{"tasks": [], "pagination": {}}"#),
            None
        );
        assert_eq!(
            outcome("TR-09", 200, r#"{"success": true}"#),
            Some(ErrorKind::BadResponse),
            "no tasks is not an empty list"
        );
        assert_eq!(
            outcome("TR-09", 200, r#"{"error_message": "no"}"#),
            Some(ErrorKind::VendorFailure)
        );
    }

    #[test]
    fn trap_t11_a_failed_task_is_an_answer() {
        let body = r#"{"success": true, "error_code": 4026, "id": 7, "task_code": "t", "status": "error", "error_message": "broken file"}"#;
        assert_eq!(outcome("TR-11", 200, body), None);
        let body = r#"{"success": false, "error_code": 4021, "task_code": "t", "status": "error"}"#;
        assert_eq!(outcome("TR-11", 200, body), Some(ErrorKind::NotFound));
    }

    #[test]
    fn case_013_a_web_page_and_a_cut_off_answer_are_no_answers() {
        for body in [
            "<html>log in</html>",
            "",
            r#"{"tasks": [{"id": 1}"#,
            "[]",
            "null",
        ] {
            assert_eq!(
                outcome("TR-09", 200, body),
                Some(ErrorKind::BadResponse),
                "{body}"
            );
        }
    }

    #[test]
    fn real_statuses_still_count() {
        assert_eq!(
            outcome("TR-09", 502, "<html>"),
            Some(ErrorKind::VendorFailure)
        );
        assert_eq!(outcome("TR-09", 401, "{}"), Some(ErrorKind::Unauthorized));
        assert_eq!(
            outcome("TR-11", 400, r#"{"error_code": 4021}"#),
            Some(ErrorKind::NotFound),
            "the code tells more than the status"
        );
        let mut limited = answer(429, "");
        limited.headers.insert("retry-after", "7".parse().unwrap());
        let now = "2026-03-02T09:15:00Z".parse().unwrap();
        let error = parse("TR-09", &limited, now).unwrap_err();
        assert_eq!(error.retry, Retry::After(std::time::Duration::from_secs(7)));
    }
}
