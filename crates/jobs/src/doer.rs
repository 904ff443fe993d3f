//! Who hands work in, takes it back or has it sent once more, for the audit log.

use callweave_model::job::JobType;
use callweave_store::{
    audit::{Actor, NewEntry, Outcome},
    jobs::Job,
};
use serde_json::json;

/// Who acts, in which request.
#[derive(Clone, Debug)]
pub struct Doer {
    /// Who.
    pub actor: Actor,
    /// The request's id, which goes into the vendor's log as well.
    pub request_id: String,
}

impl Doer {
    /// The entry about what was done to a job. It is written in the transaction that does it.
    pub(crate) fn did(&self, action: &'static str, job: &Job) -> NewEntry {
        let family = if job.job_type == JobType::LaunchDialogBatch {
            "dialog-batches"
        } else {
            "jobs"
        };
        NewEntry {
            actor: self.actor.clone(),
            action,
            resource: Some(format!("/v1/{family}/{}", job.id)),
            request_id: Some(self.request_id.clone()),
            outcome: Outcome::Succeeded,
            count: 1,
            detail: json!({
                "type": job.job_type.as_str(),
                "connection": format!("/v1/connections/{}", job.connection),
            }),
        }
    }
}
