//! `GET /v1/vendors`.

use axum::{extract::State, response::Response};

use crate::{
    ApiState,
    extract::{ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, Problem, Secured},
    respond,
    scope::ConnectionsRead,
    wire::vendor::VendorList,
};

/// Lists the vendors.
///
/// What each needs to be connected, what it can do, and which of its documented operations are
/// reached.
#[utoipa::path(
    get,
    path = "/v1/vendors",
    tag = "vendors",
    responses((status = 200, description = "The vendors.", body = VendorList), Secured, BadQuery),
    security(("bearer" = ["connections:read"])),
)]
pub(crate) async fn list_vendors(
    _caller: Authorized<ConnectionsRead>,
    State(state): State<ApiState>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let factories = state.connector().registry().iter();
    respond::ok(&VendorList {
        data: factories.map(|factory| factory.manifest().into()).collect(),
    })
}
