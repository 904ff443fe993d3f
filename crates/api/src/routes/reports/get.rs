//! `GET /v1/connections/{id}/reports/{rid}`.

use axum::response::Response;
use callweave_model::owned::Report;

use super::ReportPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
};

/// Shows a report and which files it has.
///
/// A report that the vendor still writes has no files yet.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/reports/{rid}",
    tag = "reports",
    params(ReportPath),
    responses((status = 200, description = "The report.", body = Report), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn get_report(
    live: Live<VendorRead, needs::Reports>,
    ApiPath(path): ApiPath<ReportPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    respond::ok(&ask!(live, reports.report(path.rid.as_str())))
}
