//! `POST /v1/connections/{id}/backfills/{backfill_id}/cancel`.

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

/// Cancels a backfill.
///
/// It stops at its last committed page; what it brought stays. One that has ended answers 409.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/backfills/{backfill_id}/cancel",
    tag = "connections",
    params(
        ("id" = Uuid, Path, description = "The id of the connection."),
        ("backfill_id" = Uuid, Path, description = "The id of the backfill."),
    ),
    responses((status = 200, description = "The backfill.", body = BackfillDocument), Secured, NotFound, Conflict),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn cancel_backfill(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath((id, backfill)): ApiPath<(Uuid, Uuid)>,
    effect: Effect,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    let canceled = tx
        .cancel_backfill(connection.id, backfill, state.now())
        .await?;
    let backfill = tx
        .find_backfill(connection.id, backfill)
        .await?
        .ok_or_else(|| Problem::not_found("backfill"))?;
    if !canceled && backfill.state != "canceled" {
        return Err(Problem::new(
            codes::CONFLICT,
            format!("the backfill is {} already", backfill.state),
        ));
    }
    let resource = address(id, backfill.id);
    effect
        .note(&mut tx, "backfill.canceled", resource, json!({}))
        .await?;
    let response = respond::ok(&BackfillDocument::from(backfill))?;
    effect.commit(tx, response).await
}
