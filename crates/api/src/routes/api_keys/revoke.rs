//! `DELETE /v1/api-keys/{id}`.

use axum::{extract::State, response::Response};
use callweave_model::ApiKeyId;
use serde_json::json;
use uuid::Uuid;

use super::address;
use crate::{
    ApiState,
    audit::Effect,
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
    effect: Effect,
) -> Result<Response, Problem> {
    let id = ApiKeyId(id);
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    if !tx.revoke_api_key(id, state.now()).await? {
        return Err(Problem::not_found("key in force"));
    }
    effect
        .note(&mut tx, "key.revoked", address(id), json!({}))
        .await?;
    let response = effect.commit(tx, respond::no_content()).await?;
    state.authenticator().forget(id);
    Ok(response)
}
