//! Looking after what the vendor took, until it is stored here.

use std::fmt::Write as _;

use callweave_model::{
    enums::{ArtifactState, CallStatus},
    job::{Delivery, JobState, JobType},
    owned::{Report, ReportState},
};
use callweave_provider::{ErrorKind, ProviderError, RecordRef, cannot, submit::Progress};
use callweave_store::{
    StoreError,
    jobs::{Next, Standing},
};
use serde_json::Value;
use tracing::info;

use super::Turn;
use crate::{pace, verdict::own_error};

/// What a record and its call say about the job.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Waiting,
    Completed,
    Failed(String),
    Canceled,
    Expired,
}

impl Turn<'_> {
    /// Looks whether it is done.
    pub(super) async fn watch(&mut self) -> Result<(), StoreError> {
        if self.job.job_type == JobType::Report {
            return self.watch_report().await;
        }
        let Some((kind, remote_id)) = self.job.record.clone() else {
            return Err(StoreError::Inconsistent {
                table: "jobs",
                source: "a job that was taken has no record".into(),
            });
        };
        let mut tx = self.tenant().await?;
        let standing = tx
            .standing_of(self.connection.id, &kind, &remote_id)
            .await?;
        tx.commit().await?;
        if let Some(call) = standing.as_ref().and_then(|standing| standing.call) {
            self.job.call_ids = vec![call];
        }
        match outcome(standing.as_ref(), self.job.job_type) {
            Outcome::Completed => self.finish(JobState::Completed, None),
            Outcome::Canceled => {
                self.finish(JobState::Canceled, Some("the call was deleted here"));
            }
            Outcome::Expired => self.expire(),
            Outcome::Failed(reason) => {
                self.fail(own_error("vendor.failure", reason), Delivery::Taken);
            }
            Outcome::Waiting if self.is_overdue() => self.expire(),
            Outcome::Waiting => return self.wait(RecordRef::new(&kind, remote_id)).await,
        }
        self.save(Some(Next::Never)).await
    }

    /// It is not there yet: asks the vendor how far it is.
    async fn wait(&mut self, record: RecordRef) -> Result<(), StoreError> {
        let is_dialog = self.job.job_type == JobType::LaunchDialog;
        let progress = if is_dialog {
            // The record itself tells, and the pull engine fetches it.
            Ok(Progress::Processing { state_raw: None })
        } else {
            self.ask_progress(&record).await
        };
        match progress {
            Ok(Progress::Processing { .. }) => self.keep_waiting(None).await,
            Ok(Progress::Done) => self.keep_waiting(Some(&record)).await,
            Ok(Progress::Failed { code, message }) => {
                let mut error = own_error("vendor.failure", "the vendor's analysis failed");
                error.vendor_code = code;
                error.vendor_message = message;
                self.fail(error, Delivery::Taken);
                self.save(Some(Next::Never)).await
            }
            Err(error) => {
                info!(error = %error, "The vendor could not be asked how far a job is");
                self.keep_waiting(None).await
            }
        }
    }

    async fn ask_progress(&self, record: &RecordRef) -> Result<Progress, ProviderError> {
        let request_id = self.request_id();
        self.open
            .run(&request_id, |access| {
                Box::pin(async move {
                    let provider = self.open.provider().as_ref();
                    let submit = provider
                        .submit()
                        .ok_or_else(|| cannot(provider, "submit"))?;
                    submit.progress(&access.context(), record).await
                })
            })
            .await
    }

    /// Looks again later; `ready` is a record that can be fetched now.
    async fn keep_waiting(&mut self, ready: Option<&RecordRef>) -> Result<(), StoreError> {
        let now = self.now();
        self.job.looks = self.job.looks.saturating_add(1);
        self.job.enter(JobState::Processing, None, now);
        let age = now.since(self.job.submitted_at.unwrap_or(now));
        let mut tx = self.tenant().await?;
        let next = Next::After(pace::watch(age));
        tx.save_job(&self.lease, &self.job, Some(next)).await?;
        if let Some(record) = ready {
            let id = self.job.call_ids.first().copied();
            tx.want_record(self.connection.id, &record.kind, &record.remote_id, id, now)
                .await?;
            tx.wake_sync(self.connection.id).await?;
        }
        tx.commit().await?;
        self.told();
        Ok(())
    }

    async fn ask_report(&self, id: &str) -> Result<Report, ProviderError> {
        let request_id = self.request_id();
        self.open
            .run(&request_id, |access| {
                Box::pin(async move {
                    let provider = self.open.provider().as_ref();
                    let reports = provider
                        .reports()
                        .ok_or_else(|| cannot(provider, "reports"))?;
                    reports.report(&access.context(), id).await
                })
            })
            .await
    }

    async fn watch_report(&mut self) -> Result<(), StoreError> {
        let id = self
            .job
            .remote_refs
            .get("report")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        match self.ask_report(&id).await {
            Ok(report) if report.state == ReportState::Ready => {
                self.job.result_ref = Some(report_address(&self.connection.id.to_string(), &id));
                self.finish(JobState::Completed, None);
            }
            Ok(report) if report.state == ReportState::Failed => {
                let mut error =
                    own_error("vendor.failure", "the vendor could not write the report");
                error.vendor_message = report.error;
                self.fail(error, Delivery::Taken);
            }
            _ if self.is_overdue() => self.expire(),
            Ok(_) => return self.keep_waiting(None).await,
            Err(error) => {
                if error.kind != ErrorKind::NotReady {
                    info!(error = %error, "The vendor could not be asked how far a report is");
                }
                return self.keep_waiting(None).await;
            }
        }
        self.save(Some(Next::Never)).await
    }
}

