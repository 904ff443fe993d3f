//! `GET /v1/connections/{id}/evaluations/{eid}`.

use axum::response::Response;
use callweave_model::owned::Evaluation;

use super::EvaluationPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorTalkRead,
};

/// Shows an evaluation, as the vendor writes it.
///
/// Asked of the vendor just now. It may hold what was said, so it needs the scope for transcripts
/// as well.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/evaluations/{eid}",
    tag = "evaluations",
    params(EvaluationPath),
    responses((status = 200, description = "The evaluation.", body = Evaluation), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read", "transcripts:read"])),
)]
pub(crate) async fn get_evaluation(
    live: Live<VendorTalkRead, needs::Evaluations>,
    ApiPath(path): ApiPath<EvaluationPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    respond::ok(&ask!(live, evaluations.evaluation(path.eid.as_str())))
}
