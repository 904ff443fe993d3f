//! `GET /v1/retention`.

use axum::{extract::State, response::Response};

use crate::{
    ApiState,
    extract::{ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, Problem, Secured},
    respond,
    scope::CallsRead,
    wire::retention::RetentionDocument,
};

/// Shows how long what is kept.
///
/// A kind that is `null` is kept as the operator configured it (events, jobs), or for good.
#[utoipa::path(
    get,
    path = "/v1/retention",
    tag = "calls",
    responses((status = 200, description = "The days of each kind.", body = RetentionDocument), Secured, BadQuery),
    security(("bearer" = ["calls:read"])),
)]
pub(crate) async fn get_retention(
    authorized: Authorized<CallsRead>,
    State(state): State<ApiState>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let rules = tx.retention().await?;
    tx.commit().await?;
    respond::ok(&RetentionDocument::from(&rules))
}
