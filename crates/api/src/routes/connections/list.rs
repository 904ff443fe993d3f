//! `GET /v1/connections`.

use axum::{extract::State, response::Response};
use callweave_model::ConnectionId;
use callweave_store::connections::ConnectionFilter;

use super::manifest;
use crate::{
    ApiState,
    cursor::{List, Place},
    extract::{
        ApiQuery, Authorized,
        query::{CURSOR, FromQuery, Kind, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, Problem, Secured},
    respond,
    scope::ConnectionsRead,
    wire::connection::{ConnectionDocument, ConnectionList},
};

/// Which connections are listed.
#[derive(Debug)]
pub(crate) struct ConnectionsQuery {
    vendor: Option<String>,
    limit: i64,
    cursor: Option<String>,
    fingerprint: String,
}

impl FromQuery for ConnectionsQuery {
    const PARAMS: &'static [Param] = &[
        Param::new("vendor", Kind::Key, "Only connections to this vendor."),
        LIMIT,
        CURSOR,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            vendor: query.text("vendor"),
            limit: query.limit(),
            cursor: query.text("cursor"),
            fingerprint: query.fingerprint(),
        })
    }
}
document_query!(ConnectionsQuery);

/// Lists connections.
///
/// The oldest first. Credentials are never shown, only their names.
#[utoipa::path(
    get,
    path = "/v1/connections",
    tag = "connections",
    params(ConnectionsQuery),
    responses((status = 200, description = "A page of connections, the oldest first.", body = ConnectionList), Secured, BadQuery),
    security(("bearer" = ["connections:read"])),
)]
pub(crate) async fn list_connections(
    authorized: Authorized<ConnectionsRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<ConnectionsQuery>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let list = List {
        tenant,
        name: "connections",
        query: &query.fingerprint,
    };
    let after = state.cursor_key().begin(list, query.cursor.as_deref())?;
    let filter = ConnectionFilter {
        vendor: query.vendor.clone(),
        after: after.map(|place| (place.at, ConnectionId(place.id))),
        limit: query.limit + 1,
    };
    let mut tx = state.store().tenant(tenant).await?;
    let mut connections = tx.list_connections(&filter).await?;
    tx.commit().await?;
    let next_cursor = state
        .cursor_key()
        .cut(list, &mut connections, query.limit, |last| Place {
            at: last.created_at,
            id: last.id.0,
        });
    let now = state.now();
    let data = connections
        .into_iter()
        .map(|connection| {
            let manifest = manifest(&state, &connection.vendor);
            ConnectionDocument::new(connection, manifest, now)
        })
        .collect();
    respond::ok(&ConnectionList { data, next_cursor })
}
