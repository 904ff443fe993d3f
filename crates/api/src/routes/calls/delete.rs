//! `DELETE /v1/calls/{id}`.

use axum::{extract::State, response::Response};
use serde_json::json;
use uuid::Uuid;

use super::{address, find, scope_of};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiPath, Authorized, Conditions},
    problem::{NotFound, Problem, Secured, Stale},
    respond,
    scope::CallsErase,
};

/// Deletes a call here.
///
/// Its words, analyses and the vendor's documents go; a tombstone stays. The vendor is not asked
/// to delete anything, and a later sync does not bring the call back until the vendor changes it.
/// `POST /v1/erasures` deletes it for good.
#[utoipa::path(
    delete,
    path = "/v1/calls/{id}",
    tag = "calls",
    params(
        ("id" = Uuid, Path, description = "The id of the call."),
        Conditions,
    ),
    responses((status = 204, description = "It is deleted."), Secured, NotFound, Stale),
    security(("bearer" = ["calls:erase"])),
)]
pub(crate) async fn delete_call(
    authorized: Authorized<CallsErase>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    conditions: Conditions,
    effect: Effect,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    // What the vendor deleted still holds text here; it can be erased as well.
    let stored = find(&mut tx, id, true).await?;
    conditions.require_match(stored.version)?;
    let scope = scope_of(&mut tx, &stored).await?;
    if !tx.delete_call(&scope, stored.id, state.now()).await? {
        return Err(Problem::not_found("call"));
    }
    let address = address(id);
    tx.forget_answers_about(&address).await?;
    let detail = json!({"connection_id": stored.connection_id});
    effect.note(&mut tx, "call.erased", address, detail).await?;
    effect.commit(tx, respond::no_content()).await
}
