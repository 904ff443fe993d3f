//! `DELETE /v1/connections/{id}/evaluations/{eid}`.

use axum::response::Response;

use super::EvaluationPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Refused, Secured},
    respond,
    scope::VendorWrite,
};

/// Deletes an evaluation at the vendor.
///
/// The call it was about follows with the next sync.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}/evaluations/{eid}",
    tag = "evaluations",
    params(EvaluationPath),
    responses((status = 204, description = "It is gone."), Secured, BadQuery, Refused, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn delete_evaluation(
    live: Live<VendorWrite, needs::Evaluations>,
    ApiPath(path): ApiPath<EvaluationPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    ask!(live, evaluations.delete_evaluation(path.eid.as_str()));
    Ok(respond::no_content())
}
