//! `GET /v1/api-keys/{id}`.

use axum::{extract::State, response::Response};
use callweave_model::ApiKeyId;
use uuid::Uuid;

use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::KeysManage,
    wire::key::KeyDocument,
};

/// Shows an API key.
///
/// What it is called and may do, when it was last used, whether it is in force. Its secret is never
/// shown again.
#[utoipa::path(
    get,
    path = "/v1/api-keys/{id}",
    tag = "api-keys",
    params(("id" = Uuid, Path, description = "The id of the key.")),
    responses(
        (status = 200, description = "The key.", body = KeyDocument),
        Secured,
        BadQuery,
        NotFound,
    ),
    security(("bearer" = ["keys:manage"])),
)]
pub(crate) async fn get_api_key(
    authorized: Authorized<KeysManage>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let key = tx.find_own_api_key(ApiKeyId(id)).await?;
    tx.commit().await?;
    let key = key.ok_or_else(|| Problem::not_found("key"))?;
    respond::ok(&KeyDocument::from(key))
}
