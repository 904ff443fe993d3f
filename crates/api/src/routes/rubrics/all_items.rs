//! `GET /v1/connections/{id}/rubric-items`.

use axum::response::Response;
use callweave_model::owned::RubricItem;

use crate::{
    extract::ApiQuery,
    live::{ConnectionPath, Live, PlainPage, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    scope::VendorRead,
    wire::live::LiveList,
};

/// Lists the points or questions of all rubrics.
///
/// In one list over all of the account's rubrics, for vendors that have one; each entry names its
/// rubric.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/rubric-items",
    tag = "rubrics",
    params(ConnectionPath, PlainPage),
    responses((status = 200, description = "A page of points or questions.", body = LiveList<RubricItem>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_all_rubric_items(
    live: Live<VendorRead, needs::Rubrics>,
    ApiQuery(PlainPage(page)): ApiQuery<PlainPage>,
) -> Result<Response, Problem> {
    let pages = live.pages(&["rubric-items"], page)?;
    pages.answer(ask!(live, rubrics.all_rubric_items(pages.query())))
}
