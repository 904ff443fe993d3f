//! A turn of a batch of dialogs: its parts are sent one by one, each once; what the vendor says of
//! each dialog is taken in; each dialog ends with its call.

mod intake;
mod matching;
mod outcomes;
mod search;
mod send;
mod take_back;

use std::time::Duration;

use callweave_model::{
    CallId, Timestamp,
    job::{Delivery, ItemState, JobState},
};
use callweave_provider::{RecordRef, dialogs::DialogTarget};
use callweave_store::{
    StoreError,
    jobs::{Chunk, Item, ItemCounts, ItemNews, ItemPage, Next, Taken},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    input::{self, Input, ItemInput},
    pace,
    turn::Turn,
    verdict::own_error,
};

/// Items of one transaction.
const SLICE: usize = 100;

/// A turn of a batch.
pub(crate) struct BatchTurn<'j> {
    turn: Turn<'j>,
    target: DialogTarget,
    chunks: Vec<Chunk>,
    /// When something of it is to be looked at next.
    soonest: Option<Duration>,
}

/// What the vendor took of an item.
struct TakenItem {
    item: Item,
    record: RecordRef,
    hint: Option<Value>,
    message: Option<String>,
}

impl<'j> BatchTurn<'j> {
    pub(crate) const fn new(turn: Turn<'j>) -> Self {
        Self {
            turn,
            target: DialogTarget {
                agent: String::new(),
                batch: None,
                campaign: None,
            },
            chunks: Vec::new(),
            soonest: None,
        }
    }

    pub(crate) async fn work(mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        let known = match self.turn.input()? {
            Some(Input::Batch { target }) => {
                self.target = target;
                true
            }
            _ => false,
        };
        let mut tx = self.turn.tenant().await?;
        self.chunks = tx.list_chunks(self.turn.job.id).await?;
        tx.commit().await?;
        self.recover().await?;
        if self.turn.is_overdue() {
            self.give_up().await?;
        } else if known {
            if self.turn.job.cancel_asked {
                self.take_back().await?;
            }
            self.send(shutdown).await?;
            self.take_in().await?;
            self.search().await?;
            self.await_outcomes().await?;
        }
        self.end().await
    }

    /// Parts that were on their way when their sender died: whether the vendor has them is not
    /// known, and they are not sent again.
    async fn recover(&mut self) -> Result<(), StoreError> {
        for index in self.indexes(ItemState::Submitting) {
            self.turn
                .end_attempt(crate::verdict::Verdict::Unknown, None);
            self.move_chunk(
                index,
                ItemState::OutcomeUnknown,
                Some("the gateway stopped before the vendor's answer was there"),
            )
            .await?;
        }
        Ok(())
    }

    /// The places of the parts in a state.
    fn indexes(&self, state: ItemState) -> Vec<usize> {
        let in_state = |(_, chunk): &(usize, &Chunk)| chunk.state == state;
        let parts = self.chunks.iter().enumerate().filter(in_state);
        parts.map(|(index, _)| index).collect()
    }

    /// Moves a part with those of its items that went with it, and writes both with the job.
    async fn move_chunk(
        &mut self,
        index: usize,
        state: ItemState,
        message: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(chunk) = self.chunks.get_mut(index) else {
            return Ok(());
        };
        // Until the vendor has told of each, items of a part that it took stand where they stood.
        let (from, to) = match state {
            ItemState::Submitting => (ItemState::Accepted, ItemState::Submitting),
            ItemState::Submitted => (ItemState::Submitting, ItemState::Submitting),
            // Each was told about, or will not be.
            ItemState::Completed => (ItemState::Submitting, ItemState::OutcomeUnknown),
            other => (ItemState::Submitting, other),
        };
        chunk.state = state;
        chunk.looks = 0;
        let chunk = chunk.clone();
        let mut tx = self.turn.tenant().await?;
        tx.save_job(&self.turn.lease, &self.turn.job, None).await?;
        tx.save_chunk(self.turn.job.id, &chunk).await?;
        tx.move_items(self.turn.job.id, Some(chunk.number), from, to, message)
            .await?;
        tx.commit().await?;
        self.turn.told();
        Ok(())
    }

    /// Has the batch looked at again after this long, or sooner.
    fn soon(&mut self, pause: Duration) {
        self.soonest = Some(self.soonest.map_or(pause, |known| known.min(pause)));
    }

