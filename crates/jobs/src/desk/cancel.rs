//! Taking work back.

use callweave_model::{
    JobId, TenantId,
    job::{ItemState, JobState, JobType},
};
use callweave_provider::ErrorKind;
use callweave_store::jobs::{Job, Next, Seized};
use serde_json::Value;

use crate::{Doer, Jobs, Refusal, turn::Turn};

impl Jobs {
    /// Takes a job back: one that was not sent is not sent any more, a dialog that still waits at
    /// the vendor is removed there. What is on its way, or at work, cannot be taken back.
    pub async fn cancel(&self, tenant: TenantId, id: JobId, doer: &Doer) -> Result<Job, Refusal> {
        let mut tx = self.store.tenant(tenant).await?;
        let Seized {
            lease,
            mut job,
            was_held,
        } = tx
            .seize_job(id, self.owner, self.options.lease)
            .await?
            .ok_or(Refusal::NotFound)?;
        let state = job.state();
        let refuse = |why: &str| Err(Refusal::in_state(id, state, why));
        match (state, job.job_type) {
            (JobState::Accepted, _) if !job.streamed => {
                job.sealed_input = None;
                job.enter(JobState::Canceled, None, self.clock.now());
                tx.move_items(id, None, ItemState::Accepted, ItemState::Canceled, None)
                    .await?;
                tx.save_job(&lease, &job, Some(Next::Never)).await?;
                tx.audit(&doer.did("job.canceled", &job)).await?;
                tx.commit().await?;
                job.news_told();
                Ok(job)
            }
            (
                JobState::Submitting | JobState::Submitted | JobState::Processing,
                JobType::LaunchDialogBatch,
            ) => {
                // Whoever works on it goes on, and sees it at the next part.
                drop(tx);
                let mut tx = self.store.tenant(tenant).await?;
                tx.ask_cancel(id).await?;
                let job = tx.find_job(id).await?.ok_or(Refusal::NotFound)?;
                tx.audit(&doer.did("job.cancel_requested", &job)).await?;
                tx.commit().await?;
                Ok(job)
            }
            (JobState::Submitted | JobState::Processing, JobType::LaunchDialog) => {
                tx.commit().await?;
                let seized = Seized {
                    lease,
                    job,
                    was_held,
                };
                self.remove_dialog(tenant, seized, doer).await
            }
            (JobState::Submitting, _) => refuse("it is on its way to the vendor"),
            (JobState::OutcomeUnknown, _) => {
                refuse("whether the vendor has it is not known, so it cannot be taken back")
            }
            (state, _) if state.is_final() => refuse("it has ended"),
            _ => refuse("the vendor has it and cannot take it back"),
        }
    }

    /// Removes a dialog from the vendor's queue.
    async fn remove_dialog(
        &self,
        tenant: TenantId,
        seized: Seized,
        doer: &Doer,
    ) -> Result<Job, Refusal> {
        let Seized { lease, job, .. } = seized;
        let mut tx = self.store.tenant(tenant).await?;
        let connection = tx.find_connection(job.connection).await?;
        tx.commit().await?;
        let connection = connection.ok_or(Refusal::NotFound)?;
        let open = self.connector.open(&connection)?;
        let (id, state) = (job.id, job.state());
        let mut turn = Turn::new(self, lease, job, connection, open);
        let agent = turn
            .job
            .remote_refs
            .get("agent")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let record = turn.job.record.clone();
        let (kind, dialog) = record.ok_or(Refusal::Internal("a dialog has no record"))?;
        match turn.remove_queued(&agent, &dialog).await {
            Ok(()) => {
                turn.finish(JobState::Canceled, Some("removed from the vendor's queue"));
                let entry = doer.did("job.canceled", &turn.job);
                turn.settle_with(Some(Next::Never), Some(&entry)).await?;
                // The pull engine sees what has become of the call.
                let mut tx = self.store.tenant(tenant).await?;
                let call = turn.job.call_ids.first().copied();
                tx.want_record(turn.connection.id, &kind, &dialog, call, self.clock.now())
                    .await?;
                tx.wake_sync(turn.connection.id).await?;
                tx.commit().await?;
                Ok(turn.job)
            }
            Err(error) => {
                turn.save(Some(Next::After(crate::pace::RESTING))).await?;
                match error.kind {
                    ErrorKind::NotFound | ErrorKind::InvalidRequest | ErrorKind::Conflict => {
                        let why = "the dialog does not wait in the vendor's queue any more";
                        Err(Refusal::in_state(id, state, why))
                    }
                    _ => Err(Refusal::Vendor(error)),
                }
            }
        }
    }
}
