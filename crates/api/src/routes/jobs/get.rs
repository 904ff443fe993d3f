//! `GET /v1/jobs/{id}`.

use axum::{extract::State, response::Response};
use callweave_model::JobId;
use uuid::Uuid;

use super::document;
use crate::{
    ApiState,
    extract::{ApiPath, Authorized},
    problem::{NotFound, Problem, Secured},
    respond,
    scope::JobsRead,
    wire::job::JobDocument,
};

/// One job.
///
/// What was sent is never shown: it holds personal data and signed addresses.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(("id" = Uuid, Path, description = "The id of the job.")),
    responses((status = 200, description = "The job.", body = JobDocument), Secured, NotFound),
    security(("bearer" = ["jobs:read"])),
)]
pub(crate) async fn get_job(
    authorized: Authorized<JobsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let mut tx = state.store().tenant(tenant).await?;
    let job = tx.find_job(JobId(id)).await?;
    tx.commit().await?;
    let job = job.ok_or_else(|| Problem::not_found("job"))?;
    respond::ok(&document(&state, tenant, job).await?)
}
