//! `GET /v1/connections/{id}/reports/{rid}/files/{name}`.

use axum::response::Response;

use super::ReportFilePath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    file,
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    scope::VendorRead,
    wire::bytes::Bytes,
};

/// Gets a file of a report.
///
/// The bytes come from the vendor while the caller reads; nothing is kept.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/reports/{rid}/files/{name}",
    tag = "reports",
    params(ReportFilePath),
    responses(
        (status = 200, description = "The file.",
            content((Bytes = "application/pdf"), (String = "text/html"), (Bytes = "application/octet-stream")),
            headers(("Content-Disposition" = String, description = "`attachment`, with the file's name."))),
        Secured,
        BadQuery,
        LiveProblems,
    ),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn get_report_file(
    live: Live<VendorRead, needs::Reports>,
    ApiPath(path): ApiPath<ReportFilePath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let (report, name) = (path.rid.as_str(), path.name.as_str());
    let body = ask!(live, reports.open_report_file(report, name));
    Ok(file::attachment(body, name))
}
