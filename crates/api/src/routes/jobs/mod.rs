//! Jobs.

mod cancel;
mod get;
mod list;
mod resubmit;

use axum::response::Response;
use callweave_jobs::{Accepted, Requester};
use callweave_model::{JobId, TenantId, job::JobType};
use callweave_store::jobs::{ItemCounts, Job};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState, Caller,
    audit::Witness,
    idempotency::{RequiredKey, under_way},
    problem::Problem,
    respond,
    wire::job::{JobDocument, batch_address},
};

pub(super) use list::{Asked, page};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_jobs))
        .routes(routes!(get::get_job))
        .routes(routes!(cancel::cancel_job))
        .routes(routes!(resubmit::resubmit_job))
}

/// Who hands work in.
pub(super) fn requester(caller: &Caller, key: RequiredKey, witness: &Witness) -> Requester {
    Requester {
        api_key: caller.key,
        key: key.0,
        doer: witness.doer(),
    }
}

/// The answer to work that was handed in: 202 with its job, whether it is new or not.
pub(super) async fn answer(
    state: &ApiState,
    tenant: TenantId,
    witness: &Witness,
    accepted: Accepted,
) -> Result<Response, Problem> {
    if matches!(accepted, Accepted::New(_)) {
        witness.written();
    }
    let job = match accepted {
        Accepted::Known {
            under_way: true, ..
        } => return Err(under_way()),
        Accepted::New(job) | Accepted::Known { job, .. } => job,
    };
    let location = if job.job_type == JobType::LaunchDialogBatch {
        batch_address(job.id)
    } else {
        address(job.id)
    };
    respond::accepted(&location, &document(state, tenant, *job).await?)
}

/// The address of a job.
pub(super) fn address(id: JobId) -> String {
    format!("/v1/jobs/{id}")
}

/// A job as it is served.
pub(super) async fn document(
    state: &ApiState,
    tenant: TenantId,
    job: Job,
) -> Result<JobDocument, Problem> {
    let counts = counts_of(state, tenant, &job).await?;
    Ok(JobDocument::new(job, counts.as_ref()))
}

async fn counts_of(
    state: &ApiState,
    tenant: TenantId,
    job: &Job,
) -> Result<Option<ItemCounts>, Problem> {
    if job.job_type != JobType::LaunchDialogBatch {
        return Ok(None);
    }
    let mut tx = state.store().tenant(tenant).await?;
    let counts = tx.count_items(&[job.id]).await?.remove(&job.id);
    tx.commit().await?;
    Ok(counts)
}
