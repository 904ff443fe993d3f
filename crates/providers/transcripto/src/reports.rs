//! Reports over a span of days (TR-08, TR-09, TR-11, TR-33).

use async_trait::async_trait;
use callweave_model::{
    Timestamp,
    owned::{Report, ReportFile, ReportRequest, ReportState},
};
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, Result,
    listing::{ListQuery, Listing},
    media::MediaBody,
    reports::Reports,
    submit::{Cost, Found},
};
use jiff::civil::Date;
use serde_json::Value;

use crate::{
    Transcripto, VENDOR,
    body::Body,
    client::Call,
    error::{bad_response, member},
    file::{self, Expected},
    input::{is_task_code, refuse, unknown},
    map::Stage,
    members::Members,
    owned::{self, Place},
    pull::is_report,
    walk::{Totals, Walk},
};

/// The type of the tasks that make reports.
pub(crate) const REPORT: &str = "callreport";

/// The type of a report unless another is asked for.
const STANDARD: &str = "standard";

#[async_trait]
impl Reports for Transcripto {
    fn validate_report(&self, request: &ReportRequest) -> Result<()> {
        let from = day("/from", &request.from)?;
        let to = day("/to", &request.to)?;
        if to < from {
            return Err(refuse("TR-08", "/to", "must not lie before from"));
        }
        match request.report_type.as_deref().map(str::trim) {
            Some("") => Err(refuse("TR-08", "/report_type", "must not be empty")),
            _ => Ok(()),
        }
    }

    /// Business reports are counted. Of types that the document does not name it is not known.
    fn report_cost(&self, request: &ReportRequest) -> Option<Cost> {
        let amount = match request.report_type.as_deref() {
            None | Some(STANDARD) => return None,
            Some("business") => Some(1.0),
            Some(_) => None,
        };
        Some(Cost {
            resource: "report_count",
            amount,
        })
    }

    async fn order_report(
        &self,
        context: &CallContext<'_>,
        request: &ReportRequest,
    ) -> Result<String> {
        self.validate_report(request)?;
        let mut body = Body::default()
            .with("start_date", request.from.as_str())
            .with("end_date", request.to.as_str());
        body.set_some("report_type", request.report_type.as_deref());
        let call = Call::change("TR-08", "/user/callreport", body);
        let fetched = self.client.fetch(context, call).await?;
        member(&fetched.members, "report_task_code")
            .as_ref()
            .and_then(callweave_provider::number::as_id)
            .ok_or_else(|| bad_response("TR-08", "the answer names no task"))
    }

    /// No task tells the days of its report: what came in meanwhile may be another order's, so
    /// only its absence can be told.
    async fn find_report(
        &self,
        context: &CallContext<'_>,
        request: &ReportRequest,
        sent_at: Timestamp,
    ) -> Result<Found<String>> {
        let came = self.came_in(context, REPORT, sent_at).await?;
        let wanted = request.report_type.as_deref().unwrap_or(STANDARD);
        let may_be = came.tasks.values().any(|row| {
            let told = row.get("report_type").and_then(Value::as_str);
            told.is_none_or(|told| told.eq_ignore_ascii_case(wanted))
        });
        Ok(if !may_be && came.is_proof(context, sent_at) {
            Found::No
        } else {
            Found::Unknown
        })
    }

