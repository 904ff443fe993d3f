//! `GET /v1/connections/{id}/rubric-scores`.

use axum::response::Response;
use callweave_model::owned::RubricScore;

use crate::{
    extract::ApiQuery,
    live::{ConnectionPath, Live, PlainPage, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    scope::VendorRead,
    wire::live::LiveList,
};

/// Lists from which scores calls pass, for all rubrics.
///
/// In one list over all of the account's rubrics, for vendors that have one.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/rubric-scores",
    tag = "rubrics",
    params(ConnectionPath, PlainPage),
    responses((status = 200, description = "A page of scores.", body = LiveList<RubricScore>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_rubric_scores(
    live: Live<VendorRead, needs::Rubrics>,
    ApiQuery(PlainPage(page)): ApiQuery<PlainPage>,
) -> Result<Response, Problem> {
    let pages = live.pages(&["rubric-scores"], page)?;
    pages.answer(ask!(live, rubrics.rubric_scores(pages.query())))
}