/// The gateway's address of a report. The vendor's id may hold anything.
fn report_address(connection: &str, report: &str) -> String {
    let mut address = format!("/v1/connections/{connection}/reports/");
    for byte in report.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

/// A record that was fetched, and of which nothing more is awaited, has its outcome.
fn outcome(standing: Option<&Standing>, job_type: JobType) -> Outcome {
    let Some(standing) = standing else {
        return Outcome::Waiting;
    };
    let told = |default: &str| {
        let reason = standing.reason.clone();
        Outcome::Failed(reason.unwrap_or_else(|| default.to_owned()))
    };
    match standing.record.as_str() {
        "erased" => Outcome::Canceled,
        _ if standing.deleted && standing.record == "fetched" => Outcome::Canceled,
        "gone" => told("the vendor does not have it any more"),
        "quarantined" => told("what the vendor made of it could not be read"),
        "expired" => Outcome::Expired,
        "fetched" if !standing.awaited => {
            if job_type == JobType::LaunchDialog {
                dialog_outcome(standing.status)
            } else {
                analysis_outcome(standing.analysis)
            }
        }
        _ => Outcome::Waiting,
    }
}

fn dialog_outcome(status: Option<CallStatus>) -> Outcome {
    match status {
        None | Some(CallStatus::Queued | CallStatus::Dialing | CallStatus::InProgress) => {
            Outcome::Waiting
        }
        Some(_) => Outcome::Completed,
    }
}

fn analysis_outcome(analysis: Option<ArtifactState>) -> Outcome {
    match analysis {
        Some(ArtifactState::Pending | ArtifactState::Processing) => Outcome::Waiting,
        Some(ArtifactState::Failed) => Outcome::Failed("the vendor's analysis failed".to_owned()),
        Some(ArtifactState::Expired) => Outcome::Expired,
        // Some vendors only write down what was said.
        _ => Outcome::Completed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(record: &str) -> Standing {
        Standing {
            record: record.to_owned(),
            awaited: false,
            reason: None,
            call: None,
            status: Some(CallStatus::Completed),
            analysis: Some(ArtifactState::Ready),
            deleted: false,
        }
    }

    #[test]
    fn a_job_is_completed_only_when_its_call_is_whole() {
        let analysis = |standing: &Standing| outcome(Some(standing), JobType::AnalyzeCall);
        assert_eq!(outcome(None, JobType::AnalyzeCall), Outcome::Waiting);
        assert_eq!(analysis(&standing("fetched")), Outcome::Completed);
        for record in ["seen", "not_ready", "new word"] {
            assert_eq!(analysis(&standing(record)), Outcome::Waiting, "{record}");
        }
        let awaited = Standing {
            awaited: true,
            ..standing("fetched")
        };
        assert_eq!(analysis(&awaited), Outcome::Waiting);
        let running = Standing {
            analysis: Some(ArtifactState::Processing),
            ..standing("fetched")
        };
        assert_eq!(analysis(&running), Outcome::Waiting);
        let failed = Standing {
            analysis: Some(ArtifactState::Failed),
            ..standing("fetched")
        };
        assert!(matches!(analysis(&failed), Outcome::Failed(_)));
        assert!(matches!(analysis(&standing("gone")), Outcome::Failed(_)));
        assert_eq!(analysis(&standing("expired")), Outcome::Expired);
        assert_eq!(analysis(&standing("erased")), Outcome::Canceled);
    }

    #[test]
    fn a_dialog_is_completed_with_its_outcome() {
        let dialog = |status: Option<CallStatus>| {
            let standing = Standing {
                status,
                ..standing("fetched")
            };
            outcome(Some(&standing), JobType::LaunchDialog)
        };
        assert_eq!(dialog(Some(CallStatus::Queued)), Outcome::Waiting);
        assert_eq!(dialog(Some(CallStatus::NoAnswer)), Outcome::Completed);
        assert_eq!(dialog(None), Outcome::Waiting);
    }

    #[test]
    fn a_report_has_an_address_whatever_its_id() {
        assert_eq!(
            report_address("c", "a/b?c=d 1"),
            "/v1/connections/c/reports/a%2Fb%3Fc%3Dd%201"
        );
    }
}
