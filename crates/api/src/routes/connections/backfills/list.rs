//! `GET /v1/connections/{id}/backfills`.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    routes::connections::find,
    scope::ConnectionsRead,
    wire::backfill::BackfillList,
};

/// Lists the backfills of a connection.
///
/// The newest 200, also those that have ended; they come whole.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/backfills",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    responses((status = 200, description = "The latest 200, newest first.", body = BackfillList), Secured, BadQuery, NotFound),
    security(("bearer" = ["connections:read"])),
)]
pub(crate) async fn list_backfills(
    authorized: Authorized<ConnectionsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    let backfills = tx.list_backfills(connection.id, false).await?;
    tx.commit().await?;
    respond::ok(&BackfillList {
        data: backfills.into_iter().map(Into::into).collect(),
    })
}
