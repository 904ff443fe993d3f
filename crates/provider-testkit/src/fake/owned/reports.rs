//! Reports of the fake vendor.

use std::time::Duration;

use async_trait::async_trait;
use callweave_model::{
    Timestamp,
    owned::{Report, ReportRequest, ReportState},
};
use callweave_provider::{
    CallContext, ErrorKind, Result,
    listing::{ListQuery, Listing},
    media::{MediaBody, MediaContent},
    reports::Reports,
    submit::{Cost, Found},
};
use serde_json::Map;

use crate::fake::{
    operation::{ORDER, REPORTS},
    provider::FakeProvider,
    vendor::Fate,
};

/// How far what it says of the time may be off.
const SKEW: Duration = Duration::from_secs(10);

#[async_trait]
impl Reports for FakeProvider {
    fn validate_report(&self, request: &ReportRequest) -> Result<()> {
        if request.from <= request.to {
            Ok(())
        } else {
            Err(self.refused(REPORTS, "/to", "must not lie before `from`"))
        }
    }

    fn report_cost(&self, _request: &ReportRequest) -> Option<Cost> {
        Some(Cost {
            resource: "report_count",
            amount: Some(1.0),
        })
    }

    async fn order_report(
        &self,
        context: &CallContext<'_>,
        request: &ReportRequest,
    ) -> Result<String> {
        let fate = self.enter_write(ORDER, context).await?;
        let ordered = self.owned(ORDER, |owned| {
            let report = Report {
                remote_id: owned.next_id(),
                state: ReportState::Processing,
                report_type: request.report_type.clone(),
                created_at: Some(context.now),
                updated_at: None,
                files: Vec::new(),
                error: None,
                extra: Map::new(),
            };
            owned.reports.push(report.clone());
            Some(report.remote_id)
        });
        match fate {
            Fate::Answers => ordered,
            Fate::Lost => Err(self.vendor.error(ORDER, ErrorKind::Transport)),
        }
    }

    async fn find_report(
        &self,
        context: &CallContext<'_>,
        _request: &ReportRequest,
        sent_at: Timestamp,
    ) -> Result<Found<String>> {
        self.enter(REPORTS, context).await?;
        self.owned(REPORTS, |owned| {
            let mut reports = owned.reports.iter();
            let since = |report: &&Report| {
                report
                    .created_at
                    .is_some_and(|at| at >= sent_at.minus(SKEW))
            };
            Some(
                reports
                    .find(since)
                    .map_or(Found::No, |report| Found::Yes(report.remote_id.clone())),
            )
        })
    }

    async fn reports(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<Report>> {
        self.enter(REPORTS, context).await?;
        self.owned(REPORTS, |owned| owned.page(&owned.reports, query))
    }

    async fn report(&self, context: &CallContext<'_>, report: &str) -> Result<Report> {
        self.enter(REPORTS, context).await?;
        self.owned(REPORTS, |owned| {
            let mut reports = owned.reports.iter();
            reports.find(|known| known.remote_id == report).cloned()
        })
    }

    async fn open_report_file(
        &self,
        context: &CallContext<'_>,
        report: &str,
        name: &str,
    ) -> Result<MediaBody> {
        self.enter(REPORTS, context).await?;
        self.owned(REPORTS, |owned| {
            let key = (report.to_owned(), name.to_owned());
            let (content_type, bytes) = owned.report_files.get(&key)?;
            Some(MediaBody {
                content_type: content_type.clone(),
                length: Some(bytes.len() as u64),
                content: MediaContent::Whole(bytes.clone()),
            })
        })
    }
}
