//! What the vendor took becomes a record of the pull engine's, with its call.

use std::time::Duration;

use callweave_model::{
    AnalyzedCall, CallId,
    enums::{ArtifactState, CallKind, CallStatus, Channel},
    job::{Delivery, JobState},
};
use callweave_provider::{RecordRef, submit::Source};
use callweave_store::{
    StoreError,
    jobs::{Next, Taken},
};
use serde_json::Value;

use super::{Handed, SAVE_TRIES, Turn};
use crate::{
    input::{Attachment, Input},
    pace,
};

impl Turn<'_> {
    /// The vendor took it.
    pub(crate) async fn taken(&mut self, handed: Handed, input: &Input) -> Result<(), StoreError> {
        let now = self.now();
        self.close_attempt("taken", None);
        self.job.delivery = Delivery::Taken;
        self.job.error = None;
        self.job.submitted_at = Some(now);
        self.job.enter(JobState::Submitted, None, now);
        let next = Some(Next::After(pace::watch(Duration::ZERO)));
        match handed {
            Handed::Report(id) => {
                self.job
                    .remote_refs
                    .insert("report".to_owned(), Value::String(id));
                self.settle(next).await?;
            }
            Handed::Record { record, hint } => {
                self.job.record = Some((record.kind.clone(), record.remote_id.clone()));
                self.job.call_ids = vec![CallId::derive(self.scope.namespace, &record.remote_id)];
                let taken = as_taken(record, hint, input);
                let mut tries = 0;
                while let Err(error) = self.register(taken.clone(), next).await {
                    if !error.is_transient() || tries >= SAVE_TRIES {
                        return Err(error);
                    }
                    tries += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                self.told();
            }
        }
        if self.job.cost.is_some() {
            let request_id = self.request_id();
            self.jobs
                .look_at_meter(&self.open, &self.connection, &request_id)
                .await;
        }
        Ok(())
    }

    /// Job, record, call and events in one transaction.
    async fn register(&self, taken: Taken, next: Option<Next>) -> Result<(), StoreError> {
        let now = self.now();
        let started_at = taken.patch.facts.started_at.value().copied();
        let store = &self.jobs.store;
        store.prepare_month(started_at.unwrap_or(now), now).await?;
        store.prepare_month(now, now).await?;
        let mut tx = self.tenant().await?;
        tx.save_job(&self.lease, &self.job, next).await?;
        tx.register_taken(&self.scope, vec![taken], true, now)
            .await?;
        tx.wake_sync(self.connection.id).await?;
        tx.commit().await
    }
}

fn as_taken(record: RecordRef, hint: Option<Value>, input: &Input) -> Taken {
    let (call, attachment) = match input {
        Input::Analysis(order) => (
            pending_analysis(&record.remote_id, &order.submission.source),
            order.attachment.clone(),
        ),
        Input::Dialog(order) => (pending_dialog(&record.remote_id), order.attachment.clone()),
        Input::Report(_) | Input::Batch { .. } => (
            AnalyzedCall::new(record.remote_id.clone()),
            Attachment::default(),
        ),
    };
    Taken {
        kind: record.kind,
        remote_id: record.remote_id,
        hint,
        call,
        patch: attachment.into_patch(),
    }
}

/// The call of an analysis until the vendor tells more.
fn pending_analysis(remote_id: &str, source: &Source) -> AnalyzedCall {
    let mut call = AnalyzedCall::new(remote_id);
    (call.channel, call.kind) = match source {
        Source::VendorCall { .. } => (Channel::Voice, CallKind::HumanCall),
        Source::Recording { .. } | Source::RecordingUrl { .. } => {
            (Channel::Voice, CallKind::Upload)
        }
        Source::Audio { .. } => (Channel::AudioFile, CallKind::Upload),
        Source::VideoUrl { .. } => (Channel::Video, CallKind::Upload),
        Source::Chat { .. } => (Channel::Chat, CallKind::Upload),
    };
    for artifact in ["recording", "transcript", "analysis"] {
        call.set_artifact(artifact, ArtifactState::Pending);
    }
    call
}

/// The call of a dialog until it was held.
pub(crate) fn pending_dialog(remote_id: &str) -> AnalyzedCall {
    let mut call = AnalyzedCall::new(remote_id);
    call.kind = CallKind::AiAgentCall;
    call.status = CallStatus::Queued;
    for artifact in ["recording", "transcript", "analysis"] {
        call.set_artifact(artifact, ArtifactState::Pending);
    }
    call
}