    async fn reports(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<Report>> {
        let mut walk = Walk::at(Place::of("TR-09", query)?, REPORT);
        let fetched = self.tasks(context, &mut walk).await?;
        let totals = Totals::of(&fetched.members, "tasks");
        let rows = owned::rows("TR-09", &fetched.members, "tasks")?;
        let next = walk.place().after(rows.len(), totals).map(Place::text);
        let items = rows
            .into_iter()
            .map(|row| self.report_of("TR-09", row))
            .collect::<Result<_>>()?;
        Ok(Listing {
            items,
            next,
            total: totals.total,
        })
    }

    async fn report(&self, context: &CallContext<'_>, report: &str) -> Result<Report> {
        if !is_task_code(report) {
            return Err(unknown("TR-11"));
        }
        let query = [("task_code", report)];
        let call = Call::get("TR-11", "/gettask")
            .with_query(&query)
            .with_secret_address();
        let fetched = self.client.fetch(context, call).await?;
        let mut task = Members::of(owned::outer("TR-11", &fetched.body)?, "TR-11");
        if !is_report(task.peek("type")) {
            return Err(unknown("TR-11"));
        }
        task.drop(&["success", "message"]);
        self.report_of("TR-11", task)
    }

    /// The vendor gives a report's file to whoever knows its code. The gateway asks first whether
    /// the report is one of this account.
    async fn open_report_file(
        &self,
        context: &CallContext<'_>,
        report: &str,
        name: &str,
    ) -> Result<MediaBody> {
        const OPERATION: &str = "TR-33";
        if !is_file_name(name) {
            return Err(unknown(OPERATION));
        }
        let known = self.report(context, report).await?;
        if matches!(known.state, ReportState::Pending | ReportState::Processing) {
            return Err(ProviderError::new(VENDOR, OPERATION, ErrorKind::NotReady));
        }
        let query = [("task_code", report), ("filename", name)];
        let call = Call::get(OPERATION, "/user/callreport/file")
            .with_query(&query)
            .without_token();
        let answer = self.client.stream(context, call).await?;
        let expected = match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("pdf") => Expected::Pdf,
            Some("html" | "htm") => Expected::Html,
            _ => Expected::Anything,
        };
        file::open(OPERATION, answer, expected, context).await
    }
}

impl Transcripto {
    fn report_of(&self, operation: &'static str, mut row: Members) -> Result<Report> {
        let zone = &self.settings.zone;
        let remote_id = row
            .id("task_code")
            .ok_or_else(|| bad_response(operation, "a task has no code"))?;
        // The vendor's word stays beside its translation.
        let status = row.peek("status").and_then(Value::as_str);
        let state = match Stage::of(status.unwrap_or_default()) {
            Stage::Waiting => ReportState::Pending,
            Stage::Processing | Stage::Transcribed => ReportState::Processing,
            Stage::Done => ReportState::Ready,
            Stage::Failed => ReportState::Failed,
        };
        row.drop(&["type"]);
        if row.peek_number("error_code") == Some(0.0) {
            row.drop(&["error_code"]);
        }
        let files = if state == ReportState::Ready {
            files(&mut row)
        } else {
            Vec::new()
        };
        Ok(Report {
            remote_id,
            state,
            report_type: row.text("report_type"),
            created_at: row.instant("created_at", zone),
            updated_at: row.instant("updated_at", zone),
            files,
            error: row.text("error_message"),
            extra: row.extra(),
        })
    }
}

/// The names of a report's files. The document shows `file_name` and speaks of several names: other
/// members that name files count as well, and no name is made up.
fn files(row: &mut Members) -> Vec<ReportFile> {
    let mut names: Vec<String> = Vec::new();
    for member in row.names() {
        if !member.contains("file") {
            continue;
        }
        let told: Option<Vec<String>> = match row.peek(&member) {
            Some(Value::String(name)) => Some(vec![name.clone()]),
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect(),
            _ => None,
        };
        if let Some(told) = told.filter(|told| told.iter().all(|name| is_file_name(name))) {
            names.extend(told);
            row.drop(&[&member]);
        }
    }
    names.dedup();
    names.into_iter().map(|name| ReportFile { name }).collect()
}

/// A name that stays in its folder.
fn is_file_name(name: &str) -> bool {
    let fits = |character: char| !character.is_control() && !"/\\".contains(character);
    !name.trim().is_empty() && name.len() <= 255 && !name.contains("..") && name.chars().all(fits)
}

fn day(pointer: &str, text: &str) -> Result<Date> {
    let read = text
        .parse::<Date>()
        .ok()
        .filter(|date| date.to_string() == text);
    read.ok_or_else(|| refuse("TR-08", pointer, "must be a day such as 2026-01-31"))
}
