//! Taking in what the vendor says of each dialog of a part that it took.

use callweave_model::job::ItemState;
use callweave_provider::{
    ProviderError, cannot,
    dialogs::{BatchItem, BatchProgress, StartedBatch},
};
use callweave_store::{StoreError, jobs::ItemNews};
use tracing::info;

use super::{
    BatchTurn, TakenItem,
    matching::{Matched, pair},
};
use crate::{pace, verdict::own_error};

impl BatchTurn<'_> {
    /// Asks for each part that the vendor has not told about yet.
    pub(super) async fn take_in(&mut self) -> Result<(), StoreError> {
        for index in self.indexes(ItemState::Submitted) {
            let Some(chunk) = self.chunks.get(index) else {
                continue;
            };
            let (Some(batch), Some(task)) = (chunk.batch.clone(), chunk.task.clone()) else {
                continue;
            };
            let (number, sent_at) = (chunk.number, chunk.sent_at);
            let waited = self.turn.now().since(sent_at.unwrap_or(self.turn.now()));
            let agent = self.target.agent.clone();
            let started = StartedBatch { agent, batch, task };
            match self.ask_progress(&started).await {
                Ok(BatchProgress::Running { .. }) => self.soon(pace::watch(waited)),
                Ok(BatchProgress::Done(told)) => {
                    self.take_items(number, told).await?;
                    self.move_chunk(index, ItemState::Completed, None).await?;
                    self.soon(pace::watch(waited));
                }
                Ok(BatchProgress::Failed { state_raw, info }) => {
                    let detail = "the vendor failed to take the dialogs in";
                    let mut error = own_error("vendor.failure", detail);
                    error.vendor_code = Some(state_raw);
                    error.vendor_message = info;
                    if let Some(chunk) = self.chunks.get_mut(index) {
                        chunk.error = Some(error);
                    }
                    self.move_chunk(index, ItemState::Failed, Some(detail))
                        .await?;
                }
                Err(error) => {
                    info!(error = %error, "The vendor could not be asked how far a batch is");
                    self.soon(pace::watch(waited));
                }
            }
        }
        Ok(())
    }

    async fn ask_progress(&self, started: &StartedBatch) -> Result<BatchProgress, ProviderError> {
        let request_id = self.turn.request_id();
        self.turn
            .open
            .run(&request_id, |access| {
                Box::pin(async move {
                    let provider = self.turn.open.provider().as_ref();
                    let dialogs = provider
                        .dialogs()
                        .ok_or_else(|| cannot(provider, "dialogs"))?;
                    dialogs.batch_progress(&access.context(), started).await
                })
            })
            .await
    }

    /// Takes the vendor's word on each dialog of a part in. The part's own state is written after
    /// that: a crash between the two repeats what is left.
    async fn take_items(&mut self, chunk: i32, told: Vec<BatchItem>) -> Result<(), StoreError> {
        let items = self
            .items(Some(chunk), ItemState::Submitting, i64::MAX)
            .await?;
        let mut phones = Vec::with_capacity(items.len());
        for item in &items {
            let input = self.open_item(item)?;
            phones.push(input.map_or_else(String::new, |input| input.request.phone));
        }
        let (mut taken, mut news) = (Vec::new(), Vec::new());
        for (item, matched) in items.into_iter().zip(pair(&phones, told)) {
            match matched {
                Matched::Taken {
                    record,
                    hint,
                    message,
                } => taken.push(TakenItem {
                    item,
                    record,
                    hint,
                    message,
                }),
                Matched::Refused { message } => {
                    let message = message.unwrap_or_else(|| "the vendor refused it".to_owned());
                    news.push(item_news(item.number, ItemState::Failed, message));
                }
                Matched::Untold => news.push(item_news(
                    item.number,
                    ItemState::OutcomeUnknown,
                    "the vendor took the batch and tells nothing of this dialog".to_owned(),
                )),
            }
        }
        self.save_news(&news).await?;
        self.register(taken, false).await
    }
}

pub(super) const fn item_news(number: i32, state: ItemState, message: String) -> ItemNews {
    ItemNews {
        number,
        state,
        message: Some(message),
        record: None,
        call_id: None,
    }
}
