//! `DELETE /v1/connections/{id}/rubrics/{rid}`.

use axum::response::Response;

use super::RubricPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Refused, Secured},
    respond,
    scope::VendorWrite,
};

/// Deletes a rubric at the vendor.
///
/// Scores that calls got by it stay with the calls.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}/rubrics/{rid}",
    tag = "rubrics",
    params(RubricPath),
    responses((status = 204, description = "It is gone."), Secured, BadQuery, Refused, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn delete_rubric(
    live: Live<VendorWrite, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    ask!(live, rubrics.delete_rubric(path.rid.as_str()));
    Ok(respond::no_content())
}
