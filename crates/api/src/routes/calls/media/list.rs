//! `GET /v1/calls/{id}/media`.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    routes::calls::find,
    scope::CallsRead,
    wire::{call::with_addresses, call_parts::MediaList},
};

/// Lists the recordings and files of a call.
///
/// `url` is the gateway's address of the bytes; it stays the same.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/media",
    tag = "calls",
    params(("id" = Uuid, Path, description = "The id of the call.")),
    responses((status = 200, description = "The recordings and files.", body = MediaList), Secured, BadQuery, NotFound),
    security(("bearer" = ["calls:read"])),
)]
pub(crate) async fn list_call_media(
    authorized: Authorized<CallsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let stored = find(&mut tx, id, false).await?;
    tx.commit().await?;
    respond::ok(&MediaList {
        call_id: stored.id,
        state: stored.call.artifact_state("recording"),
        data: with_addresses(stored.id, stored.call.media),
    })
}
