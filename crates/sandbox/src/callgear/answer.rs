//! Answers, and the two shapes errors come in.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

const JSON: &str = "application/json; charset=utf-8";

/// A JSON answer with the headers the document lists.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    with_type((status, body.to_string()).into_response())
}

/// Sets the type and the cross-origin headers.
pub(super) fn with_type(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("WWW-Authenticate"),
    );
    response
}

/// What can be wrong with a request.
#[derive(Debug, Clone)]
pub(super) enum Refusal {
    /// 401 in the shape of the log-in: `{type, title, status, detail}`.
    Unauthorized(&'static str),
    /// 400 in the common shape: `{error, message}`.
    BadRequest(String),
    /// 404 in the common shape.
    NotFound(&'static str),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized(detail) => json(
                StatusCode::UNAUTHORIZED,
                &titled(401, "HTTPUnauthorized", "Unauthorized", detail),
            ),
            Self::BadRequest(message) => {
                json(StatusCode::BAD_REQUEST, &named("Bad Request", &message))
            }
            Self::NotFound(message) => json(StatusCode::NOT_FOUND, &named("Not Found", message)),
        }
    }
}

fn titled(status: u16, kind: &str, title: &str, detail: &str) -> Value {
    json!({"type": kind, "title": title, "status": status, "detail": detail})
}

fn named(error: &str, message: &str) -> Value {
    json!({"error": error, "message": message})
}

/// A path the vendor does not have.
pub(super) async fn no_such_path() -> Response {
    let body = titled(
        404,
        "HTTPNotFound",
        "Not Found",
        "The requested resource was not found.",
    );
    json(StatusCode::NOT_FOUND, &body)
}

/// An error the vendor did not mean to send: 500 in one of its shapes, the rest in the other.
pub(crate) fn error_body(status: u16) -> (&'static str, String) {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason());
    let body = if status == 500 {
        titled(
            500,
            "HTTPInternalServerError",
            "Server got itself in trouble",
            "Something went wrong. Please try again later.",
        )
    } else {
        let message = "An error occurred while processing your request.";
        named(reason.unwrap_or("Error"), message)
    };
    (JSON, body.to_string())
}
