//! Reports that a vendor writes over many calls.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Extra;
use crate::{open_enum::open_enum, time::Timestamp};

open_enum! {
    /// How far a report is.
    ReportState { Pending = "pending", Processing = "processing", Ready = "ready", Failed = "failed" }
}

/// A report over a span of days.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Report {
    /// The vendor's id of it.
    pub remote_id: String,
    /// How far it is.
    pub state: ReportState,
    /// The vendor's word for its type.
    pub report_type: Option<String>,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// When it last moved.
    pub updated_at: Option<Timestamp>,
    /// The files that can be fetched, as far as the vendor tells their names.
    pub files: Vec<ReportFile>,
    /// Why it failed, in the vendor's words.
    pub error: Option<String>,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReportFile {
    /// The name to fetch it by.
    pub name: String,
}

/// A report to be written. It may count against the vendor's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// The first day, `YYYY-MM-DD`.
    #[schema(format = Date, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-01-01")]
    pub from: String,
    /// The last day, `YYYY-MM-DD`.
    #[schema(format = Date, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-01-31")]
    pub to: String,
    /// The vendor's word for its type; its default unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "standard"
    )]
    pub report_type: Option<String>,
}
