//! Work passed to vendors: the jobs, their queue, the parts and items of batches.

mod batch;
mod end;
mod queue;
mod read;
mod row;
mod taken;
mod usage;
mod write;

use callweave_model::{
    ApiKeyId, CallId, ConnectionId, JobId, TenantId, Timestamp,
    job::{Delivery, JobAttempt, JobCost, JobError, JobMoment, JobState, JobType},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::events::Event;

pub use batch::{Chunk, Item, ItemCounts, ItemNews, ItemPage, NewItem};
pub use queue::{Claim, JobLease, Next, Seized};
pub use read::JobFilter;
pub use taken::{Standing, Taken};
pub use usage::Level;
pub use write::{Holder, Insertion};

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Over which connection.
    pub connection: ConnectionId,
    /// The vendor's key.
    pub vendor: String,
    /// What the vendor is to do.
    pub job_type: JobType,
    /// Whether the vendor has it.
    pub delivery: Delivery,
    /// The word of what was handed in.
    pub source: Option<String>,
    /// What is sent; gone once it is needed no more.
    pub sealed_input: Option<Vec<u8>>,
    /// It came with a file that went straight to the vendor.
    pub streamed: bool,
    /// The calls that come of it, as far as they are known.
    pub call_ids: Vec<CallId>,
    /// The vendor's record: its kind and id.
    pub record: Option<(String, String)>,
    /// Other ids of the vendor's.
    pub remote_refs: Map<String, Value>,
    /// The address of what came out of it, where that is no call.
    pub result_ref: Option<String>,
    /// What it takes from the plan.
    pub cost: Option<JobCost>,
    /// What went wrong.
    pub error: Option<JobError>,
    /// The requests that handed it over.
    pub attempts: Vec<JobAttempt>,
    /// The states it was in.
    pub timeline: Vec<JobMoment>,
    /// The request that made it.
    pub origin: Origin,
    /// When it was last sent.
    pub sent_at: Option<Timestamp>,
    /// When the vendor took it.
    pub submitted_at: Option<Timestamp>,
    /// How often the vendor was asked about it since it is in this state.
    pub looks: i32,
    /// What is still at the vendor is to be taken back there.
    pub cancel_asked: bool,
    /// When it is given up.
    pub deadline: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last moved.
    pub modified_at: Timestamp,
    state: JobState,
    /// States entered since it was read or written, to be told with the next write.
    news: Vec<JobState>,
}

/// The request that made a job.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The API key.
    pub api_key: ApiKeyId,
    /// The idempotency key; given up when it may make another job.
    pub key: Option<String>,
}

/// What a new job is.
#[derive(Clone, Debug)]
pub struct JobDraft {
    /// Its id.
    pub id: JobId,
    /// Over which connection.
    pub connection: ConnectionId,
    /// The vendor's key.
    pub vendor: String,
    /// What the vendor is to do.
    pub job_type: JobType,
    /// The request that makes it.
    pub origin: Origin,
    /// When it is made.
    pub now: Timestamp,
    /// When it is given up.
    pub deadline: Timestamp,
}

impl Job {
    /// A job that nobody has worked on.
    pub fn new(draft: JobDraft) -> Self {
        Self {
            id: draft.id,
            connection: draft.connection,
            vendor: draft.vendor,
            job_type: draft.job_type,
            delivery: Delivery::None,
            source: None,
            sealed_input: None,
            streamed: false,
            call_ids: Vec::new(),
            record: None,
            remote_refs: Map::new(),
            result_ref: None,
            cost: None,
            error: None,
            attempts: Vec::new(),
            timeline: vec![JobMoment {
                state: JobState::Accepted,
                at: draft.now,
                reason: None,
            }],
            origin: draft.origin,
            sent_at: None,
            submitted_at: None,
            looks: 0,
            cancel_asked: false,
            deadline: draft.deadline,
            created_at: draft.now,
            modified_at: draft.now,
            state: JobState::Accepted,
            news: vec![JobState::Accepted],
        }
    }

    /// Where it stands.
    pub const fn state(&self) -> JobState {
        self.state
    }

    /// Moves it into a state; what comes of it is told with the next write.
    pub fn enter(&mut self, state: JobState, reason: Option<&str>, now: Timestamp) {
        self.modified_at = now;
        if self.state == state {
            return;
        }
        self.state = state;
        self.looks = 0;
        self.news.push(state);
        self.timeline.push(JobMoment {
            state,
            at: now,
            reason: reason.map(str::to_owned),
        });
    }

    /// Moves it back to where nothing was sent, because nothing arrived; that is no news.
    pub fn step_back(&mut self, reason: &str, now: Timestamp) {
        let news = std::mem::take(&mut self.news);
        self.enter(JobState::Accepted, Some(reason), now);
        self.news = news;
    }

    /// The states it entered since it was read or since [`Job::news_told`].
    pub fn news(&self) -> &[JobState] {
        &self.news
    }

    /// What was written with it lasts.
    pub fn news_told(&mut self) {
        self.news.clear();
    }

    /// The events of what happened since the last write.
    fn events(&self) -> Vec<Event> {
        self.news
            .iter()
            .filter_map(|state| event(self.id.0, self.connection, self.job_type, *state))
            .collect()
    }
}

/// The event of a job that entered a state, where that is told.
fn event(id: Uuid, connection: ConnectionId, job_type: JobType, state: JobState) -> Option<Event> {
    let event_type = match state {
        JobState::Accepted => "job.accepted",
        JobState::Submitted => "job.submitted",
        JobState::OutcomeUnknown => "job.outcome_unknown",
        JobState::PartiallyCompleted => "job.partially_completed",
        JobState::Completed => "job.completed",
        JobState::Failed => "job.failed",
        JobState::Canceled => "job.canceled",
        JobState::Expired => "job.expired",
        _ => return None,
    };
    Some(Event {
        event_type,
        connection: Some(connection),
        subject: Some(id),
        data: json!({"type": job_type, "state": state}),
    })
}

/// Whose job it is, as a claim found it.
pub(crate) type ClaimRow = (Uuid, Uuid, Uuid, i64);

impl From<(ClaimRow, Uuid)> for JobLease {
    fn from(((tenant, job, connection, epoch), owner): (ClaimRow, Uuid)) -> Self {
        Self {
            tenant: TenantId(tenant),
            job: JobId(job),
            connection: ConnectionId(connection),
            owner,
            epoch,
        }
    }
}
