//! `POST /v1/connections/{id}/sync`.

use axum::{extract::State, response::Response};
use callweave_model::connection::ConnectionState;
use callweave_store::connections::Connection;
use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::{address, find, status};
use crate::{
    ApiState,
    audit::Effect,
    extract::{
        ApiPath, ApiQuery, Authorized,
        query::{FromQuery, Kind, Param, Query, document_query},
    },
    problem::{BadQuery, Conflict, NotFound, Problem, Secured, codes},
    respond,
    scope::ConnectionsWrite,
    wire::status::ConnectionStatus,
};

/// How to sync.
#[derive(Debug)]
pub(crate) struct SyncQuery {
    full: bool,
}

impl FromQuery for SyncQuery {
    const PARAMS: &'static [Param] = &[Param::new(
        "full",
        Kind::Boolean,
        "Walk everything the vendor has, not only what is new since the last walk.",
    )];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            full: query.boolean("full").unwrap_or(false),
        })
    }
}
document_query!(SyncQuery);

/// Syncs now.
///
/// The next run becomes due at once; a pause that the vendor asked for is kept. Asking twice is
/// the same as asking once.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/sync",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection."), SyncQuery),
    responses((status = 202, description = "Where the sync stands.", body = ConnectionStatus), Secured, BadQuery, NotFound, Conflict),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn sync_connection(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    effect: Effect,
    ApiQuery(query): ApiQuery<SyncQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    refuse_paused(&connection)?;
    tx.request_sync(connection.id, query.full).await?;
    let status = status::read(&state, &mut tx, &connection).await?;
    let detail = json!({"full": query.full});
    effect
        .note(
            &mut tx,
            "connection.sync_requested",
            address(connection.id),
            detail,
        )
        .await?;
    let response = respond::json(StatusCode::ACCEPTED, &status)?;
    effect.commit(tx, response).await
}

/// A paused connection does nothing until it is resumed.
pub(super) fn refuse_paused(connection: &Connection) -> Result<(), Problem> {
    if connection.state == ConnectionState::Paused {
        return Err(Problem::new(
            codes::CONFLICT,
            "the connection is paused; resume it first",
        ));
    }
    Ok(())
}
