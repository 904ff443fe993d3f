//! Sending a job: mark, send once, write down what came of it.

use callweave_model::job::{Delivery, JobAttempt, JobState};
use callweave_provider::ErrorKind;
use callweave_store::{StoreError, jobs::Next};

use super::{Failed, Turn};
use crate::{
    pace,
    verdict::{Verdict, job_error, own_error},
};

impl Turn<'_> {
    /// Sends a job that nobody has sent.
    pub(super) async fn send(&mut self) -> Result<(), StoreError> {
        if self.is_overdue() {
            self.expire();
            return self.save(Some(Next::Never)).await;
        }
        let Some(input) = self.input()? else {
            let gone = own_error("gateway.conflict", "what was to be sent was erased here");
            self.fail(gone, Delivery::None);
            return self.save(Some(Next::Never)).await;
        };
        let admission = match self.open.admit(&self.request_id()).await {
            Ok(admission) => admission,
            Err(error) => return self.not_admitted(Failed::before(error)).await,
        };
        self.mark_submitting().await?;
        match self.hand_over(admission, &input).await {
            Ok(handed) => self.taken(handed, &input).await,
            Err(failed) => self.not_taken(failed).await,
        }
    }

    /// Commits the mark that it is on its way: from here on nobody else sends it.
    pub(crate) async fn mark_submitting(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        self.begin_attempt(None);
        self.job.sent_at = Some(now);
        self.job.delivery = Delivery::Unknown;
        self.job.error = None;
        self.job.enter(JobState::Submitting, None, now);
        self.save(None).await
    }

    /// No token could be got for it.
    async fn not_admitted(&mut self, failed: Failed) -> Result<(), StoreError> {
        let error = job_error(&failed.error);
        if failed.verdict == Verdict::Refused {
            self.fail(error, Delivery::None);
            return self.save(Some(Next::Never)).await;
        }
        let pause = pace::retry(&failed.error, self.failures());
        self.job.looks += 1;
        self.job.error = Some(error);
        self.save(Some(Next::After(pause))).await
    }

    /// The vendor did not take it, or that is not known.
    pub(crate) async fn not_taken(&mut self, failed: Failed) -> Result<(), StoreError> {
        let now = self.now();
        let error = job_error(&failed.error);
        let verdict = self.reconsidered(&failed);
        self.end_attempt(verdict, Some(&error.code));
        match verdict {
            Verdict::Refused => {
                self.fail(error, Delivery::None);
                self.settle(Some(Next::Never)).await
            }
            Verdict::NotSent if self.job.streamed => {
                // The file went by; there is nothing to be sent again.
                self.fail(error, Delivery::None);
                self.settle(Some(Next::Never)).await
            }
            Verdict::NotSent => {
                let pause = pace::retry(&failed.error, self.failures());
                self.job.delivery = Delivery::None;
                self.job.step_back(&error.detail, now);
                self.job.error = Some(error);
                self.settle(Some(Next::After(pause))).await
            }
            Verdict::Unknown => {
                let reason = error.detail.clone();
                self.job.error = Some(error);
                self.job.enter(JobState::OutcomeUnknown, Some(&reason), now);
                let pause = pace::find(0).map_or(Next::Never, Next::After);
                self.settle(Some(pause)).await
            }
        }
    }

    /// A vendor that finds what was sent in conflict with what it has may have it from an earlier
    /// request, whose answer never came.
    fn reconsidered(&self, failed: &Failed) -> Verdict {
        let unclear = |attempt: &JobAttempt| attempt.outcome.as_deref() == Some("unknown");
        let conflict = failed.error.kind == ErrorKind::Conflict;
        if conflict && self.job.attempts.iter().any(unclear) {
            Verdict::Unknown
        } else {
            failed.verdict
        }
    }
}
