//! Walking the spans of time that were asked for.

use std::collections::BTreeMap;

use callweave_provider::{Cursor, Next, Page, ProviderError, Retry, Walk};
use callweave_store::{StoreError, backfills::Backfill, events::Event};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    failure,
    run::{Run, Stop},
    walk::{UNPROVED_PATIENCE, paging_broken},
};

impl Run<'_> {
    /// Walks the spans that were asked for, in the order in which they were.
    pub(crate) async fn run_backfills(
        &self,
        streams: &[String],
        shutdown: &CancellationToken,
    ) -> Result<(), Stop> {
        let mut tx = self.tenant().await?;
        let open = tx.list_backfills(self.connection.id, true).await?;
        tx.commit().await?;
        for mut backfill in open.into_iter().rev() {
            match self.run_backfill(&mut backfill, streams, shutdown).await {
                Err(Stop::Vendor(error)) if ends_backfill(&error) => {
                    warn!(backfill.id = %backfill.id, error = %error, "A backfill failed");
                    let reason = error
                        .message
                        .unwrap_or_else(|| error.kind.code().to_owned());
                    self.end_backfill(&mut backfill, "failed", Some(reason))
                        .await?;
                }
                Err(Stop::Vendor(error)) if !failure::concerns_connection(error.kind) => {
                    self.progress.note_trouble(error);
                }
                other => other?,
            }
        }
        Ok(())
    }

    async fn run_backfill(
        &self,
        backfill: &mut Backfill,
        streams: &[String],
        shutdown: &CancellationToken,
    ) -> Result<(), Stop> {
        let walk = Walk::Window {
            from: backfill.from,
            to: backfill.to,
        };
        let mut cursors: BTreeMap<String, Value> =
            serde_json::from_value(backfill.cursors.clone()).unwrap_or_default();
        "processing".clone_into(&mut backfill.state);
        let mut unproved = 0;
        for stream in streams {
            while cursors.get(stream) != Some(&Value::Null) {
                if unproved >= UNPROVED_PATIENCE {
                    let reason = "the vendor's pages moved under every walk".to_owned();
                    return Ok(self.end_backfill(backfill, "failed", Some(reason)).await?);
                }
                self.go_on_aside(shutdown)?;
                let cursor = cursors.get(stream).cloned().map(Cursor);
                let page = self.fetch_page(stream, walk, cursor.as_ref()).await?;
                self.progress.answered();
                let next = match &page.next {
                    Next::More(next) if Some(next) == cursor.as_ref() => {
                        return Err(paging_broken(self.open.provider().manifest().vendor));
                    }
                    Next::More(next) => next.0.clone(),
                    Next::Done { .. } => Value::Null,
                    Next::Unproved { resume, .. } => {
                        unproved += 1;
                        resume.0.clone()
                    }
                };
                cursors.insert(stream.clone(), next);
                backfill.cursors = json!(cursors);
                if !self.commit_backfill_page(backfill, page).await? {
                    // It was paused or canceled meanwhile.
                    return Ok(());
                }
                self.fetch_due(shutdown, None).await?;
            }
        }
        Ok(self.end_backfill(backfill, "completed", None).await?)
    }

    /// Ends a backfill, unless it was paused or canceled meanwhile.
    async fn end_backfill(
        &self,
        backfill: &mut Backfill,
        state: &'static str,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        state.clone_into(&mut backfill.state);
        backfill.reason = reason;
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        if tx.save_backfill(backfill, now).await? {
            let completed = state == "completed";
            let event = Event {
                event_type: if completed {
                    "sync.backfill_completed"
                } else {
                    "sync.backfill_failed"
                },
                connection: Some(self.connection.id),
                subject: Some(backfill.id),
                data: json!({
                    "vendor": self.scope.vendor, "from": backfill.from, "to": backfill.to,
                    "pages": backfill.pages, "records": backfill.records,
                }),
            };
            tx.insert_events(&[event], now).await?;
            // It reaches from before what is known to be complete into it.
            let joins = |since| backfill.from < since && backfill.to >= since;
            if completed && self.state.historical_since.is_some_and(joins) {
                tx.note_history(self.connection.id, backfill.from).await?;
            }
        }
        tx.commit().await
    }

    /// Takes a page in; `false` when the backfill was paused or canceled meanwhile: it goes on from
    /// the page before.
    async fn commit_backfill_page(
        &self,
        backfill: &mut Backfill,
        page: Page,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let (seen, complete) = self.split(page, now);
        backfill.pages += 1;
        backfill.records += i64::try_from(seen.len() + complete.len()).unwrap_or(0);
        self.engine.store.prepare_months(&complete, now).await?;
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        tx.note_seen(self.connection.id, &seen, Some(self.stamp()), now)
            .await?;
        let applied = tx.apply_all(&self.scope, complete, now).await?;
        tx.count_changes(self.connection.id, &applied).await?;
        let open = tx.save_backfill(backfill, now).await?;
        tx.commit().await?;
        Ok(open)
    }
}

/// Whether a backfill would only meet the same failure again.
fn ends_backfill(error: &ProviderError) -> bool {
    error.retry == Retry::Never && !failure::concerns_connection(error.kind)
}