    async fn items(
        &self,
        chunk: Option<i32>,
        state: ItemState,
        limit: i64,
    ) -> Result<Vec<Item>, StoreError> {
        let page = ItemPage {
            states: vec![state.as_str().to_owned()],
            chunk,
            after: None,
            limit,
        };
        let mut tx = self.turn.tenant().await?;
        let items = tx.list_items(self.turn.job.id, &page).await?;
        tx.commit().await?;
        Ok(items)
    }

    fn open_item(&self, item: &Item) -> Result<Option<ItemInput>, StoreError> {
        let Some(sealed) = &item.sealed_input else {
            return Ok(None);
        };
        let place = input::item_place(self.turn.lease.tenant, self.turn.job.id, item.number);
        let opened = input::open(self.turn.jobs.connector.vault(), &place, sealed);
        opened.map(Some).map_err(|error| StoreError::Inconsistent {
            table: "job_items",
            source: error.into(),
        })
    }

    /// Registers what the vendor took, a slice a transaction. `due`: each is fetched at once;
    /// otherwise the outcomes of the batch tell when.
    async fn register(&mut self, taken: Vec<TakenItem>, due: bool) -> Result<(), StoreError> {
        let now = self.turn.now();
        self.turn.jobs.store.prepare_month(now, now).await?;
        for slice in taken.chunks(SLICE) {
            let mut records = Vec::with_capacity(slice.len());
            let mut news = Vec::with_capacity(slice.len());
            for part in slice {
                records.push(self.as_taken(part)?);
                news.push(self.as_news(part));
            }
            let mut tx = self.turn.tenant().await?;
            tx.hold_job(&self.turn.lease, self.turn.jobs.options.lease)
                .await?;
            tx.register_taken(&self.turn.scope, records, due, now)
                .await?;
            tx.save_item_news(self.turn.job.id, &news).await?;
            tx.forget_item_inputs(self.turn.job.id).await?;
            if due {
                tx.wake_sync(self.turn.connection.id).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    fn as_taken(&self, part: &TakenItem) -> Result<Taken, StoreError> {
        let attachment = self
            .open_item(&part.item)?
            .map(|input| input.attachment)
            .unwrap_or_default();
        let mut call = crate::turn::pending_dialog(&part.record.remote_id);
        let mut chunks = self.chunks.iter();
        call.batch_remote_id = chunks
            .find(|chunk| chunk.number == part.item.chunk)
            .and_then(|chunk| chunk.batch.clone());
        Ok(Taken {
            kind: part.record.kind.clone(),
            remote_id: part.record.remote_id.clone(),
            hint: part.hint.clone(),
            call,
            patch: attachment.into_patch(),
        })
    }

    fn as_news(&self, part: &TakenItem) -> ItemNews {
        let record = (part.record.kind.clone(), part.record.remote_id.clone());
        let call = CallId::derive(self.turn.scope.namespace, &part.record.remote_id);
        ItemNews {
            number: part.item.number,
            state: ItemState::Submitted,
            message: part.message.clone(),
            record: Some(record),
            call_id: Some(call),
        }
    }

    async fn save_news(&mut self, news: &[ItemNews]) -> Result<(), StoreError> {
        let mut tx = self.turn.tenant().await?;
        tx.hold_job(&self.turn.lease, self.turn.jobs.options.lease)
            .await?;
        tx.save_item_news(self.turn.job.id, news).await?;
        tx.commit().await
    }

    /// The time is up: what was not sent is not sent any more, and nothing is awaited any more.
    async fn give_up(&mut self) -> Result<(), StoreError> {
        let job = self.turn.job.id;
        let late = Some("its time was up");
        for index in 0..self.chunks.len() {
            let Some(chunk) = self.chunks.get_mut(index) else {
                continue;
            };
            chunk.state = match chunk.state {
                ItemState::Accepted => ItemState::Expired,
                ItemState::Submitted => ItemState::OutcomeUnknown,
                other => other,
            };
            chunk.looks = i32::MAX;
        }
        let mut tx = self.turn.tenant().await?;
        tx.hold_job(&self.turn.lease, self.turn.jobs.options.lease)
            .await?;
        tx.settle_items(job, self.turn.connection.id).await?;
        for (from, to) in [
            (ItemState::Accepted, ItemState::Expired),
            (ItemState::Submitted, ItemState::Expired),
            (ItemState::Submitting, ItemState::OutcomeUnknown),
        ] {
            tx.move_items(job, None, from, to, late).await?;
        }
        for chunk in &self.chunks {
            tx.save_chunk(job, chunk).await?;
        }
        tx.commit().await
    }

    /// Says where the batch stands, and when it is looked at again.
    async fn end(&mut self) -> Result<(), StoreError> {
        let job = self.turn.job.id;
        let mut tx = self.turn.tenant().await?;
        tx.settle_items(job, self.turn.connection.id).await?;
        let counts = tx.count_items(&[job]).await?.remove(&job);
        tx.commit().await?;
        let counts = counts.unwrap_or_default();
        self.turn.job.delivery = delivery(&self.chunks);
        let searching = self.chunks.iter().any(|chunk| {
            chunk.state == ItemState::OutcomeUnknown && pace::find_after(chunk.looks).is_some()
        });
        if let Some(state) = final_state(&counts).filter(|_| !searching) {
            return self.close(state).await;
        }
        let now = self.turn.now();
        let unsent = self.indexes(ItemState::Accepted);
        if unsent.len() == self.chunks.len() && self.turn.job.state() == JobState::Submitting {
            self.turn.job.step_back("the vendor got nothing yet", now);
        }
        if unsent.is_empty() {
            let first = self.turn.job.submitted_at.is_none();
            if first && self.turn.job.delivery == Delivery::Taken {
                self.turn.job.submitted_at = Some(now);
                self.turn.job.enter(JobState::Submitted, None, now);
            } else {
                self.turn.job.enter(JobState::Processing, None, now);
            }
        }
        let pause = self.soonest.unwrap_or_else(|| self.watch_pause(now));
        self.turn.save(Some(Next::After(pause))).await
    }

    async fn close(&mut self, state: JobState) -> Result<(), StoreError> {
        let now = self.turn.now();
        match state {
            JobState::OutcomeUnknown | JobState::PartiallyCompleted => {
                self.turn.job.enter(state, None, now);
            }
            JobState::Failed => {
                let refused = self.chunks.iter().find_map(|chunk| chunk.error.clone());
                let none = own_error(
                    "vendor.request_rejected",
                    "no dialog of the batch was taken",
                );
                let delivery = self.turn.job.delivery;
                self.turn.fail(refused.unwrap_or(none), delivery);
            }
            other => self.turn.finish(other, None),
        }
        self.turn.settle(Some(Next::Never)).await
    }

    fn watch_pause(&self, now: Timestamp) -> Duration {
        let since = self.turn.job.sent_at.unwrap_or(self.turn.job.created_at);
        pace::watch(now.since(since))
    }
}

/// Whether the vendor has the batch, as its parts tell.
fn delivery(chunks: &[Chunk]) -> Delivery {
    let any = |state: ItemState| chunks.iter().any(|chunk| chunk.state == state);
    if any(ItemState::OutcomeUnknown) || any(ItemState::Submitting) {
        Delivery::Unknown
    } else if chunks.iter().any(|chunk| chunk.task.is_some()) {
        Delivery::Taken
    } else {
        Delivery::None
    }
}

/// How the batch ended; `None` while items are open.
fn final_state(counts: &ItemCounts) -> Option<JobState> {
    let of = |state: ItemState| counts.get(&state).copied().unwrap_or(0);
    let open = of(ItemState::Accepted) + of(ItemState::Submitting) + of(ItemState::Submitted);
    if open > 0 {
        return None;
    }
    let all: i64 = counts.values().sum();
    let completed = of(ItemState::Completed);
    Some(if completed == all {
        JobState::Completed
    } else if completed > 0 {
        JobState::PartiallyCompleted
    } else if of(ItemState::OutcomeUnknown) > 0 {
        JobState::OutcomeUnknown
    } else if of(ItemState::Canceled) == all {
        JobState::Canceled
    } else if of(ItemState::Expired) > 0 {
        JobState::Expired
    } else {
        JobState::Failed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_when_all_of_its_items_have() {
        let state = |counts: &[(ItemState, i64)]| final_state(&counts.iter().copied().collect());
        assert_eq!(
            state(&[(ItemState::Completed, 2), (ItemState::Submitted, 1)]),
            None
        );
        assert_eq!(
            state(&[(ItemState::Completed, 3)]),
            Some(JobState::Completed)
        );
        assert_eq!(
            state(&[(ItemState::Completed, 2), (ItemState::Failed, 1)]),
            Some(JobState::PartiallyCompleted)
        );
        assert_eq!(
            state(&[(ItemState::Failed, 2), (ItemState::OutcomeUnknown, 1)]),
            Some(JobState::OutcomeUnknown)
        );
        assert_eq!(state(&[(ItemState::Canceled, 3)]), Some(JobState::Canceled));
        assert_eq!(
            state(&[(ItemState::Canceled, 1), (ItemState::Failed, 1)]),
            Some(JobState::Failed)
        );
        assert_eq!(state(&[(ItemState::Expired, 1)]), Some(JobState::Expired));
    }
}
