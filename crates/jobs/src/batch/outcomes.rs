//! Waiting for the outcomes of dialogs that the vendor took.

use std::collections::BTreeSet;

use callweave_model::job::ItemState;
use callweave_provider::{Change, ProviderError, cannot};
use callweave_store::{StoreError, records::Seen};
use tracing::info;

use super::BatchTurn;

impl BatchTurn<'_> {
    /// Asks once a batch what became of its dialogs, and has those fetched of which there is news.
    /// Lists only note; the pull engine fetches.
    pub(super) async fn await_outcomes(&mut self) -> Result<(), StoreError> {
        // First of all what is stored already: a record that is made due again has no outcome yet.
        let mut tx = self.turn.tenant().await?;
        tx.hold_job(&self.turn.lease, self.turn.jobs.options.lease)
            .await?;
        tx.settle_items(self.turn.job.id, self.turn.connection.id)
            .await?;
        tx.commit().await?;
        if self.items(None, ItemState::Submitted, 1).await?.is_empty() {
            return Ok(());
        }
        let batches: BTreeSet<String> = self
            .chunks
            .iter()
            .filter_map(|chunk| chunk.batch.clone())
            .collect();
        for batch in batches {
            match self.ask_outcomes(&batch).await {
                Ok(changes) => self.note(changes).await?,
                Err(error) => {
                    info!(error = %error, "The vendor could not be asked for the outcomes of a batch");
                }
            }
        }
        let pause = self.watch_pause(self.turn.now());
        self.soon(pause);
        Ok(())
    }

    async fn ask_outcomes(&self, batch: &str) -> Result<Vec<Change>, ProviderError> {
        let request_id = self.turn.request_id();
        self.turn
            .open
            .run(&request_id, |access| {
                Box::pin(async move {
                    let provider = self.turn.open.provider().as_ref();
                    let dialogs = provider
                        .dialogs()
                        .ok_or_else(|| cannot(provider, "dialogs"))?;
                    dialogs.batch_outcomes(&access.context(), batch).await
                })
            })
            .await
    }

    async fn note(&mut self, changes: Vec<Change>) -> Result<(), StoreError> {
        let (mut seen, mut wanted) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Seen {
                    record,
                    fingerprint,
                    hint,
                } => seen.push(Seen {
                    kind: record.kind,
                    remote_id: record.remote_id,
                    fingerprint,
                    hint,
                }),
                Change::Upsert(upsert) => {
                    wanted.push((upsert.record.kind, upsert.record.remote_id));
                }
                // What is odd about it, the sync engine finds out and says.
                Change::Gone { record, .. }
                | Change::Quarantined { record, .. }
                | Change::Foreign { record, .. } => {
                    wanted.push((record.kind, record.remote_id));
                }
                Change::NotReady { .. } => {}
            }
        }
        let now = self.turn.now();
        let connection = self.turn.connection.id;
        let mut tx = self.turn.tenant().await?;
        tx.hold_job(&self.turn.lease, self.turn.jobs.options.lease)
            .await?;
        let mut due = tx.note_seen(connection, &seen, None, now).await?;
        due += tx
            .want_items(self.turn.job.id, connection, &wanted, now)
            .await?;
        if due > 0 {
            tx.wake_sync(connection).await?;
        }
        tx.commit().await
    }
}
