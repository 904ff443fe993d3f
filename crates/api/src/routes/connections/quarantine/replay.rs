//! `POST /v1/connections/{id}/quarantine/replay`.

use axum::{extract::State, response::Response};
use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiPath, Authorized},
    problem::{NotFound, Problem, Secured},
    respond,
    routes::connections::{address, find},
    scope::ConnectionsWrite,
    wire::connection::Replayed,
};

/// Looks again at everything in quarantine.
///
/// For when what was wrong is mended: the records are fetched again by the next sync, which begins
/// at once.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/quarantine/replay",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    responses((status = 202, description = "How many records are due again.", body = Replayed), Secured, NotFound),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn replay_quarantine(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    effect: Effect,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    let replayed = tx.replay_quarantine(connection.id, state.now()).await?;
    if replayed > 0 {
        tx.request_sync(connection.id, false).await?;
    }
    let detail = json!({"replayed": replayed});
    effect
        .note(
            &mut tx,
            "quarantine.replayed",
            address(connection.id),
            detail,
        )
        .await?;
    let response = respond::json(StatusCode::ACCEPTED, &Replayed { replayed })?;
    effect.commit(tx, response).await
}
