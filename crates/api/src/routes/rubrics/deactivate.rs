//! `POST /v1/connections/{id}/rubrics/{rid}/deactivate`.

use axum::response::Response;
use callweave_model::owned::Rubric;

use super::{RubricPath, activity};
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// Takes a rubric out of use.
///
/// The vendor no longer judges calls by it. Scores that calls got by it stay.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/rubrics/{rid}/deactivate",
    tag = "rubrics",
    params(RubricPath),
    responses((status = 200, description = "The rubric.", body = Rubric), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn deactivate_rubric(
    live: Live<VendorWrite, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let change = activity(false);
    respond::ok(&ask!(
        live,
        rubrics.update_rubric(path.rid.as_str(), &change)
    ))
}
