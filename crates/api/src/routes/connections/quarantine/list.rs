//! `GET /v1/connections/{id}/quarantine`.

use axum::{extract::State, response::Response};
use callweave_model::Timestamp;
use callweave_store::records::QuarantinedRecord;
use uuid::Uuid;

use crate::{
    ApiState,
    cursor::List,
    extract::{
        ApiPath, ApiQuery, Authorized,
        query::{FromQuery, LIMIT, LIVE_CURSOR, Param, Query, document_query},
    },
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    routes::connections::find,
    scope::ConnectionsRead,
    wire::connection::QuarantineList,
};

/// Which are listed.
#[derive(Debug)]
pub(crate) struct QuarantineQuery {
    limit: i64,
    cursor: Option<String>,
}

impl FromQuery for QuarantineQuery {
    const PARAMS: &'static [Param] = &[LIMIT, LIVE_CURSOR];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            limit: query.limit(),
            cursor: query.text("cursor"),
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
    ApiPath(connection_id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<QuarantineQuery>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let id = connection_id.to_string();
    let list = List {
        tenant,
        name: "quarantine",
        query: &id,
    };
    let after = query
        .cursor
        .as_deref()
        .map(|cursor| state.cursor_key().open_position(list, cursor))
        .transpose()?;
    // Signed by us, so it reads as it was written.
    let after = after.as_deref().and_then(read_place);
    let mut tx = state.store().tenant(tenant).await?;
    let connection = find(&mut tx, connection_id).await?;
    let mut records = tx
        .list_quarantine(connection.id, after.as_ref(), query.limit + 1)
        .await?;
    let total = tx.count_records(connection.id).await?.quarantined;
    tx.commit().await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let more = records.len() > limit;
    records.truncate(limit);
    let next_cursor = records
        .last()
        .filter(|_| more)
        .map(|last| state.cursor_key().seal_position(list, &place(last)));
    respond::ok(&QuarantineList {
        data: records.into_iter().map(Into::into).collect(),
        total,
        next_cursor,
    })
}

/// The place of a record in the list.
fn place(record: &QuarantinedRecord) -> String {
    let at = record.observed_at.as_millis();
    serde_json::json!([at, record.kind, record.remote_id]).to_string()
}

fn read_place(text: &str) -> Option<QuarantinedRecord> {
    let (at, kind, remote_id): (i64, String, String) = serde_json::from_str(text).ok()?;
    Some(QuarantinedRecord {
        kind,
        remote_id,
        reason: None,
        pointer: None,
        observed_at: Timestamp::from_millis(at)?,
    })
}
