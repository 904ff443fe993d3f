//! `POST /v1/jobs/{id}/cancel`.

use axum::{extract::State, response::Response};
use callweave_model::JobId;
use uuid::Uuid;

use super::document;
use crate::{
    ApiState,
    audit::Witness,
    extract::{ApiPath, Authorized},
    problem::{Conflict, NotFound, Problem, Secured, Vendor},
    respond,
    scope::JobsWrite,
    wire::job::JobDocument,
};

/// Takes a job back.
///
/// What was not sent is not sent any more. A dialog that still waits in the vendor's queue is
/// removed there; of a batch, all that still wait are, in the background (`cancel_requested`).
/// What is on its way, at work or ended cannot be taken back: 409.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/cancel",
    tag = "jobs",
    params(("id" = Uuid, Path, description = "The id of the job.")),
    responses((status = 200, description = "The job as it stands now.", body = JobDocument), Secured, NotFound, Conflict, Vendor),
    security(("bearer" = ["jobs:write"])),
)]
pub(crate) async fn cancel_job(
    authorized: Authorized<JobsWrite>,
    State(state): State<ApiState>,
    witness: Witness,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let job = Box::pin(state.jobs().cancel(tenant, JobId(id), &witness.doer())).await?;
    witness.written();
    respond::ok(&document(&state, tenant, job).await?)
}
