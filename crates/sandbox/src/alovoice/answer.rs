//! Answers: JSON from Express, errors from the nginx in front of it.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::random::{Random, mix_text};

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// A JSON answer with Express's headers. As Express does, it answers a matching `If-None-Match`
/// with 304 and no body.
pub(super) fn json(request: &HeaderMap, body: &Value) -> Response {
    let text = body.to_string();
    let tag = Random::new(&[mix_text(0, &text)]).hex(27);
    let etag = format!("W/\"{:x}-{tag}\"", text.len());
    let known = request
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, JSON)], text).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("nginx"));
    headers.insert("X-Powered-By", HeaderValue::from_static("Express"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::X_FRAME_OPTIONS,
        HeaderValue::from_static("ALLOWALL"),
    );
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// `{"answer": ...}`.
pub(super) fn wrapped(request: &HeaderMap, answer: &Value) -> Response {
    json(request, &json!({"answer": answer}))
}

/// An error page. The document shows no error at all; this is what stands in front of the vendor.
pub(super) fn page(status: StatusCode) -> Response {
    let (_, body) = error_body(status.as_u16());
    (status, [(header::CONTENT_TYPE, HTML)], body).into_response()
}

/// A path the vendor does not have.
pub(super) async fn no_such_path() -> Response {
    page(StatusCode::NOT_FOUND)
}

/// The page of this status.
pub(crate) fn error_body(status: u16) -> (&'static str, String) {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason());
    let title = format!("{status} {}", reason.unwrap_or("Error"));
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\
         \r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    (HTML, body)
}
