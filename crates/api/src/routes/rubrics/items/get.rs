//! `GET /v1/connections/{id}/rubrics/{rid}/items/{iid}`.

use axum::response::Response;
use callweave_model::owned::RubricItem;

use super::RubricItemPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
};

/// Shows a point or question.
///
/// Asked of the vendor just now; nothing of it is kept.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/rubrics/{rid}/items/{iid}",
    tag = "rubrics",
    params(RubricItemPath),
    responses((status = 200, description = "The point or question.", body = RubricItem), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn get_rubric_item(
    live: Live<VendorRead, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricItemPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let (rubric, item) = (path.rid.as_str(), path.iid.as_str());
    respond::ok(&ask!(live, rubrics.rubric_item(rubric, item)))
}
