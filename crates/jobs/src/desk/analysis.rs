//! Taking an analysis on.

use callweave_credentials::connector::OpenConnection;
use callweave_model::{CallId, enums::ArtifactState, job::JobType};
use callweave_provider::submit::{Source, Submission};
use callweave_store::{TenantTx, connections::Connection, jobs::Job};

use super::{Accepted, Requester, job_cost, unfit, unsupported};
use crate::{
    AnalysisOrder, Jobs, Refusal,
    input::{Input, job_type},
};

impl Jobs {
    /// Takes an analysis on that comes without a file; a worker sends it.
    pub async fn accept_analysis(
        &self,
        connection: &Connection,
        requester: &Requester,
        order: AnalysisOrder,
    ) -> Result<Accepted, Refusal> {
        let tenant = connection.tenant_id;
        if let Some(known) = self.known(tenant, requester).await? {
            return Ok(known);
        }
        let open = self.open(connection)?;
        let mut job = self
            .new_analysis(&open, connection, requester, &order.submission)
            .await?;
        let call = match &order.submission.source {
            Source::VendorCall { call_remote_id } => {
                Some(CallId::derive(connection.namespace, call_remote_id))
            }
            _ => None,
        };
        job.call_ids = call.into_iter().collect();
        let force = order.submission.force;
        self.seal(tenant, &mut job, &Input::Analysis(order))?;
        let mut tx = self.store.tenant(tenant).await?;
        if let Some(call) = call {
            tx.lock_jobs_of_call(call).await?;
            if !force {
                refuse_second(&mut tx, call).await?;
            }
        }
        let accepted = self.insert(&mut tx, &requester.doer, job).await?;
        tx.commit().await?;
        Ok(accepted)
    }

    /// The job of an analysis that the vendor takes and the plan has room for.
    pub(super) async fn new_analysis(
        &self,
        open: &OpenConnection,
        connection: &Connection,
        requester: &Requester,
        submission: &Submission,
    ) -> Result<Job, Refusal> {
        let provider = open.provider();
        let submit = provider
            .submit()
            .ok_or_else(|| unsupported(open, "submit"))?;
        let word = submission.source.word();
        if !submit.sources().contains(&word) {
            return Err(unsupported(open, format!("submit.{word}")));
        }
        submit.validate(submission).map_err(unfit)?;
        let cost = submit.cost(submission);
        self.guard(open, connection, cost.as_ref(), &requester.doer.request_id)
            .await?;
        let job_type: JobType = job_type(&submission.source);
        let mut job = self.draft(connection, job_type, requester);
        job.source = Some(word.to_owned());
        job.cost = cost.as_ref().map(job_cost);
        Ok(job)
    }
}

/// Refuses an analysis of a call that is analysed already, or about to be.
async fn refuse_second(tx: &mut TenantTx, call: CallId) -> Result<(), Refusal> {
    if let Some(job) = tx.open_job_of_call(call).await? {
        return Err(Refusal::State(format!(
            "job {job} has the call analysed already; `force` sends it once more"
        )));
    }
    let stored = tx.find_call(call).await?;
    let analysis = stored
        .filter(|stored| stored.deleted_at.is_none())
        .map(|stored| stored.call.artifact_state("analysis"));
    match analysis {
        Some(ArtifactState::Ready | ArtifactState::Processing) => Err(Refusal::State(
            "the vendor has analysed the call, or is about to; `force` sends it once more"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}
