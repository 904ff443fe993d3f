//! Jobs as they are served.

use std::collections::BTreeMap;

use callweave_model::{
    CallId, ConnectionId, JobId, Timestamp,
    job::{Delivery, ItemState, JobAttempt, JobCost, JobError, JobMoment, JobState, JobType},
};
use callweave_store::jobs::{Item, ItemCounts, Job};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Work passed to a vendor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobDocument {
    /// Its id.
    pub(crate) id: JobId,
    /// What the vendor is to do.
    #[serde(rename = "type")]
    job_type: JobType,
    /// Where it stands.
    state: JobState,
    /// Whether the vendor has it: `none` is certain, so is `taken`.
    delivery: Delivery,
    /// The connection it goes over.
    connection_id: ConnectionId,
    /// The vendor's key.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "acme")]
    vendor: String,
    /// What was handed in: the source of an analysis, the type of a report.
    #[schema(example = "recording_url")]
    source: Option<String>,
    /// The calls that come of it, as far as they are known; their ids stay.
    call_ids: Vec<CallId>,
    /// The vendor's record that becomes the call.
    remote_ref: Option<RemoteRef>,
    /// Other ids of the vendor's: `agent`, `batch`, `campaign`, `report`, `task` (of a batch that was
    /// sent in parts, `task_1` and so on as well).
    #[schema(value_type = BTreeMap<String, String>)]
    remote_refs: Map<String, Value>,
    /// Where what came out of it is read, where that is no call.
    result_ref: Option<String>,
    /// What it takes from the vendor's plan.
    cost_estimate: Option<JobCost>,
    /// How many dialogs of a batch are in which state.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
    /// What went wrong.
    error: Option<JobError>,
    /// The requests that handed it over; more than one only where the others certainly did not
    /// arrive, or where it was asked for.
    attempts: Vec<JobAttempt>,
    /// The states it was in.
    timeline: Vec<JobMoment>,
    /// What is still at the vendor is being taken back.
    cancel_requested: bool,
    /// `POST .../cancel` may help.
    can_cancel: bool,
    /// `POST .../resubmit` is possible; where `delivery` is not `none` it needs
    /// `confirm=may_duplicate`.
    can_resubmit: bool,
    /// When it is given up.
    deadline: Timestamp,
    /// When it was made.
    created_at: Timestamp,
    /// When it last moved.
    modified_at: Timestamp,
    /// Where to read on.
    links: BTreeMap<&'static str, String>,
}

/// A record of the vendor's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RemoteRef {
    /// The vendor's kind of record.
    kind: String,
    /// The vendor's id of it.
    id: String,
}

/// How many dialogs of a batch are in which state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Progress {
    /// All.
    total: i64,
    /// By state; states without dialogs are left out.
    #[schema(value_type = BTreeMap<String, i64>)]
    by_state: BTreeMap<&'static str, i64>,
}

impl Progress {
    fn new(counts: &ItemCounts) -> Self {
        Self {
            total: counts.values().sum(),
            by_state: counts
                .iter()
                .map(|(state, count)| (state.as_str(), *count))
                .collect(),
        }
    }
}

impl JobDocument {
    /// The document of a job, with the counts of a batch's dialogs.
    pub(crate) fn new(job: Job, counts: Option<&ItemCounts>) -> Self {
        let is_batch = job.job_type == JobType::LaunchDialogBatch;
        let state = job.state();
        let mut links = BTreeMap::from([("self", format!("/v1/jobs/{}", job.id))]);
        if is_batch {
            links.insert("batch", batch_address(job.id));
            links.insert("dialogs", format!("{}/dialogs", batch_address(job.id)));
        }
        if let [call] = job.call_ids.as_slice() {
            links.insert("call", format!("/v1/calls/{call}"));
        }
        if let Some(result) = &job.result_ref {
            links.insert("result", result.clone());
        }
        Self {
            id: job.id,
            job_type: job.job_type,
            state,
            delivery: job.delivery,
            connection_id: job.connection,
            can_cancel: can_cancel(&job),
            can_resubmit: can_resubmit(&job),
            vendor: job.vendor,
            source: job.source,
            call_ids: job.call_ids,
            remote_ref: job.record.map(|(kind, id)| RemoteRef { kind, id }),
            remote_refs: job.remote_refs,
            result_ref: job.result_ref,
            cost_estimate: job.cost,
            progress: is_batch.then(|| Progress::new(counts.unwrap_or(&ItemCounts::new()))),
            error: job.error,
            attempts: job.attempts,
            timeline: job.timeline,
            cancel_requested: job.cancel_asked,
            deadline: job.deadline,
            created_at: job.created_at,
            modified_at: job.modified_at,
            links,
        }
    }
}

/// The address of a batch of dialogs.
pub(crate) fn batch_address(job: JobId) -> String {
    format!("/v1/dialog-batches/{job}")
}

fn can_cancel(job: &Job) -> bool {
    match (job.state(), job.job_type) {
        (JobState::Accepted, _) => !job.streamed,
        (JobState::Submitted | JobState::Processing, JobType::LaunchDialog) => true,
        (
            JobState::Submitting | JobState::Submitted | JobState::Processing,
            JobType::LaunchDialogBatch,
        ) => !job.cancel_asked,
        _ => false,
    }
}

fn can_resubmit(job: &Job) -> bool {
    let ended_badly = match job.state() {
        JobState::Failed | JobState::OutcomeUnknown => true,
        JobState::PartiallyCompleted => job.job_type == JobType::LaunchDialogBatch,
        _ => false,
    };
    ended_badly && !job.streamed && job.sealed_input.is_some()
}

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobList {
    /// The jobs, the newest first.
    pub(crate) data: Vec<JobDocument>,
    /// Where the next page begins; `null` on the last one.
    pub(crate) next_cursor: Option<String>,
}

/// One dialog of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchDialog)]
pub(crate) struct BatchDialogDocument {
    /// Its place in the batch, from 0.
    #[schema(minimum = 0)]
    index: i32,
    /// Where it stands.
    state: ItemState,
    /// What is said about it.
    message: Option<String>,
    /// The call that comes of it; its id stays.
    call_id: Option<CallId>,
    /// The vendor's id of the dialog.
    dialog_remote_id: Option<String>,
}

impl From<Item> for BatchDialogDocument {
    fn from(item: Item) -> Self {
        Self {
            index: item.number,
            state: item.state,
            message: item.message,
            call_id: item.call_id,
            dialog_remote_id: item.record.map(|(_, id)| id),
        }
    }
}

/// A page of a batch's dialogs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchDialogList {
    /// The dialogs, in the order in which they were given.
    pub(crate) data: Vec<BatchDialogDocument>,
    /// Where the next page begins; `null` on the last one.
    pub(crate) next_cursor: Option<String>,
}
