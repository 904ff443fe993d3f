//! `GET /v1/connections/{id}/reports`.

use axum::response::Response;
use callweave_model::owned::Report;

use crate::{
    extract::ApiQuery,
    live::{ConnectionPath, Live, PlainPage, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    scope::VendorRead,
    wire::live::LiveList,
};

/// Lists reports.
///
/// Those that the vendor has, in its order. A report is ordered with `POST` and written by the
/// vendor later.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/reports",
    tag = "reports",
    params(ConnectionPath, PlainPage),
    responses((status = 200, description = "A page of reports.", body = LiveList<Report>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_reports(
    live: Live<VendorRead, needs::Reports>,
    ApiQuery(PlainPage(page)): ApiQuery<PlainPage>,
) -> Result<Response, Problem> {
    let pages = live.pages(&["reports"], page)?;
    pages.answer(ask!(live, reports.reports(pages.query())))
}
