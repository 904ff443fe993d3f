//! Dialogs of voice agents, one by one and in batches.

mod batch;
mod batches;
mod create;
mod create_batch;
mod items;

use callweave_model::{JobId, job::JobType};
use callweave_store::{TenantTx, jobs::Job};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{ApiState, idempotency, problem::Problem};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    let batches = OpenApiRouter::new()
        .routes(routes!(
            batches::list_dialog_batches,
            create_batch::create_dialog_batch
        ))
        .layer(axum::extract::DefaultBodyLimit::max(
            idempotency::BATCH_LIMIT,
        ));
    OpenApiRouter::new()
        .routes(routes!(create::create_dialog))
        .merge(batches)
        .routes(routes!(batch::get_dialog_batch))
        .routes(routes!(items::list_batch_dialogs))
}

/// The batch with this id.
async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Job, Problem> {
    tx.find_job(JobId(id))
        .await?
        .filter(|job| job.job_type == JobType::LaunchDialogBatch)
        .ok_or_else(|| Problem::not_found("batch of dialogs"))
}
