//! `GET /v1/connections/{id}/status`.

use axum::{extract::State, response::Response};
use callweave_store::{StoreError, TenantTx, connections::Connection};
use uuid::Uuid;

use super::{find, manifest};
use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::ConnectionsRead,
    wire::{
        status::ConnectionStatus,
        token::{ForbiddenEndpoint, TokenDocument},
    },
};

/// Shows where a connection's sync stands.
///
/// How far each stream is, how many records there are in which state, what waits and what is wrong.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/status",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    responses((status = 200, description = "Where it stands.", body = ConnectionStatus), Secured, BadQuery, NotFound),
    security(("bearer" = ["connections:read"])),
)]
pub(crate) async fn get_connection_status(
    authorized: Authorized<ConnectionsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    let status = read(&state, &mut tx, &connection).await?;
    tx.commit().await?;
    respond::ok(&status)
}

/// Where a connection stands.
pub(super) async fn read(
    state: &ApiState,
    tx: &mut TenantTx,
    connection: &Connection,
) -> Result<ConnectionStatus, Problem> {
    let sync = tx
        .sync_state(connection.id)
        .await?
        .ok_or_else(|| StoreError::Inconsistent {
            table: "sync_state",
            source: "a connection has no row".into(),
        })?;
    let streams = tx.list_streams(connection.id).await?;
    let records = tx.count_records(connection.id).await?;
    let now = state.now();
    let token = TokenDocument::of(connection, manifest(state, &connection.vendor), now);
    let forbidden = tx.list_endpoint_rests(connection.namespace, now).await?;
    let open_backfills = tx.list_backfills(connection.id, true).await?.len();
    let mut status = ConnectionStatus::new(connection, &sync, streams, records, open_backfills);
    status.token = token;
    status.forbidden_endpoints = forbidden
        .into_iter()
        .map(|(operation, until)| ForbiddenEndpoint { operation, until })
        .collect();
    Ok(status)
}
