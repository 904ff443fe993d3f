//! Problem details (RFC 9457): what every answer outside of 2xx and 3xx looks like.

pub mod codes;
mod convert;
mod documents;

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::vendor_request::of_request;

pub use codes::Code;
pub(crate) use convert::erased;
pub(crate) use documents::{
    BadBody, BadQuery, Conflict, Gone, Live, NotAcceptable, NotFound, OptionalFeature, Public,
    Quota, Refused, Repeatable, Secured, Stale, Vendor,
};

/// The media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A problem on its way to the caller. It becomes a document in the outermost layer, which knows
/// the request id.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: &'static Code,
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    vendor: Option<VendorProblem>,
    quota: Option<QuotaProblem>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Another transaction was in the way.
    contended: bool,
    /// The state of the database's server was in the way.
    of_server: bool,
}

/// The problem document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProblemDocument {
    /// The page that explains the code.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors/gateway.not_found.md")]
    pub problem_type: String,
    /// The code in words, the same for every occurrence.
    #[schema(example = "There is no such resource.")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 404, minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The stable code: `gateway.*` is the gateway's, `connection.*` needs the owner of the
    /// connection to act, `vendor.*` is the vendor's.
    #[schema(example = "gateway.not_found")]
    pub code: String,
    /// The id of the request, also in `X-Request-Id` and in the gateway's log.
    pub request_id: String,
    /// The same request may succeed later.
    pub retryable: bool,
    /// How long to wait before trying again, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub retry_after_s: Option<u64>,
    /// What is wrong, member by member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What the vendor said, where it was the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<VendorProblem>,
    /// Where it was the vendor: the address of what was asked of it, see `GET /v1/vendor-requests`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/vendor-requests?request_id=0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d")]
    pub vendor_requests: Option<String>,
    /// What the vendor's plan lacks, where that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaProblem>,
}

/// What a vendor's plan lacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuotaProblem {
    /// The resource, as `GET /v1/connections/{id}/usage` names it; its name says the unit.
    #[schema(example = "call_minutes")]
    pub resource: String,
    /// What the job needs; `null` where that is not known ahead.
    pub needed: Option<f64>,
    /// What is left, without what other jobs will take.
    #[schema(example = 1.5)]
    pub remaining: f64,
    /// What the plan grants.
    pub limit: Option<f64>,
}

/// What is wrong with one member of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body; for a query parameter `/` and its name.
    #[schema(example = "/settings/base_url")]
    pub pointer: String,
    /// `body`, `query` or `header`.
    #[serde(rename = "in")]
    #[schema(example = "body")]
    pub place: String,
    /// The kind of error: `unknown_member`, `missing`, `invalid_value` and the like; `vendor_rule` where
    /// the value is good as such, and not for the vendor of the connection.
    #[schema(example = "unknown_member")]
    pub code: String,
    /// What is wrong, in words.
    pub detail: String,
}

/// What the vendor said.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct VendorProblem {
    /// The vendor's key.
    pub key: String,
    /// The operation that failed, as the coverage table names it.
    #[schema(example = "CG-16")]
    pub operation: String,
    /// The vendor's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The vendor's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The vendor's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl FieldError {
    /// The code of what does not fit the vendor of the connection.
    pub(crate) const VENDOR_RULE: &str = "vendor_rule";

    /// An error in the body.
    pub fn body(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self::new("body", pointer, code, detail)
    }

    /// An error in a query parameter.
    pub fn query(name: &str, code: &str, detail: impl Into<String>) -> Self {
        Self::new("query", format!("/{name}"), code, detail)
    }

    fn new(place: &str, pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            place: place.to_owned(),
            code: code.to_owned(),
            detail: detail.into(),
        }
    }
}

impl Problem {
    /// A problem with a code, and what happened this time.
    pub fn new(code: &'static Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            status: code.status,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            vendor: None,
            quota: None,
            headers: Vec::new(),
            contended: false,
            of_server: false,
        }))
    }

    /// Nothing of this kind has this id.
    pub fn not_found(kind: &str) -> Self {
        Self::new(codes::NOT_FOUND, format!("no {kind} with this id"))
    }

    /// A member of the body is wrong.
    pub fn invalid_member(pointer: &str, detail: impl Into<String>) -> Self {
        Self::of_member(pointer, "invalid_value", detail.into())
    }

    /// A member of the body is good as such, and not for the vendor of the connection.
    pub(crate) fn vendor_rule(pointer: &str, detail: impl Into<String>) -> Self {
        Self::of_member(pointer, FieldError::VENDOR_RULE, detail.into())
    }

    fn of_member(pointer: &str, code: &str, detail: String) -> Self {
        Self::new(codes::INVALID_BODY, detail.clone())
            .with_error(FieldError::body(pointer, code, detail))
    }

    /// The same problem, for a thing that a member of the body names.
    #[must_use]
    pub fn at_member(self, pointer: &str) -> Self {
        let error = FieldError::body(pointer, "not_found", self.0.detail.clone());
        self.with_error(error)
    }

    /// With another status than the code's usual one.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// With one more wrong member.
    #[must_use]
    pub fn with_error(mut self, error: FieldError) -> Self {
        self.0.errors.push(error);
        self
    }

    /// With the wrong members.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// With how long to wait.
    #[must_use]
    pub fn with_retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause);
        self
    }

    /// With what the vendor said.
    #[must_use]
    pub fn with_vendor(mut self, vendor: VendorProblem) -> Self {
        self.0.vendor = Some(vendor);
        self
    }

    /// With what the vendor's plan lacks.
    #[must_use]
    pub fn with_quota(mut self, quota: QuotaProblem) -> Self {
        self.0.quota = Some(quota);
        self
    }

    /// With a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The code.
    pub fn code(&self) -> &'static Code {
        self.0.code
    }

    /// What happened this time.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Another transaction was in the way: the same may be tried again at once.
    #[must_use]
    pub(crate) fn contended(mut self) -> Self {
        self.0.contended = true;
        self
    }

    /// Whether another transaction was in the way.
    pub(crate) fn is_contended(&self) -> bool {
        self.0.contended
    }

    /// The state of the database's server was in the way: a read may succeed at another one.
    #[must_use]
    pub(crate) fn of_server(mut self, is: bool) -> Self {
        self.0.of_server = is;
        self
    }

    /// Whether a read may succeed at another server of the database.
    pub(crate) fn is_of_server(&self) -> bool {
        self.0.of_server
    }

    /// Whether it was the vendor that failed.
    pub(crate) fn is_of_vendor(&self) -> bool {
        self.0.vendor.is_some()
    }

    /// What the vendor said, where it was the vendor.
    pub fn into_vendor(self) -> Option<VendorProblem> {
        self.0.vendor
    }

    /// The document, under a request id.
    pub fn document(&self, request_id: &str, pages: &str) -> ProblemDocument {
        ProblemDocument {
            problem_type: format!("{pages}/{}.md", self.0.code.code),
            title: self.0.code.title.to_owned(),
            status: self.0.status.as_u16(),
            detail: self.0.detail.clone(),
            code: self.0.code.code.to_owned(),
            request_id: request_id.to_owned(),
            retryable: self.0.code.retryable,
            retry_after_s: self.0.retry_after.map(|pause| pause.as_secs().max(1)),
            errors: self.0.errors.clone(),
            vendor_requests: self.is_of_vendor().then(|| of_request(request_id)),
            vendor: self.0.vendor.clone(),
            quota: self.0.quota.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        let headers = response.headers_mut();
        if let Some(pause) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, pause.as_secs().max(1).into());
        }
        for (name, value) in &self.0.headers {
            headers.insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}
