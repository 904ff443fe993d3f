//! The codes of the problems that an operation can answer, as examples of its failed answers.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use utoipa::openapi::{
    Ref, RefOr, Required,
    example::{Example, ExampleBuilder},
    path::Operation,
};

use crate::{
    idempotency,
    problem::{CONTENT_TYPE, Code, codes},
};

/// Codes that come with another status than their usual one.
const ELSEWHERE: &[(&Code, StatusCode)] = &[
    (codes::VENDOR_QUOTA_EXCEEDED, StatusCode::PAYMENT_REQUIRED),
    (codes::CREDENTIALS_REJECTED, StatusCode::CONFLICT),
    (codes::ADDRESS_NOT_ALLOWED, StatusCode::CONFLICT),
    (codes::VENDOR_UNAUTHORIZED, StatusCode::UNPROCESSABLE_ENTITY),
    (
        codes::VENDOR_REQUEST_REJECTED,
        StatusCode::UNPROCESSABLE_ENTITY,
    ),
    (codes::VENDOR_UNREACHABLE, StatusCode::BAD_GATEWAY),
    (codes::OUTCOME_UNKNOWN, StatusCode::GATEWAY_TIMEOUT),
];

/// What of an operation decides which codes it has.
struct Facts<'a> {
    method: &'a Method,
    path: &'a str,
    parameters: Vec<(&'a str, bool)>,
    reads_json: bool,
    /// A vendor is asked while the caller waits.
    asks_vendor: bool,
}

impl Facts<'_> {
    fn takes(&self, name: &str) -> bool {
        self.parameters.iter().any(|(known, _)| *known == name)
    }

    fn needs(&self, name: &str) -> bool {
        self.parameters.contains(&(name, true))
    }

    fn passes_through(&self) -> bool {
        self.path.contains("/passthrough/")
    }

    fn follows_events(&self) -> bool {
        self.path.starts_with("/v1/events")
    }

    /// Whether credentials or an address at the vendor may come along.
    fn sets_connection_up(&self) -> bool {
        match self.path {
            "/v1/connections" => *self.method == Method::POST,
            "/v1/connections/{id}" => *self.method == Method::PATCH,
            path => path.ends_with("/credentials"),
        }
    }

    /// Whether the operation can answer a code, where it documents the status.
    fn can_answer(&self, code: &Code, status: StatusCode) -> bool {
        let versioned = self.path.starts_with("/v1");
        let acts = *self.method != Method::GET;
        let made = *self.method == Method::POST;
        let is = |wanted: &Code| code.code == wanted.code;
        if code.code.starts_with("vendor.") {
            let about_acts = is(codes::OUTCOME_UNKNOWN) || is(codes::VENDOR_CONFLICT);
            return if is(codes::VENDOR_UNAUTHORIZED) && status != code.status {
                self.sets_connection_up()
            } else if status == StatusCode::PAYMENT_REQUIRED {
                true
            } else {
                self.asks_vendor && (acts || !about_acts)
            };
        }
        if is(codes::INVALID_JSON) {
            self.reads_json && !self.passes_through()
        } else if is(codes::INVALID_BODY) {
            (self.reads_json || self.asks_vendor) && !self.passes_through()
        } else if is(codes::INVALID_QUERY) {
            versioned && !self.passes_through()
        } else if is(codes::INVALID_CURSOR) {
            self.takes("cursor") || self.follows_events() || self.path.ends_with("/search")
        } else if is(codes::CONFIRMATION_REQUIRED) {
            self.takes("confirm")
        } else if is(codes::INVALID_PASSTHROUGH_PATH) {
            self.passes_through()
        } else if is(codes::IDEMPOTENCY_KEY_REQUIRED) {
            self.needs(idempotency::HEADER)
        } else if is(codes::IDEMPOTENCY_KEY_REUSED) || is(codes::REQUEST_UNDER_WAY) {
            versioned && made
        } else if is(codes::ERASED) {
            self.path.starts_with("/v1/calls")
        } else if is(codes::CONNECTION_EXISTS) || is(codes::UNKNOWN_VENDOR) {
            made && self.path == "/v1/connections"
        } else if is(codes::ACCOUNT_DIFFERS) {
            self.sets_connection_up() && !made
        } else if is(codes::CREDENTIALS_REJECTED) || is(codes::ADDRESS_NOT_ALLOWED) {
            if status == code.status {
                self.sets_connection_up()
            } else {
                self.asks_vendor
            }
        } else if is(codes::REAUTH_REQUIRED) {
            self.path.contains("/connections/{id}") || self.asks_vendor || made
        } else if is(codes::TOO_MANY_STREAMS) {
            self.path.ends_with("/stream")
        } else {
            // What the statuses that an operation documents tell already.
            true
        }
    }
}

