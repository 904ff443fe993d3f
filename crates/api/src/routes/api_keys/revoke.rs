//! `DELETE /v1/api-keys/{id}`.

use axum::{extract::State, response::Response};
use callweave_model::ApiKeyId;
use uuid::Uuid;

use crate::{
    ApiState,
    extract::{ApiPath, Authorized},
    problem::{NotFound, Problem, Secured},
    respond,
    scope::KeysManage,
};

/// Revokes an API key.
///
/// It is refused within a second, everywhere. The record stays, so that it can be seen who had it.
#[utoipa::path(
    delete,
    path = "/v1/api-keys/{id}",
    tag = "api-keys",
    params(("id" = Uuid, Path, description = "The id of the key.")),
    responses((status = 204, description = "It is revoked."), Secured, NotFound),
    security(("bearer" = ["keys:manage"])),
)]
pub(crate) async fn revoke_api_key(
    authorized: Authorized<KeysManage>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<Response, Problem> {
    let id = ApiKeyId(id);
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let revoked = tx.revoke_api_key(id, state.now()).await?;
    tx.commit().await?;
    state.authenticator().forget(id);
    if revoked {
        Ok(respond::no_content())
    } else {
        Err(Problem::not_found("key in force"))
    }
}
