//! Answers that every method shares.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;

/// An error with a description in the body, the form the document shows for 404 and promises for
/// 409 and 500.
pub(crate) fn message(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "message": text }))).into_response()
}

/// "Other errors, the description is in the body".
pub(crate) fn other_error(text: &str) -> Response {
    message(StatusCode::CONFLICT, text)
}

/// No statistics yet, or none ever: the vendor does not tell which.
pub(crate) fn no_data() -> Response {
    message(StatusCode::NOT_FOUND, "No data for dialog report")
}
