//! Reports that a vendor writes over many calls.

mod file;
mod get;
mod list;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, live::paths};

paths! {
    /// One report.
    ReportPath { rid: "The vendor's id of the report." }
    /// One file of a report.
    ReportFilePath {
        rid: "The vendor's id of the report.",
        name: "The name of the file, as the report's `files` tell it.",
    }
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_reports))
        .routes(routes!(get::get_report))
        .routes(routes!(file::get_report_file))
}
