//! Looking for the dialogs of parts that were sent without a known outcome.

use callweave_model::{Timestamp, job::ItemState};
use callweave_provider::{ProviderError, cannot, dialogs::StartedDialog, submit::Found};
use callweave_store::{StoreError, jobs::ItemNews};
use tracing::info;

use super::{BatchTurn, TakenItem, intake::item_news};
use crate::{input::ItemInput, pace, turn::cannot_tell};

/// Dialogs that are looked for in one turn.
const AT_ONCE: i64 = 200;

impl BatchTurn<'_> {
    /// Asks the vendor, dialog by dialog, whether it has what was sent.
    pub(super) async fn search(&mut self) -> Result<(), StoreError> {
        for index in self.indexes(ItemState::OutcomeUnknown) {
            let Some(chunk) = self.chunks.get(index) else {
                continue;
            };
            let (number, looks) = (chunk.number, chunk.looks);
            let sent_at = chunk.sent_at.unwrap_or(self.turn.job.created_at);
            let Some(after) = pace::find_after(looks) else {
                continue;
            };
            let waited = self.turn.now().since(sent_at);
            if let Some(left) = after.checked_sub(waited)
                && !left.is_zero()
            {
                self.soon(left);
                continue;
            }
            let goes_on = self.search_chunk(number, sent_at).await?;
            self.looked(index, goes_on).await?;
        }
        Ok(())
    }

    /// `false` when asking again would not help.
    async fn search_chunk(&mut self, chunk: i32, sent_at: Timestamp) -> Result<bool, StoreError> {
        let items = self
            .items(Some(chunk), ItemState::OutcomeUnknown, AT_ONCE)
            .await?;
        let settled = self.turn.now().since(sent_at) >= self.turn.jobs.options.settle;
        let (mut taken, mut news): (Vec<TakenItem>, Vec<ItemNews>) = (Vec::new(), Vec::new());
        let mut goes_on = true;
        for item in items {
            let Some(input) = self.open_item(&item)? else {
                continue;
            };
            match self.ask_for(&input, sent_at).await {
                Ok(Found::Yes(started)) => taken.push(TakenItem {
                    item,
                    record: started.record,
                    hint: started.hint,
                    message: None,
                }),
                Ok(Found::No) if settled => news.push(item_news(
                    item.number,
                    ItemState::Failed,
                    "the vendor does not have it: what was sent did not arrive".to_owned(),
                )),
                Ok(Found::No | Found::Unknown) => {}
                Err(error) => {
                    goes_on = !cannot_tell(&error);
                    info!(error = %error, "The vendor could not be asked about a dialog");
                    break;
                }
            }
        }
        self.save_news(&news).await?;
        self.register(taken, true).await?;
        Ok(goes_on)
    }

    async fn ask_for(
        &self,
        input: &ItemInput,
        sent_at: Timestamp,
    ) -> Result<Found<StartedDialog>, ProviderError> {
        let request_id = self.turn.request_id();
        self.turn
            .open
            .run(&request_id, |access| {
                Box::pin(async move {
                    let provider = self.turn.open.provider().as_ref();
                    let dialogs = provider
                        .dialogs()
                        .ok_or_else(|| cannot(provider, "dialogs"))?;
                    dialogs
                        .find_dialog(&access.context(), &self.target, &input.request, sent_at)
                        .await
                })
            })
            .await
    }

    /// Notes that the vendor was asked; a part without open questions is done.
    async fn looked(&mut self, index: usize, goes_on: bool) -> Result<(), StoreError> {
        let Some(number) = self.chunks.get(index).map(|chunk| chunk.number) else {
            return Ok(());
        };
        let left = self
            .items(Some(number), ItemState::OutcomeUnknown, 1)
            .await?;
        let Some(chunk) = self.chunks.get_mut(index) else {
            return Ok(());
        };
        chunk.looks = if goes_on {
            chunk.looks.saturating_add(1)
        } else {
            i32::MAX
        };
        if left.is_empty() {
            chunk.state = ItemState::Completed;
        }
        let chunk = chunk.clone();
        let mut tx = self.turn.tenant().await?;
        tx.hold_job(&self.turn.lease, self.turn.jobs.options.lease)
            .await?;
        tx.save_chunk(self.turn.job.id, &chunk).await?;
        tx.commit().await?;
        if let Some(after) = pace::find_after(chunk.looks) {
            let sent_at = chunk.sent_at.unwrap_or(self.turn.job.created_at);
            self.soon(after.saturating_sub(self.turn.now().since(sent_at)));
        }
        Ok(())
    }
}
