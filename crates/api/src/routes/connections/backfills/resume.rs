//! `POST /v1/connections/{id}/backfills/{backfill_id}/resume`.

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

/// Resumes a paused backfill.
///
/// It goes on from its last committed page. Resuming one that is not paused changes nothing; one that
/// has ended answers 409.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/backfills/{backfill_id}/resume",
    tag = "connections",
    params(
        ("id" = Uuid, Path, description = "The id of the connection."),
        ("backfill_id" = Uuid, Path, description = "The id of the backfill."),
    ),
    responses((status = 200, description = "The backfill.", body = BackfillDocument), Secured, NotFound, Conflict),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn resume_backfill(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath((id, backfill)): ApiPath<(Uuid, Uuid)>,
    effect: Effect,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    let moved = tx
        .resume_backfill(connection.id, backfill, state.now())
        .await?;
    let backfill = tx
        .find_backfill(connection.id, backfill)
        .await?
        .ok_or_else(|| Problem::not_found("backfill"))?;
    if !moved && !matches!(backfill.state.as_str(), "accepted" | "processing") {
        return Err(Problem::new(
            codes::CONFLICT,
            format!("the backfill is {}", backfill.state),
        ));
    }
    let resource = address(id, backfill.id);
    effect
        .note(&mut tx, "backfill.resumed", resource, json!({}))
        .await?;
    let response = respond::ok(&BackfillDocument::from(backfill))?;
    effect.commit(tx, response).await
}
