//! `POST /v1/jobs/{id}/resubmit`.

use axum::{extract::State, response::Response};
use callweave_jobs::Confirmation;
use callweave_model::JobId;
use uuid::Uuid;

use super::{address, document};
use crate::{
    ApiState,
    audit::Witness,
    extract::{
        ApiPath, ApiQuery, Authorized,
        query::{FromQuery, Kind, Param, Query, document_query},
    },
    idempotency::RequiredKey,
    problem::{BadQuery, Conflict, NotFound, Problem, Secured},
    respond,
    scope::JobsWrite,
    wire::job::JobDocument,
};

/// What is confirmed.
#[derive(Debug)]
pub(crate) struct ResubmitQuery {
    confirmation: Confirmation,
}

impl FromQuery for ResubmitQuery {
    const PARAMS: &'static [Param] = &[Param::new(
        "confirm",
        Kind::Word(&["may_duplicate"]),
        "`may_duplicate`: it is known that the vendor may carry it out, and charge for it, twice. Needed unless the job's `delivery` is `none`.",
    )];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            confirmation: match query.text("confirm") {
                Some(_) => Confirmation::MayDuplicate,
                None => Confirmation::None,
            },
        })
    }
}
document_query!(ResubmitQuery);

/// Sends a job once more.
///
/// For a job that failed, or whose outcome could not be found out. Where the vendor certainly does
/// not have it (`delivery` is `none`), that is all. Otherwise **the vendor may carry it out and
/// charge for it twice**, or call a person twice: then `confirm=may_duplicate` is needed. Of a
/// batch, only what did not arrive, or may not have, is sent once more. The file of an upload is
/// not kept: that is sent again as a new analysis.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/resubmit",
    tag = "jobs",
    params(("id" = Uuid, Path, description = "The id of the job."), ResubmitQuery, RequiredKey),
    responses(
        (status = 202, description = "It will be sent.", body = JobDocument, headers(("Location" = String, description = "Where to follow it."))),
        Secured,
        BadQuery,
        NotFound,
        Conflict,
    ),
    security(("bearer" = ["jobs:write"])),
)]
pub(crate) async fn resubmit_job(
    authorized: Authorized<JobsWrite>,
    State(state): State<ApiState>,
    witness: Witness,
    _key: RequiredKey,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<ResubmitQuery>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let job = state
        .jobs()
        .resubmit(tenant, JobId(id), query.confirmation, &witness.doer())
        .await?;
    witness.written();
    let location = address(job.id);
    respond::accepted(&location, &document(&state, tenant, job).await?)
}
