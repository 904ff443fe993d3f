//! `GET /v1/connections/{id}`.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use super::{document, find};
use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, Conditions, query::NoQuery},
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::ConnectionsRead,
    wire::connection::ConnectionDocument,
};

/// Shows a connection.
///
/// With its state and how it does. Credentials are never shown, only their names.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    responses(
        (status = 200, description = "The connection.", body = ConnectionDocument, headers(("ETag" = String, description = "Its version."))),
        (status = 304, description = "`If-None-Match` names this version."),
        Secured,
        BadQuery,
        NotFound,
    ),
    security(("bearer" = ["connections:read"])),
)]
pub(crate) async fn get_connection(
    authorized: Authorized<ConnectionsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    _query: ApiQuery<NoQuery>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    tx.commit().await?;
    let (document, tag) = document(&state, connection)?;
    respond::resource(&conditions, &tag, &document)
}
