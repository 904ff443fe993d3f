//! `POST /v1/connections/{id}/pause`.

use axum::{extract::State, response::Response};
use callweave_model::connection::ConnectionState;
use serde_json::json;
use uuid::Uuid;

use super::{address, changed, find};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiPath, Authorized},
    problem::{NotFound, Problem, Secured},
    scope::ConnectionsWrite,
    wire::connection::ConnectionDocument,
};

/// Pauses a connection.
///
/// A run under way stops at its last committed page; nothing is asked of the vendor until the
/// connection is resumed. What is stored is served as before.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/pause",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    responses((status = 200, description = "The connection.", body = ConnectionDocument), Secured, NotFound),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn pause_connection(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    effect: Effect,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    tx.set_sync_enabled(connection.id, false).await?;
    tx.set_connection_state(
        connection.id,
        ConnectionState::Paused,
        Some("paused by its owner"),
        state.now(),
    )
    .await?;
    effect
        .note(
            &mut tx,
            "connection.paused",
            address(connection.id),
            json!({}),
        )
        .await?;
    let connection = find(&mut tx, id).await?;
    let response = changed(&state, connection)?;
    effect.commit(tx, response).await
}
