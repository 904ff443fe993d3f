//! Reports that a vendor writes over many calls.

use async_trait::async_trait;
use callweave_model::owned::{Report, ReportRequest};

use crate::{
    CallContext, Provider, Result,
    listing::{ListQuery, Listing},
    media::MediaBody,
    submit::{Cost, Found},
};

/// Orders and fetches reports.
#[async_trait]
pub trait Reports: Provider {
    /// Checks a request before anything is sent.
    fn validate_report(&self, request: &ReportRequest) -> Result<()>;

    /// What it takes from the plan.
    fn report_cost(&self, request: &ReportRequest) -> Option<Cost>;

    /// Orders a report; the answer is the vendor's id of it. One request, once.
    async fn order_report(
        &self,
        context: &CallContext<'_>,
        request: &ReportRequest,
    ) -> Result<String>;

    /// Looks for a report whose order had no known outcome.
    async fn find_report(
        &self,
        context: &CallContext<'_>,
        request: &ReportRequest,
        sent_at: callweave_model::Timestamp,
    ) -> Result<Found<String>>;

    /// One page of reports.
    async fn reports(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<Report>>;

    /// One report.
    async fn report(&self, context: &CallContext<'_>, report: &str) -> Result<Report>;

    /// Opens a file of a report.
    async fn open_report_file(
        &self,
        context: &CallContext<'_>,
        report: &str,
        name: &str,
    ) -> Result<MediaBody>;
}
