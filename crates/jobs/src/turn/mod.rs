//! One turn of one job: send it, look for it, or look after it.

mod find;
mod hand;
mod send;
mod taken;
mod watch;

use std::time::Duration;

use callweave_credentials::connector::OpenConnection;
use callweave_model::{
    Timestamp,
    connection::ConnectionState,
    job::{Delivery, JobAttempt, JobError, JobState, JobType},
};
use callweave_store::{
    StoreError, TenantTx,
    audit::NewEntry,
    calls::ConnectionScope,
    connections::Connection,
    jobs::{Job, JobLease, Next},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    Jobs,
    batch::BatchTurn,
    input::{self, Input},
    pace,
    verdict::{Verdict, own_error},
};

pub(crate) use find::cannot_tell;
pub(crate) use hand::{Failed, Handed};
pub(crate) use taken::pending_dialog;

/// A connection that cannot be opened is tried again rarely.
const CLOSED: Duration = Duration::from_mins(5);

/// How often an outcome is tried to be written while the database is away, once a second.
pub(crate) const SAVE_TRIES: u32 = 20;

/// One turn of one job.
pub(crate) struct Turn<'j> {
    pub(crate) jobs: &'j Jobs,
    pub(crate) lease: JobLease,
    pub(crate) job: Job,
    pub(crate) connection: Connection,
    pub(crate) scope: ConnectionScope,
    pub(crate) open: OpenConnection,
}

