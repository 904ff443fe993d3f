//! `DELETE /v1/connections/{id}/rubrics/{rid}/items/{iid}`.

use axum::response::Response;

use super::RubricItemPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Refused, Secured},
    respond,
    scope::VendorWrite,
};

/// Deletes a point or question.
///
/// A vendor that only hides it does so; its answers in earlier calls stay.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}/rubrics/{rid}/items/{iid}",
    tag = "rubrics",
    params(RubricItemPath),
    responses((status = 204, description = "It is gone."), Secured, BadQuery, Refused, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn delete_rubric_item(
    live: Live<VendorWrite, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricItemPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let (rubric, item) = (path.rid.as_str(), path.iid.as_str());
    ask!(live, rubrics.delete_rubric_item(rubric, item));
    Ok(respond::no_content())
}
