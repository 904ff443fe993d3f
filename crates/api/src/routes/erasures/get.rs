//! `GET /v1/erasures/{id}`.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::CallsErase,
    wire::erasure::ErasureDocument,
};

/// Shows the receipt of an erasure.
///
/// When what kind of subject was erased, by what kind of caller, and how much there was; not whom.
#[utoipa::path(
    get,
    path = "/v1/erasures/{id}",
    tag = "calls",
    params(("id" = Uuid, Path, description = "The id of the erasure.")),
    responses(
        (status = 200, description = "The receipt.", body = ErasureDocument),
        Secured,
        BadQuery,
        NotFound,
    ),
    security(("bearer" = ["calls:erase"])),
)]
pub(crate) async fn get_erasure(
    authorized: Authorized<CallsErase>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let erasure = tx.find_erasure(id).await?;
    tx.commit().await?;
    let erasure = erasure.ok_or_else(|| Problem::not_found("erasure"))?;
    respond::ok(&ErasureDocument::from(erasure))
}
