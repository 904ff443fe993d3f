//! `DELETE /v1/connections/{id}`.

use axum::{extract::State, response::Response};
use serde_json::json;
use uuid::Uuid;

use super::{address, find};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiPath, Authorized, Conditions},
    problem::{NotFound, Problem, Secured, Stale},
    respond,
    scope::ConnectionsWrite,
};

/// Removes a connection.
///
/// Its sync stops, its credentials and token are deleted at once. Its calls stay; the same account
/// connected again finds them under their old ids.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}",
    tag = "connections",
    params(
        ("id" = Uuid, Path, description = "The id of the connection."),
        Conditions,
    ),
    responses((status = 204, description = "It is removed."), Secured, NotFound, Stale),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn delete_connection(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    conditions: Conditions,
    effect: Effect,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    conditions.require_match(connection.version)?;
    if !tx.delete_connection(connection.id, state.now()).await? {
        return Err(Problem::not_found("connection"));
    }
    let detail = json!({"vendor": connection.vendor, "name": connection.name});
    effect
        .note(
            &mut tx,
            "connection.deleted",
            address(connection.id),
            detail,
        )
        .await?;
    effect.commit(tx, respond::no_content()).await
}
