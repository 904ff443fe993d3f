//! `GET /v1/api-keys`.

use axum::{extract::State, response::Response};

use crate::{
    ApiState,
    extract::{ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, Problem, Secured},
    respond,
    scope::KeysManage,
    wire::key::KeyList,
};

/// Lists the API keys of the tenant.
///
/// Secrets are never shown again.
#[utoipa::path(
    get,
    path = "/v1/api-keys",
    tag = "api-keys",
    responses((status = 200, description = "The keys, newest first.", body = KeyList), Secured, BadQuery),
    security(("bearer" = ["keys:manage"])),
)]
pub(crate) async fn list_api_keys(
    authorized: Authorized<KeysManage>,
    State(state): State<ApiState>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let keys = tx.list_api_keys().await?;
    tx.commit().await?;
    respond::ok(&KeyList {
        data: keys.into_iter().map(Into::into).collect(),
    })
}
