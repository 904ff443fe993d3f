//! `PATCH /v1/connections/{id}/passthrough/{path}`.

use axum::{extract::Request, response::Response};

use super::{VendorPath, answer::PassedThrough, forward::forward};
use crate::{
    live::{Live, needs},
    problem::Problem,
    scope::Passthrough,
    wire::bytes::Bytes,
};

/// Changes in the vendor's own words.
///
/// As for `GET`. It is sent once.
#[utoipa::path(
    patch,
    path = "/v1/connections/{id}/passthrough/{*path}",
    tag = "passthrough",
    params(VendorPath),
    request_body(content((serde_json::Value = "application/json", example = json!({})), (Bytes = "application/octet-stream")), description = "The body, as the vendor takes it; its `Content-Type` goes along."),
    responses(PassedThrough),
    security(("bearer" = ["passthrough"])),
)]
pub(crate) async fn pass_patch_through(
    live: Live<Passthrough, needs::Passthrough>,
    request: Request,
) -> Result<Response, Problem> {
    forward(live, request).await
}
