//! `GET /v1/dialog-batches/{id}`.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use super::find;
use crate::{
    ApiState,
    extract::{ApiPath, Authorized},
    problem::{NotFound, Problem, Secured},
    respond,
    routes::jobs,
    scope::JobsRead,
    wire::job::JobDocument,
};

/// One batch of dialogs.
///
/// `progress` says how many of its dialogs are in which state. Its job has the same id.
#[utoipa::path(
    get,
    path = "/v1/dialog-batches/{id}",
    tag = "jobs",
    params(("id" = Uuid, Path, description = "The id of the batch.")),
    responses((status = 200, description = "The batch.", body = JobDocument), Secured, NotFound),
    security(("bearer" = ["jobs:read"])),
)]
pub(crate) async fn get_dialog_batch(
    authorized: Authorized<JobsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let mut tx = state.store().tenant(tenant).await?;
    let job = find(&mut tx, id).await?;
    tx.commit().await?;
    respond::ok(&jobs::document(&state, tenant, job).await?)
}