impl<'j> Turn<'j> {
    /// Loads what the turn needs. `None` when there is nothing to be done now.
    pub(crate) async fn open(jobs: &'j Jobs, lease: JobLease) -> Result<Option<Self>, StoreError> {
        let mut tx = jobs.store.tenant(lease.tenant).await?;
        let job = tx.find_job(lease.job).await?;
        let connection = tx.find_connection(lease.connection).await?;
        let (Some(job), Some(connection)) = (job, connection) else {
            tx.put_job_back(&lease, Next::Never).await?;
            tx.commit().await?;
            return Ok(None);
        };
        tx.commit().await?;
        let mut rest = None;
        let open = match jobs.connector.open(&connection) {
            Ok(open) => Some(open),
            Err(error) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "The connection of a job cannot be opened"
                );
                rest = Some(CLOSED);
                None
            }
        };
        if connection.state == ConnectionState::Paused {
            rest = Some(pace::RESTING);
        }
        let (Some(open), None) = (open, rest) else {
            rest_or_expire(jobs, &lease, job, rest.unwrap_or(CLOSED)).await?;
            return Ok(None);
        };
        Ok(Some(Self::new(jobs, lease, job, connection, open)))
    }

    pub(crate) fn new(
        jobs: &'j Jobs,
        lease: JobLease,
        job: Job,
        connection: Connection,
        open: OpenConnection,
    ) -> Self {
        let scope = ConnectionScope {
            id: connection.id,
            vendor: connection.vendor.clone(),
            namespace: connection.namespace,
        };
        Self {
            jobs,
            lease,
            job,
            connection,
            scope,
            open,
        }
    }

    /// Does what the state of the job asks for.
    pub(crate) async fn work(mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        if self.job.job_type == JobType::LaunchDialogBatch {
            return Box::pin(BatchTurn::new(self).work(shutdown)).await;
        }
        match self.job.state() {
            JobState::Accepted if self.job.streamed => self.file_lost().await,
            JobState::Accepted => self.send().await,
            JobState::Submitting => {
                self.answer_lost();
                self.find().await
            }
            JobState::OutcomeUnknown => self.find().await,
            JobState::Submitted | JobState::Processing => self.watch().await,
            _ => self.save(Some(Next::Never)).await,
        }
    }

    /// The process that held the file ended before anything was sent.
    async fn file_lost(&mut self) -> Result<(), StoreError> {
        let error = own_error(
            "gateway.unavailable",
            "the gateway stopped before the recording went to the vendor; send it again",
        );
        self.fail(error, Delivery::None);
        self.settle(Some(Next::Never)).await
    }

    /// The mark stands and nobody holds the job: whoever sent it did not live to see the answer.
    fn answer_lost(&mut self) {
        let now = self.now();
        self.end_attempt(Verdict::Unknown, None);
        self.job.delivery = Delivery::Unknown;
        self.job.enter(
            JobState::OutcomeUnknown,
            Some("the gateway stopped before the vendor's answer was there"),
            now,
        );
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.jobs.clock.now()
    }

    pub(crate) fn request_id(&self) -> String {
        self.jobs.ids.next().to_string()
    }

    pub(crate) async fn tenant(&self) -> Result<TenantTx, StoreError> {
        self.jobs.store.tenant(self.lease.tenant).await
    }

    pub(crate) fn is_overdue(&self) -> bool {
        self.now() >= self.job.deadline
    }

    /// What is to be sent; `None` when it was erased.
    pub(crate) fn input(&self) -> Result<Option<Input>, StoreError> {
        let Some(sealed) = &self.job.sealed_input else {
            return Ok(None);
        };
        let place = input::place(self.lease.tenant, self.job.id);
        let opened = input::open(self.jobs.connector.vault(), &place, sealed);
        opened.map(Some).map_err(|error| StoreError::Inconsistent {
            table: "jobs",
            source: error.into(),
        })
    }

    /// Writes the job; `next` gives it back.
    pub(crate) async fn save(&mut self, next: Option<Next>) -> Result<(), StoreError> {
        self.save_with(next, None).await
    }

    /// The same, together with the entry about who had it done.
    async fn save_with(
        &mut self,
        next: Option<Next>,
        entry: Option<&NewEntry>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant().await?;
        tx.save_job(&self.lease, &self.job, next).await?;
        if let Some(entry) = entry {
            tx.audit(entry).await?;
        }
        tx.commit().await?;
        self.told();
        Ok(())
    }

    /// The same for an outcome that would be lost otherwise: tries again while the database is
    /// away.
    pub(crate) async fn settle(&mut self, next: Option<Next>) -> Result<(), StoreError> {
        self.settle_with(next, None).await
    }

    /// The same, together with the entry about who had it done.
    pub(crate) async fn settle_with(
        &mut self,
        next: Option<Next>,
        entry: Option<&NewEntry>,
    ) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            match self.save_with(next, entry).await {
                Err(error) if error.is_transient() && tries < SAVE_TRIES => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                other => return other,
            }
        }
    }

    /// What was written lasts.
    pub(crate) fn told(&mut self) {
        for state in self.job.news() {
            let vendor = self.scope.vendor.clone();
            metrics::counter!("callweave_jobs_total", "vendor" => vendor,
                "type" => self.job.job_type.as_str(), "state" => state.as_str())
            .increment(1);
            info!(job.state = %state, job.kind = %self.job.job_type, "A job is {state}");
        }
        self.job.news_told();
    }

    /// Notes a request that is about to leave.
    pub(crate) fn begin_attempt(&mut self, chunk: Option<i32>) {
        let number = u32::try_from(self.job.attempts.len()).unwrap_or(u32::MAX);
        self.job.attempts.push(JobAttempt {
            number: number.saturating_add(1),
            chunk,
            sent_at: self.now(),
            ended_at: None,
            outcome: None,
            code: None,
        });
    }

    /// Notes what came of it.
    pub(crate) fn end_attempt(&mut self, verdict: Verdict, code: Option<&str>) {
        let outcome = match verdict {
            Verdict::NotSent => "not_sent",
            Verdict::Refused => "refused",
            Verdict::Unknown => "unknown",
        };
        self.close_attempt(outcome, code);
    }

    pub(crate) fn close_attempt(&mut self, outcome: &str, code: Option<&str>) {
        let now = self.now();
        if let Some(attempt) = self.job.attempts.last_mut()
            && attempt.outcome.is_none()
        {
            attempt.ended_at = Some(now);
            attempt.outcome = Some(outcome.to_owned());
            attempt.code = code.map(str::to_owned);
        }
    }

    /// Requests in a row that did not reach the vendor.
    pub(crate) fn failures(&self) -> usize {
        let unsent = |attempt: &&JobAttempt| attempt.outcome.as_deref() == Some("not_sent");
        self.job.attempts.iter().rev().take_while(unsent).count()
            + usize::try_from(self.job.looks).unwrap_or(0)
    }

    /// Ends the job: refused, or failed at the vendor.
    pub(crate) fn fail(&mut self, error: JobError, delivery: Delivery) {
        let now = self.now();
        let detail = error.detail.clone();
        self.job.delivery = delivery;
        self.job.error = Some(error);
        self.job.enter(JobState::Failed, Some(&detail), now);
    }

    /// Ends the job in a state in which its input is needed no more.
    pub(crate) fn finish(&mut self, state: JobState, reason: Option<&str>) {
        let now = self.now();
        self.job.sealed_input = None;
        self.job.enter(state, reason, now);
    }

    pub(crate) fn expire(&mut self) {
        self.finish(JobState::Expired, Some("its time was up"));
    }
}

/// Puts a job back whose connection rests, unless its time is up.
async fn rest_or_expire(
    jobs: &Jobs,
    lease: &JobLease,
    mut job: Job,
    pause: Duration,
) -> Result<(), StoreError> {
    let now = jobs.clock.now();
    let mut tx = jobs.store.tenant(lease.tenant).await?;
    let overdue = now >= job.deadline && job.delivery != Delivery::Unknown;
    if overdue && job.job_type != JobType::LaunchDialogBatch && !job.state().is_final() {
        job.sealed_input = None;
        job.enter(JobState::Expired, Some("its time was up"), now);
        tx.save_job(lease, &job, Some(Next::Never)).await?;
    } else {
        tx.put_job_back(lease, Next::After(pause)).await?;
    }
    tx.commit().await
}
