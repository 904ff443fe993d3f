//! Sending the parts of a batch: each is marked, sent once, and written down.

use std::time::Duration;

use callweave_credentials::connector::Admission;
use callweave_model::{
    job::{ItemState, JobState},
    owned::DialogRequest,
};
use callweave_provider::{
    cannot,
    dialogs::{DialogTarget, StartedBatch},
};
use callweave_store::StoreError;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::BatchTurn;
use crate::{
    pace,
    turn::{Failed, Turn},
    verdict::{Verdict, job_error},
};

impl BatchTurn<'_> {
    /// Sends the parts that nobody has sent. One whose outcome is unknown, or that is refused,
    /// does not stop the others; a vendor that wants to be left alone does.
    pub(super) async fn send(&mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        for index in self.indexes(ItemState::Accepted) {
            if shutdown.is_cancelled() || self.cancel_is_asked().await? {
                self.soon(Duration::ZERO);
                break;
            }
            if !self.send_chunk(index).await? {
                break;
            }
        }
        Ok(())
    }

    async fn cancel_is_asked(&self) -> Result<bool, StoreError> {
        let mut tx = self.turn.tenant().await?;
        let asked = tx.cancel_is_asked(self.turn.job.id).await?;
        tx.commit().await?;
        Ok(asked)
    }

    /// `false` when the others are to wait.
    async fn send_chunk(&mut self, index: usize) -> Result<bool, StoreError> {
        let Some(number) = self.chunks.get(index).map(|chunk| chunk.number) else {
            return Ok(true);
        };
        let requests = self.requests(number).await?;
        if requests.is_empty() {
            self.move_chunk(index, ItemState::Canceled, None).await?;
            return Ok(true);
        }
        let request_id = self.turn.request_id();
        let admission = match self.turn.open.admit(&request_id).await {
            Ok(admission) => admission,
            Err(error) => return self.not_admitted(index, Failed::before(error)).await,
        };
        self.mark(index, number).await?;
        match self.start(admission, &requests).await {
            Ok(started) => {
                self.turn.close_attempt("taken", None);
                self.note_taken(number, &started);
                if let Some(chunk) = self.chunks.get_mut(index) {
                    chunk.batch = Some(started.batch);
                    chunk.task = Some(started.task);
                    chunk.error = None;
                }
                self.write_down(index, ItemState::Submitted, None).await?;
                Ok(true)
            }
            Err(failed) => self.not_taken(index, failed).await,
        }
    }

    /// The vendor's ids of the group and of the task that takes this part in. A part after the
    /// first has a task of its own, and its number in the name.
    fn note_taken(&mut self, number: i32, started: &StartedBatch) {
        let refs = &mut self.turn.job.remote_refs;
        refs.entry("batch")
            .or_insert_with(|| Value::String(started.batch.clone()));
        let task = if refs.contains_key("task") {
            format!("task_{number}")
        } else {
            "task".to_owned()
        };
        refs.insert(task, Value::String(started.task.clone()));
    }

    async fn requests(&self, chunk: i32) -> Result<Vec<DialogRequest>, StoreError> {
        let items = self
            .items(Some(chunk), ItemState::Accepted, i64::MAX)
            .await?;
        let mut requests = Vec::with_capacity(items.len());
        for item in &items {
            if let Some(input) = self.open_item(item)? {
                requests.push(input.request);
            }
        }
        Ok(requests)
    }

    /// Commits the mark that a part is on its way.
    async fn mark(&mut self, index: usize, number: i32) -> Result<(), StoreError> {
        let now = self.turn.now();
        self.turn.begin_attempt(Some(number));
        self.turn.job.sent_at.get_or_insert(now);
        self.turn.job.enter(JobState::Submitting, None, now);
        if let Some(chunk) = self.chunks.get_mut(index) {
            chunk.sent_at = Some(now);
        }
        self.move_chunk(index, ItemState::Submitting, None).await
    }

    async fn start(
        &self,
        admission: Admission,
        requests: &[DialogRequest],
    ) -> Result<StartedBatch, Failed> {
        // All parts are one batch at the vendor, where it takes that.
        let mut target = self.target.clone();
        let begun = self.chunks.iter().find_map(|chunk| chunk.batch.clone());
        target.batch = target.batch.or(begun);
        start_batch(&self.turn, admission, &target, requests).await
    }

    async fn not_admitted(&mut self, index: usize, failed: Failed) -> Result<bool, StoreError> {
        let error = job_error(&failed.error);
        if failed.verdict == Verdict::NotSent {
            let pause = pace::retry(&failed.error, self.turn.failures());
            self.turn.job.looks = self.turn.job.looks.saturating_add(1);
            self.turn.job.error = Some(error);
            self.soon(pause);
            return Ok(false);
        }
        let detail = error.detail.clone();
        if let Some(chunk) = self.chunks.get_mut(index) {
            chunk.error = Some(error);
            // Its items were not moved yet.
            let number = chunk.number;
            let mut tx = self.turn.tenant().await?;
            let (from, to) = (ItemState::Accepted, ItemState::Submitting);
            tx.move_items(self.turn.job.id, Some(number), from, to, None)
                .await?;
            tx.commit().await?;
        }
        self.move_chunk(index, ItemState::Failed, Some(&detail))
            .await?;
        Ok(true)
    }

    async fn not_taken(&mut self, index: usize, failed: Failed) -> Result<bool, StoreError> {
        let error = job_error(&failed.error);
        self.turn.end_attempt(failed.verdict, Some(&error.code));
        let detail = error.detail.clone();
        if let Some(chunk) = self.chunks.get_mut(index) {
            chunk.error = Some(error);
        }
        let (state, goes_on) = match failed.verdict {
            Verdict::NotSent => {
                let pause = pace::retry(&failed.error, self.turn.failures());
                self.soon(pause);
                (ItemState::Accepted, false)
            }
            Verdict::Refused => (ItemState::Failed, true),
            Verdict::Unknown => (ItemState::OutcomeUnknown, true),
        };
        let message = (state != ItemState::Accepted).then_some(detail);
        self.write_down(index, state, message.as_deref()).await?;
        Ok(goes_on)
    }

    /// Writes an outcome that would be lost otherwise: tries again while the database is away.
    async fn write_down(
        &mut self,
        index: usize,
        state: ItemState,
        message: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            match self.move_chunk(index, state, message).await {
                Err(error) if error.is_transient() && tries < crate::turn::SAVE_TRIES => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                other => return other,
            }
        }
    }
}

async fn start_batch<'a>(
    turn: &'a Turn<'_>,
    admission: Admission,
    target: &'a DialogTarget,
    requests: &'a [DialogRequest],
) -> Result<StartedBatch, Failed> {
    turn.once(admission, |access| {
        Box::pin(async move {
            let provider = turn.open.provider().as_ref();
            let dialogs = provider
                .dialogs()
                .ok_or_else(|| cannot(provider, "dialogs"))?;
            dialogs
                .start_batch(&access.context(), target, requests)
                .await
        })
    })
    .await
}
