//! `POST /v1/connections/{id}/backfills/{backfill_id}/pause`.

use axum::{extract::State, response::Response};
use serde_json::json;
use uuid::Uuid;

use super::address;
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiPath, Authorized},
    problem::{Conflict, NotFound, Problem, Secured, codes},
    respond,
    routes::connections::find,
    scope::ConnectionsWrite,
    wire::backfill::BackfillDocument,
};

/// Pauses a backfill.
///
/// It stops at its last committed page and goes on from there when it is resumed. Pausing a paused one
/// changes nothing; one that has ended answers 409.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/backfills/{backfill_id}/pause",
    tag = "connections",
    params(
        ("id" = Uuid, Path, description = "The id of the connection."),
        ("backfill_id" = Uuid, Path, description = "The id of the backfill."),
    ),
    responses((status = 200, description = "The backfill.", body = BackfillDocument), Secured, NotFound, Conflict),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn pause_backfill(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath((id, backfill)): ApiPath<(Uuid, Uuid)>,
    effect: Effect,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    let moved = tx
        .pause_backfill(connection.id, backfill, state.now())
        .await?;
    let backfill = tx
        .find_backfill(connection.id, backfill)
        .await?
        .ok_or_else(|| Problem::not_found("backfill"))?;
    if !moved && backfill.state != "paused" {
        return Err(Problem::new(
            codes::CONFLICT,
            format!("the backfill is {}", backfill.state),
        ));
    }
    let resource = address(id, backfill.id);
    effect
        .note(&mut tx, "backfill.paused", resource, json!({}))
        .await?;
    let response = respond::ok(&BackfillDocument::from(backfill))?;
    effect.commit(tx, response).await
}
