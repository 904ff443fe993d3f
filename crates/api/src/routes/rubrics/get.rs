//! `GET /v1/connections/{id}/rubrics/{rid}`.

use axum::response::Response;
use callweave_model::owned::Rubric;

use super::RubricPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
};

/// Shows a rubric.
///
/// Asked of the vendor just now; nothing of it is kept.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/rubrics/{rid}",
    tag = "rubrics",
    params(RubricPath),
    responses((status = 200, description = "The rubric.", body = Rubric), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn get_rubric(
    live: Live<VendorRead, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    respond::ok(&ask!(live, rubrics.rubric(path.rid.as_str())))
}
