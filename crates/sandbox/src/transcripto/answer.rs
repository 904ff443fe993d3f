//! The vendor's errors: HTTP 200 and a code in the body.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A business error. The same number means different things on different operations, so that a
/// text goes with it each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: i64,
    pub(crate) text: String,
}

impl Failure {
    /// A failure with this code and text.
    pub(crate) fn new(code: i64, text: &str) -> Self {
        Self {
            code,
            text: text.to_owned(),
        }
    }

    /// 4021: no task of this account has the code.
    pub(crate) fn task_not_found() -> Self {
        Self::new(4021, "Task not found")
    }

    /// 4057: the task is there, its analysis or result is not.
    pub(crate) fn no_analysis() -> Self {
        Self::new(4057, "Analysis data not found")
    }

    /// 4001: a parameter has the wrong form.
    pub(crate) fn invalid(text: &str) -> Self {
        Self::new(4001, text)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        Json(json!({ "success": false, "error_code": self.code, "error_message": self.text }))
            .into_response()
    }
}
