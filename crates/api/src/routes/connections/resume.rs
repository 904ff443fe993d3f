//! `POST /v1/connections/{id}/resume`.

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

/// Resumes a paused connection.
///
/// The next run is due at once and goes on where the last one stopped. A connection that is not
/// paused stays as it is.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/resume",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    responses((status = 200, description = "The connection.", body = ConnectionDocument), Secured, NotFound),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn resume_connection(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    effect: Effect,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    if connection.state == ConnectionState::Paused {
        tx.set_sync_enabled(connection.id, true).await?;
        // The first run finds out whether it works.
        tx.set_connection_state(
            connection.id,
            ConnectionState::Connecting,
            None,
            state.now(),
        )
        .await?;
    }
    effect
        .note(
            &mut tx,
            "connection.resumed",
            address(connection.id),
            json!({}),
        )
        .await?;
    let connection = find(&mut tx, id).await?;
    let response = changed(&state, connection)?;
    effect.commit(tx, response).await
}
