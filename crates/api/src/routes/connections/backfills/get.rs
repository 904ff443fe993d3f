//! `GET /v1/connections/{id}/backfills/{backfill_id}`.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, query::NoQuery},
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    routes::connections::find,
    scope::ConnectionsRead,
    wire::backfill::BackfillDocument,
};

/// Shows a backfill.
///
/// Its state tells how far it is, and why it waits or has ended.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/backfills/{backfill_id}",
    tag = "connections",
    params(
        ("id" = Uuid, Path, description = "The id of the connection."),
        ("backfill_id" = Uuid, Path, description = "The id of the backfill."),
    ),
    responses((status = 200, description = "The backfill.", body = BackfillDocument), Secured, BadQuery, NotFound),
    security(("bearer" = ["connections:read"])),
)]
pub(crate) async fn get_backfill(
    authorized: Authorized<ConnectionsRead>,
    State(state): State<ApiState>,
    ApiPath((id, backfill)): ApiPath<(Uuid, Uuid)>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    let backfill = tx
        .find_backfill(connection.id, backfill)
        .await?
        .ok_or_else(|| Problem::not_found("backfill"))?;
    tx.commit().await?;
    respond::ok(&BackfillDocument::from(backfill))
}