/// Names the codes among the examples of each failed answer.
pub(super) fn tell(method: &Method, path: &str, operation: &mut Operation) {
    let answers = |status: &str| operation.responses.responses.contains_key(status);
    let facts = Facts {
        method,
        path,
        parameters: parameters(operation),
        reads_json: operation
            .request_body
            .as_ref()
            .is_some_and(|body| match body {
                RefOr::T(body) => body.content.contains_key("application/json"),
                RefOr::Ref(_) => false,
            }),
        asks_vendor: answers("504"),
    };
    let told: Vec<(String, Vec<String>)> = operation
        .responses
        .responses
        .keys()
        .map(|status| (status.clone(), names(&facts, status)))
        .collect();
    for (status, names) in told {
        let Some(RefOr::T(response)) = operation.responses.responses.get_mut(&status) else {
            continue;
        };
        let Some(RefOr::T(content)) = response.content.get_mut(CONTENT_TYPE) else {
            continue;
        };
        for name in names {
            let place = format!("#/components/examples/{name}");
            content.examples.insert(name, RefOr::Ref(Ref::new(place)));
        }
    }
}

fn parameters(operation: &Operation) -> Vec<(&str, bool)> {
    let all = operation.parameters.iter().flatten();
    all.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => {
            let needed = parameter.required == Required::True;
            Some((parameter.name.as_str(), needed))
        }
        RefOr::Ref(_) => None,
    })
    .collect()
}

/// The examples of one status of an operation.
fn names(facts: &Facts<'_>, status: &str) -> Vec<String> {
    answers()
        .filter(|(code, answered)| answered.as_str() == status && facts.can_answer(code, *answered))
        .map(|(code, answered)| name(code, answered))
        .collect()
}

/// Every code with every status that it comes with.
fn answers() -> impl Iterator<Item = (&'static Code, StatusCode)> {
    let usual = codes::ALL.iter().map(|code| (*code, code.status));
    usual.chain(ELSEWHERE.iter().copied())
}

/// The name of an example: the code, and the status where it is not the usual one.
fn name(code: &Code, status: StatusCode) -> String {
    if status == code.status {
        code.code.to_owned()
    } else {
        format!("{}-{}", code.code, status.as_str())
    }
}

/// An example of every code.
pub(super) fn examples() -> impl Iterator<Item = (String, RefOr<Example>)> {
    // No operation has it: it is about methods that are none.
    let of_operations =
        |(code, _): &(&Code, StatusCode)| code.code != codes::METHOD_NOT_ALLOWED.code;
    answers().filter(of_operations).map(|(code, status)| {
        let example = ExampleBuilder::new()
            .summary(code.title)
            .value(Some(document(code, status)));
        (name(code, status), example.into())
    })
}

fn document(code: &Code, status: StatusCode) -> Value {
    let mut document = json!({
        "type": format!("/docs/errors/{}.md", code.code),
        "title": code.title,
        "status": status.as_u16(),
        "detail": code.meaning,
        "code": code.code,
        "request_id": "01a1fcf4-1e69-749b-aa4a-efb4f05c4e83",
        "retryable": code.retryable,
    });
    if let Some(members) = document.as_object_mut()
        && matches!(status.as_u16(), 429 | 503)
    {
        members.insert("retry_after_s".to_owned(), json!(2));
    }
    document
}
