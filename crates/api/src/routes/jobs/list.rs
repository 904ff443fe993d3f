//! `GET /v1/jobs`.

use axum::{extract::State, response::Response};
use callweave_model::{
    JobId,
    job::{JobState, JobType},
};
use callweave_store::jobs::JobFilter;

use crate::{
    ApiState, Caller,
    cursor::{List, Place},
    extract::{
        ApiQuery, Authorized,
        query::{CURSOR, FromQuery, Kind, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, Problem, Secured},
    respond,
    scope::JobsRead,
    wire::job::{JobDocument, JobList},
};

/// Which jobs are listed.
#[derive(Debug)]
pub(crate) struct JobsQuery {
    filter: JobFilter,
    limit: i64,
    cursor: Option<String>,
    fingerprint: String,
}

impl FromQuery for JobsQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "connection_id",
            Kind::Uuids,
            "Over one of these connections.",
        ),
        Param::new(
            "type",
            Kind::Words(JobType::WORDS),
            "Of one of these types.",
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
        Ok(Self {
            filter: JobFilter {
                connections: query.uuids("connection_id"),
                types: query.all("type"),
                states: query.all("state"),
                since: query.instant("since"),
                after: None,
                limit: query.limit() + 1,
            },
            limit: query.limit(),
            cursor: query.text("cursor"),
            fingerprint: query.fingerprint(),
        })
    }
}
document_query!(JobsQuery);

/// Lists jobs.
///
/// The newest first, with keyset paging.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "jobs",
    params(JobsQuery),
    responses((status = 200, description = "A page of jobs.", body = JobList), Secured, BadQuery),
    security(("bearer" = ["jobs:read"])),
)]
pub(crate) async fn list_jobs(
    authorized: Authorized<JobsRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<JobsQuery>,
) -> Result<Response, Problem> {
    let list = page(&state, &authorized.caller, "jobs", query.into()).await?;
    respond::ok(&list)
}

/// A page that is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) filter: JobFilter,
    pub(crate) limit: i64,
    pub(crate) cursor: Option<String>,
    pub(crate) fingerprint: String,
}

impl From<JobsQuery> for Asked {
    fn from(query: JobsQuery) -> Self {
        Self {
            filter: query.filter,
            limit: query.limit,
            cursor: query.cursor,
            fingerprint: query.fingerprint,
        }
    }
}

/// A page of jobs, under the list's name.
pub(crate) async fn page(
    state: &ApiState,
    caller: &Caller,
    name: &str,
    mut asked: Asked,
) -> Result<JobList, Problem> {
    let list = List {
        tenant: caller.tenant,
        name,
        query: &asked.fingerprint,
    };
    let after = state.cursor_key().begin(list, asked.cursor.as_deref())?;
    asked.filter.after = after.map(|place| (place.at, JobId(place.id)));
    let mut tx = state.store().tenant(caller.tenant).await?;
    let mut jobs = tx.list_jobs(&asked.filter).await?;
    let next_cursor = state
        .cursor_key()
        .cut(list, &mut jobs, asked.limit, |last| Place {
            at: last.created_at,
            id: last.id.0,
        });
    let batches: Vec<JobId> = jobs
        .iter()
        .filter(|job| job.job_type == JobType::LaunchDialogBatch)
        .map(|job| job.id)
        .collect();
    let counts = tx.count_items(&batches).await?;
    tx.commit().await?;
    let data = jobs
        .into_iter()
        .map(|job| {
            let counts = counts.get(&job.id);
            JobDocument::new(job, counts)
        })
        .collect();
    Ok(JobList { data, next_cursor })
}
