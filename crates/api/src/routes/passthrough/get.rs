//! `GET /v1/connections/{id}/passthrough/{path}`.

use axum::{extract::Request, response::Response};

use super::{VendorPath, answer::PassedThrough, forward::forward};
use crate::{
    live::{Live, needs},
    problem::Problem,
    scope::Passthrough,
};

/// Reads in the vendor's own words.
///
/// For operations that no other route covers. The connection's authentication is added, the host is
/// fixed, redirects are not followed; the caller's own headers stay here, but for `Content-Type` and
/// `Accept-Language`. The answer has the vendor's status and body, without the connection's own
/// secrets; `X-Vendor-Status` tells it from an answer of the gateway. `HEAD` works as well.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/passthrough/{*path}",
    tag = "passthrough",
    params(VendorPath),
    responses(PassedThrough),
    security(("bearer" = ["passthrough"])),
)]
pub(crate) async fn pass_get_through(
    live: Live<Passthrough, needs::Passthrough>,
    request: Request,
) -> Result<Response, Problem> {
    forward(live, request).await
}
