//! `GET /v1/connections/{id}/quarantine`.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use crate::{
    ApiState,
    extract::{
        ApiPath, ApiQuery, Authorized,
        query::{FromQuery, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    routes::connections::find,
    scope::ConnectionsRead,
    wire::connection::QuarantineList,
};

/// How many are listed.
#[derive(Debug)]
pub(crate) struct QuarantineQuery {
    limit: i64,
}

impl FromQuery for QuarantineQuery {
    const PARAMS: &'static [Param] = &[LIMIT];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            limit: query.limit(),
        })
    }
}
document_query!(QuarantineQuery);

/// Lists the records that could not be translated.
///
/// Each costs only itself. Reasons hold no personal data; the vendor's documents are kept.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/quarantine",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection."), QuarantineQuery),
    responses((status = 200, description = "The records, newest first.", body = QuarantineList), Secured, BadQuery, NotFound),
    security(("bearer" = ["connections:read"])),
)]
pub(crate) async fn list_quarantine(
    authorized: Authorized<ConnectionsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<QuarantineQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    let records = tx.list_quarantine(connection.id, query.limit).await?;
    let total = tx.count_records(connection.id).await?.quarantined;
    tx.commit().await?;
    respond::ok(&QuarantineList {
        data: records.into_iter().map(Into::into).collect(),
        total,
    })
}
