//! `GET /v1/vendors/{vendor}`.

use axum::{extract::State, response::Response};

use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::ConnectionsRead,
    wire::vendor::Vendor,
};

/// Shows a vendor.
///
/// Its manifest: which credentials and settings a connection needs, what it can do, and how each of
/// its operations is reached.
#[utoipa::path(
    get,
    path = "/v1/vendors/{vendor}",
    tag = "vendors",
    params(("vendor" = String, Path, description = "The vendor's key.", pattern = "^[a-z][a-z0-9_]{0,63}$")),
    responses((status = 200, description = "The vendor.", body = Vendor), Secured, BadQuery, NotFound),
    security(("bearer" = ["connections:read"])),
)]
pub(crate) async fn get_vendor(
    _caller: Authorized<ConnectionsRead>,
    State(state): State<ApiState>,
    ApiPath(vendor): ApiPath<String>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let factory = state
        .connector()
        .registry()
        .get(&vendor)
        .ok_or_else(|| Problem::not_found("vendor"))?;
    respond::ok(&Vendor::from(factory.manifest()))
}
