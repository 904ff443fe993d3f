//! `POST /v1/connections/{id}/deletions/approve`.

use axum::{extract::State, response::Response};
use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::{address, find, status, sync::refuse_paused};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, ApiPath, Authorized},
    problem::{BadBody, Conflict, NotFound, Problem, Secured, codes},
    respond,
    scope::ConnectionsWrite,
    wire::{connection::DeletionsApproval, input::Check, status::ConnectionStatus},
};

/// Approves deletions that were withheld.
///
/// A full walk that misses more than 10 calls and more than a tenth of all deletes nothing: the
/// vendor may just have answered with an empty list. The approval holds for one more full walk,
/// which is due at once; if that misses no more than `ceiling` records, each of them is asked for
/// by its id, and deleted where the vendor confirms it.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/deletions/approve",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    request_body(content = DeletionsApproval, example = json!({"ceiling": 250})),
    responses(
        (status = 202, description = "Where the sync stands.", body = ConnectionStatus),
        Secured,
        BadBody,
        NotFound,
        Conflict,
    ),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn approve_deletions(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    effect: Effect,
    ApiJson(approval): ApiJson<DeletionsApproval>,
) -> Result<Response, Problem> {
    let mut check = Check::default();
    if approval.ceiling < 1 {
        check.fail("/ceiling", "must be at least 1");
    }
    check.finish()?;
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    refuse_paused(&connection)?;
    if !tx
        .approve_deletions(connection.id, approval.ceiling)
        .await?
    {
        return Err(Problem::new(
            codes::CONFLICT,
            "no deletions of this connection are withheld",
        ));
    }
    let status = status::read(&state, &mut tx, &connection).await?;
    let detail = json!({"ceiling": approval.ceiling});
    effect
        .note(
            &mut tx,
            "connection.deletions_approved",
            address(connection.id),
            detail,
        )
        .await?;
    let response = respond::json(StatusCode::ACCEPTED, &status)?;
    effect.commit(tx, response).await
}
