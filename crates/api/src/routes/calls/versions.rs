//! `GET /v1/calls/{id}/versions`.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use super::find;
use crate::{
    ApiState,
    extract::{
        ApiPath, ApiQuery, Authorized,
        query::{FromQuery, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::CallsRead,
    wire::call_parts::{VersionEntry, VersionList},
};

/// How many are shown.
#[derive(Debug)]
pub(crate) struct VersionsQuery {
    limit: i64,
}

impl FromQuery for VersionsQuery {
    const PARAMS: &'static [Param] = &[LIMIT];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            limit: query.limit(),
        })
    }
}
document_query!(VersionsQuery);

/// Lists the changes of a call, also of a deleted one.
///
/// The newest first: when, why, and which members changed; not what they were before.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/versions",
    tag = "calls",
    params(("id" = Uuid, Path, description = "The id of the call."), VersionsQuery),
    responses((status = 200, description = "The changes, newest first.", body = VersionList), Secured, BadQuery, NotFound),
    security(("bearer" = ["calls:read"])),
)]
pub(crate) async fn list_call_versions(
    authorized: Authorized<CallsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<VersionsQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let stored = find(&mut tx, id, true).await?;
    let versions = tx.list_call_versions(stored.id, query.limit).await?;
    tx.commit().await?;
    let data = versions
        .into_iter()
        .map(|version| VersionEntry {
            version: version.version,
            at: version.at,
            cause: version.cause,
            changed: version.changed,
        })
        .collect();
    respond::ok(&VersionList {
        call_id: stored.id,
        data,
    })
}
