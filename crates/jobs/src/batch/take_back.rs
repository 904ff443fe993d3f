//! Taking dialogs back that still wait in the vendor's queue.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use callweave_model::{job::ItemState, owned::QueuedItem};
use callweave_provider::{
    ProviderError, cannot,
    dialogs::QueueKind,
    listing::{ListQuery, Listing},
};
use callweave_store::{StoreError, jobs::Item};
use tracing::info;

use super::{BatchTurn, intake::item_news};

/// Pages of the queue that are read in one turn; the next turn goes on.
const PAGES: usize = 50;
/// Entries of one page.
const PAGE: u32 = 100;

impl BatchTurn<'_> {
    /// Sends nothing more of the batch, and removes what is ours from the vendor's queue. What is
    /// dialled already goes on.
    pub(super) async fn take_back(&mut self) -> Result<(), StoreError> {
        self.keep_back().await?;
        let mut ours: BTreeMap<String, Item> = BTreeMap::new();
        for item in self.items(None, ItemState::Submitted, i64::MAX).await? {
            if let Some((_, remote_id)) = item.record.clone() {
                ours.insert(remote_id, item);
            }
        }
        let (mut position, mut kept) = (None, BTreeSet::new());
        for _ in 0..PAGES {
            let page = match self.ask_queue(position).await {
                Ok(page) => page,
                Err(error) => {
                    info!(error = %error, "The vendor's queue could not be read");
                    return Ok(());
                }
            };
            let mut removed = false;
            for waiting in page.items {
                let id = waiting.remote_id;
                if kept.contains(&id) {
                    continue;
                }
                if let Some(item) = ours.remove(&id) {
                    removed |= self.remove(&id, &item).await?;
                    kept.insert(id);
                }
            }
            // What was removed moved the pages.
            position = if removed { None } else { page.next };
            if !removed && position.is_none() {
                return self.took_back().await;
            }
        }
        self.soon(Duration::ZERO);
        Ok(())
    }

    /// What nobody has sent is not sent any more.
    async fn keep_back(&mut self) -> Result<(), StoreError> {
        for index in self.indexes(ItemState::Accepted) {
            let Some(chunk) = self.chunks.get_mut(index) else {
                continue;
            };
            chunk.state = ItemState::Canceled;
            let chunk = chunk.clone();
            let mut tx = self.turn.tenant().await?;
            tx.hold_job(&self.turn.lease, self.turn.jobs.options.lease)
                .await?;
            let (from, to) = (ItemState::Accepted, ItemState::Canceled);
            tx.move_items(self.turn.job.id, Some(chunk.number), from, to, None)
                .await?;
            tx.save_chunk(self.turn.job.id, &chunk).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Nothing of ours waits any more. Parts that the vendor has not told of yet may still come.
    async fn took_back(&mut self) -> Result<(), StoreError> {
        if !self.indexes(ItemState::Submitted).is_empty() {
            return Ok(());
        }
        let mut tx = self.turn.tenant().await?;
        tx.hold_job(&self.turn.lease, self.turn.jobs.options.lease)
            .await?;
        tx.cancel_done(self.turn.job.id).await?;
        tx.commit().await
    }

    async fn ask_queue(
        &self,
        position: Option<String>,
    ) -> Result<Listing<QueuedItem>, ProviderError> {
        let request_id = self.turn.request_id();
        let query = ListQuery {
            limit: PAGE,
            position,
            search: None,
        };
        let query = &query;
        self.turn
            .open
            .run(&request_id, |access| {
                Box::pin(async move {
                    let provider = self.turn.open.provider().as_ref();
                    let dialogs = provider
                        .dialogs()
                        .ok_or_else(|| cannot(provider, "dialogs"))?;
                    let (agent, kind) = (&self.target.agent, QueueKind::Dialogs);
                    dialogs
                        .queue(&access.context(), agent, kind, None, query)
                        .await
                })
            })
            .await
    }

    /// `true` when the vendor removed it.
    async fn remove(&mut self, dialog: &str, item: &Item) -> Result<bool, StoreError> {
        if let Err(error) = self.turn.remove_queued(&self.target.agent, dialog).await {
            info!(error = %error, "A dialog could not be removed from the vendor's queue");
            return Ok(false);
        }
        let now = self.turn.now();
        let why = "removed from the vendor's queue".to_owned();
        let mut tx = self.turn.tenant().await?;
        tx.hold_job(&self.turn.lease, self.turn.jobs.options.lease)
            .await?;
        let news = item_news(item.number, ItemState::Canceled, why);
        tx.save_item_news(self.turn.job.id, &[news]).await?;
        if let Some((kind, remote_id)) = &item.record {
            tx.want_record(self.turn.connection.id, kind, remote_id, item.call_id, now)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}
