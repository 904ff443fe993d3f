//! `POST /v1/connections/{id}/reports`.

use axum::{extract::State, response::Response};
use callweave_jobs::ReportOrder;
use callweave_model::owned::ReportRequest;
use uuid::Uuid;

use super::find;
use crate::{
    ApiState,
    audit::Witness,
    extract::{ApiJson, ApiPath, Authorized},
    idempotency::RequiredKey,
    problem::{BadBody, Conflict, NotFound, OptionalFeature, Problem, Quota, Secured},
    routes::jobs,
    scope::JobsWrite,
    wire::{input::Check, job::JobDocument},
};

/// Orders a report.
///
/// The vendor writes it over the calls of a span of days; it may count against the plan. The job
/// is completed once the report can be fetched, and `result_ref` says where.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/reports",
    tag = "jobs",
    params(("id" = Uuid, Path, description = "The id of the connection."), RequiredKey),
    request_body(
        content = ReportRequest,
        example = json!({"from": "2026-02-01", "to": "2026-02-28", "report_type": "standard"}),
    ),
    responses(
        (status = 202, description = "It will be ordered.", body = JobDocument, headers(("Location" = String, description = "Where to follow it."))),
        Secured,
        BadBody,
        NotFound,
        Conflict,
        Quota,
        OptionalFeature,
    ),
    security(("bearer" = ["jobs:write"])),
)]
pub(crate) async fn order_report(
    authorized: Authorized<JobsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    key: RequiredKey,
    witness: Witness,
    ApiJson(request): ApiJson<ReportRequest>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let mut tx = state.store().tenant(tenant).await?;
    let connection = find(&mut tx, id).await?;
    tx.commit().await?;
    let mut check = Check::default();
    check.report(&request);
    check.finish()?;
    let requester = jobs::requester(&authorized.caller, key, &witness);
    let order = ReportOrder { request };
    let accepted = Box::pin(state.jobs().accept_report(&connection, &requester, order)).await?;
    jobs::answer(&state, tenant, &witness, accepted).await
}
