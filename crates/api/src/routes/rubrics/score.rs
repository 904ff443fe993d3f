//! `GET /v1/connections/{id}/rubrics/{rid}/score`.

use axum::response::Response;
use callweave_model::owned::RubricScore;

use super::RubricPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
};

/// Shows from which score calls pass a rubric.
///
/// Asked of the vendor just now, for vendors that tell it apart from the rubric.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/rubrics/{rid}/score",
    tag = "rubrics",
    params(RubricPath),
    responses((status = 200, description = "The score.", body = RubricScore), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn get_rubric_score(
    live: Live<VendorRead, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    respond::ok(&ask!(live, rubrics.rubric_score(path.rid.as_str())))
}
