//! `GET /v1/connections/{id}/usage`.

use axum::response::Response;
use callweave_model::owned::Usage;

use crate::{
    extract::{ApiQuery, query::NoQuery},
    live::{ConnectionPath, Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
};

/// Shows what the vendor's plan grants and what is left of it.
///
/// Asked of the vendor just now. The name of a resource says its unit.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/usage",
    tag = "vendor-account",
    params(ConnectionPath),
    responses((status = 200, description = "The plan and its resources.", body = Usage), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn get_usage(
    live: Live<VendorRead, needs::Account>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    respond::ok(&ask!(live, account.usage()))
}
