//! `GET /v1/dialog-batches`.

use axum::{extract::State, response::Response};
use callweave_model::job::{JobState, JobType};
use callweave_store::jobs::JobFilter;

use crate::{
    ApiState,
    extract::{
        ApiQuery, Authorized,
        query::{CURSOR, FromQuery, Kind, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, Problem, Secured},
    respond,
    routes::jobs,
    scope::JobsRead,
    wire::job::JobList,
};

/// Which batches are listed.
#[derive(Debug)]
pub(crate) struct BatchesQuery(jobs::Asked);

impl FromQuery for BatchesQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "connection_id",
            Kind::Uuids,
            "Over one of these connections.",
        ),
        Param::new(
            "state",
            Kind::Words(JobState::WORDS),
            "In one of these states.",
        ),
        Param::new("since", Kind::Instant, "Made at or after."),
        LIMIT,
        CURSOR,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self(jobs::Asked {
            filter: JobFilter {
                connections: query.uuids("connection_id"),
                types: vec![JobType::LaunchDialogBatch.as_str().to_owned()],
                states: query.all("state"),
                since: query.instant("since"),
                after: None,
                limit: query.limit() + 1,
            },
            limit: query.limit(),
            cursor: query.text("cursor"),
            fingerprint: query.fingerprint(),
        }))
    }
}
document_query!(BatchesQuery);

/// Lists batches of dialogs.
///
/// The newest first, with keyset paging.
#[utoipa::path(
    get,
    path = "/v1/dialog-batches",
    tag = "jobs",
    params(BatchesQuery),
    responses((status = 200, description = "A page of batches.", body = JobList), Secured, BadQuery),
    security(("bearer" = ["jobs:read"])),
)]
pub(crate) async fn list_dialog_batches(
    authorized: Authorized<JobsRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<BatchesQuery>,
) -> Result<Response, Problem> {
    let list = jobs::page(&state, &authorized.caller, "dialog_batches", query.0).await?;
    respond::ok(&list)
}
