//! Dialogs of voice agents: started one by one or in batches, queued, stopped.
//!
//! Starting a dialog dials a person's phone. An adapter sends each start once, as
//! [`crate::http_client::Safety::Write`]; the gateway decides what an unknown outcome means.

use async_trait::async_trait;
use callweave_model::owned::{Campaign, DialogRequest, QueuedItem};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    CallContext, Change, Provider, RecordRef, Result,
    listing::{ListQuery, Listing},
    submit::Found,
};

/// Where dialogs are to be started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogTarget {
    /// The voice agent.
    pub agent: String,
    /// The batch at the vendor that they join; a new one or none unless told.
    pub batch: Option<String>,
    /// The name of the campaign to be made for them; none unless told.
    pub campaign: Option<String>,
}

/// A dialog that the vendor took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedDialog {
    /// The record that becomes a call.
    pub record: RecordRef,
    /// What [`crate::Lookup`] needs to know of it; kept beside the record, as after a list.
    pub hint: Option<Value>,
}

/// A batch that the vendor took. Its dialogs are only known once it has been worked off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedBatch {
    /// The voice agent.
    pub agent: String,
    /// The vendor's id of the group of dialogs.
    pub batch: String,
    /// The vendor's id of the task that takes the dialogs in.
    pub task: String,
}

/// How far the vendor is with taking a batch in.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchProgress {
    /// It works.
    Running {
        /// The vendor's word.
        state_raw: String,
        /// What the vendor says about it.
        info: Option<String>,
    },
    /// It is done: one entry a dialog, in the vendor's order.
    Done(Vec<BatchItem>),
    /// It failed as a whole.
    Failed {
        /// The vendor's word.
        state_raw: String,
        /// What the vendor says about it.
        info: Option<String>,
    },
}

/// What became of one dialog of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchItem {
    /// The vendor took it.
    pub accepted: bool,
    /// Whom it calls, as the vendor writes it.
    pub phone_raw: Option<String>,
    /// What the vendor says about it.
    pub message: Option<String>,
    /// The record that becomes a call, where it was taken.
    pub record: Option<RecordRef>,
    /// What [`crate::Lookup`] needs to know of it; kept beside the record, as after a list.
    pub hint: Option<Value>,
}

/// Which queue of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// Dialogs that wait.
    Dialogs,
    /// Calls that wait.
    Calls,
}

/// Starts dialogs and controls their queues.
#[async_trait]
pub trait Dialogs: Provider {
    /// Checks a request before anything is stored or sent. `index` is its place in a batch, for
    /// the pointer of the error: `/phone` and `/inputs/name` of a single dialog are
    /// `/dialogs/3/phone` and `/dialogs/3/inputs/name` in a batch. What is wrong with the target is
    /// at `/agent`, `/batch` or `/campaign`.
    fn validate_dialog(
        &self,
        target: &DialogTarget,
        request: &DialogRequest,
        index: Option<usize>,
    ) -> Result<()>;

    /// The most dialogs that one request toward the vendor may carry.
    fn batch_limit(&self) -> usize;

    /// Starts one dialog. Sends one request, once.
    async fn start(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        request: &DialogRequest,
    ) -> Result<StartedDialog>;

    /// Starts many dialogs. Sends one request, once.
    async fn start_batch(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        requests: &[DialogRequest],
    ) -> Result<StartedBatch>;

    /// Asks how far a batch is, and for its items once it is done.
    async fn batch_progress(
        &self,
        context: &CallContext<'_>,
        batch: &StartedBatch,
    ) -> Result<BatchProgress>;

    /// The outcomes of a batch's dialogs, each translated as far as it is known.
    async fn batch_outcomes(&self, context: &CallContext<'_>, batch: &str) -> Result<Vec<Change>>;

    /// Looks for a dialog whose start had no known outcome, among what the vendor has of the agent.
    async fn find_dialog(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        request: &DialogRequest,
        sent_at: callweave_model::Timestamp,
    ) -> Result<Found<StartedDialog>>;

    /// One page of what waits.
    async fn queue(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        kind: QueueKind,
        batch: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<QueuedItem>>;

    /// Stops all dialogs of an agent.
    async fn stop_queue(&self, context: &CallContext<'_>, agent: &str) -> Result<Value>;

    /// Takes all stopped dialogs of an agent into the queue again.
    async fn resume_queue(&self, context: &CallContext<'_>, agent: &str) -> Result<Value>;

    /// Deletes one dialog from the queue. An empty id is refused: the vendor would delete all.
    async fn remove_queued(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        dialog: &str,
    ) -> Result<Value>;

    /// Deletes every dialog from an agent's queue. The caller has confirmed it.
    async fn clear_queue(&self, context: &CallContext<'_>, agent: &str) -> Result<Value>;

    /// The campaigns of an agent.
    async fn campaigns(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        completed: Option<bool>,
    ) -> Result<Vec<Campaign>>;
}
