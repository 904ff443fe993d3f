//! Sending work once more, on request.

use std::time::Duration;

use callweave_model::{
    JobId, TenantId,
    job::{Delivery, ItemState, JobState, JobType},
};
use callweave_store::{
    TenantTx,
    jobs::{Job, JobLease, Next},
};

use crate::{Doer, Jobs, Refusal};

/// What the caller has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Nothing.
    None,
    /// That the vendor may carry it out, and charge for it, twice.
    MayDuplicate,
}

impl Jobs {
    /// Has a job sent once more that the vendor does not have, or may not have. Where the vendor
    /// could not tell, or has taken it once, it may be carried out twice: the caller must have
    /// confirmed that.
    pub async fn resubmit(
        &self,
        tenant: TenantId,
        id: JobId,
        confirmation: Confirmation,
        doer: &Doer,
    ) -> Result<Job, Refusal> {
        let mut tx = self.store.tenant(tenant).await?;
        let seized = tx
            .seize_job(id, self.owner, self.options.lease)
            .await?
            .ok_or(Refusal::NotFound)?;
        let (lease, mut job) = (seized.lease, seized.job);
        refuse_unfit(&job)?;
        let certain = if job.job_type == JobType::LaunchDialogBatch {
            batch_is_certain(&mut tx, id).await?
        } else {
            job.delivery == Delivery::None
        };
        if !certain && confirmation != Confirmation::MayDuplicate {
            return Err(Refusal::Unconfirmed);
        }
        if job.job_type == JobType::LaunchDialogBatch {
            reopen_batch(&mut tx, &lease, &job).await?;
        }
        self.reopen(&mut job);
        tx.save_job(&lease, &job, Some(Next::After(Duration::ZERO)))
            .await?;
        tx.audit(&doer.did("job.resubmitted", &job)).await?;
        tx.commit().await?;
        job.news_told();
        Ok(job)
    }

    fn reopen(&self, job: &mut Job) {
        let now = self.clock.now();
        let patience = match job.job_type {
            JobType::LaunchDialog | JobType::LaunchDialogBatch => self.options.dialog_deadline,
            _ => self.options.deadline,
        };
        job.deadline = now.plus(patience);
        job.delivery = Delivery::None;
        job.error = None;
        job.submitted_at = None;
        job.record = None;
        job.enter(JobState::Accepted, Some("sent once more on request"), now);
    }
}

fn refuse_unfit(job: &Job) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(Refusal::in_state(job.id, job.state(), why));
    let fits = match job.state() {
        JobState::Failed | JobState::OutcomeUnknown => true,
        JobState::PartiallyCompleted => job.job_type == JobType::LaunchDialogBatch,
        _ => false,
    };
    if !fits {
        return refuse("only what failed, or whose outcome is unknown, is sent once more");
    }
    if job.streamed {
        return refuse("the file it came with is not kept; send it again as a new analysis");
    }
    if job.sealed_input.is_none() {
        return refuse("what was to be sent is not kept any more");
    }
    Ok(())
}

/// Whether the vendor has none of the parts that would be sent again.
async fn batch_is_certain(tx: &mut TenantTx, id: JobId) -> Result<bool, Refusal> {
    let chunks = tx.list_chunks(id).await?;
    let counts = tx.count_items(&[id]).await?.remove(&id).unwrap_or_default();
    let unknown = chunks
        .iter()
        .any(|chunk| chunk.state == ItemState::OutcomeUnknown)
        || counts.contains_key(&ItemState::OutcomeUnknown);
    Ok(!unknown)
}

/// Takes up what did not arrive: whole parts that failed or are unknown, dialogs that are unknown.
/// Dialogs that the vendor refused one by one stay refused.
async fn reopen_batch(tx: &mut TenantTx, lease: &JobLease, job: &Job) -> Result<(), Refusal> {
    let mut reopened = false;
    for mut chunk in tx.list_chunks(job.id).await? {
        let whole = matches!(chunk.state, ItemState::Failed | ItemState::OutcomeUnknown);
        let mut moved = 0;
        for from in [ItemState::OutcomeUnknown, ItemState::Failed] {
            if from == ItemState::OutcomeUnknown || whole {
                moved += tx
                    .move_items(job.id, Some(chunk.number), from, ItemState::Accepted, None)
                    .await?;
            }
        }
        if moved == 0 {
            continue;
        }
        reopened = true;
        chunk.state = ItemState::Accepted;
        chunk.error = None;
        chunk.sent_at = None;
        chunk.looks = 0;
        tx.save_chunk(job.id, &chunk).await?;
    }
    if reopened {
        return Ok(());
    }
    let why = "the vendor refused its dialogs one by one; there is nothing to be sent once more";
    Err(Refusal::in_state(lease.job, job.state(), why))
}
