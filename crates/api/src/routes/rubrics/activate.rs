//! `POST /v1/connections/{id}/rubrics/{rid}/activate`.

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

/// Puts a rubric into use.
///
/// The vendor judges calls by it. The gateway asks for no call to be judged again.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/rubrics/{rid}/activate",
    tag = "rubrics",
    params(RubricPath),
    responses((status = 200, description = "The rubric.", body = Rubric), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn activate_rubric(
    live: Live<VendorWrite, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let change = activity(true);
    respond::ok(&ask!(
        live,
        rubrics.update_rubric(path.rid.as_str(), &change)
    ))
}
