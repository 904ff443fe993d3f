//! Walking a vendor's streams: a page, its records and the cursor behind it are one transaction.

use std::collections::BTreeMap;

use callweave_model::Timestamp;
use callweave_provider::{Cursor, ErrorKind, Next, Page, ProviderError, Retry, Walk};
use callweave_store::{StoreError, backfills::Backfill, sync_state::Stream};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    failure,
    outcome::{self, Listed},
    run::{Run, Stop},
};

/// Walks without proof in a row after which a stream rests until the next run.
const UNPROVED_PATIENCE: i32 = 3;

/// Runs in a row that a walk's cursor may be refused in before the walk begins anew.
const REFUSED_PATIENCE: i32 = 3;

impl Run<'_> {
    /// Walks one stream to its end; `true` when the walk was proved complete.
    pub(crate) async fn walk_stream(
        &self,
        name: &str,
        full: Option<i64>,
        shutdown: &CancellationToken,
    ) -> Result<bool, Stop> {
        let mut stream = self.load_stream(name).await?;
        if full.is_some_and(|number| stream.walk_number >= number && stream.walk.is_none()) {
            return Ok(true);
        }
        self.begin_walk(&mut stream, full);
        let walk = Self::walk_of(full);
        loop {
            self.go_on(shutdown)?;
            let cursor = stream.walk_cursor.clone().map(Cursor);
            let page = match self.fetch_page(name, walk, cursor.as_ref()).await {
                Ok(page) => page,
                Err(error) => {
                    if cursor.is_some() && failure::refuses_request(&error) {
                        self.note_refused(&mut stream).await?;
                    }
                    return Err(Stop::Vendor(error));
                }
            };
            self.progress.answered();
            let next = page.next.clone();
            let stuck = matches!(&next, Next::More(next) if Some(next) == cursor.as_ref());
            if !stuck {
                stream.refused = 0;
            }
            let proved = self.advance(&mut stream, &next);
            let stamp = full.unwrap_or(self.state.full_walk);
            self.commit_page(&stream, page, stamp).await?;
            self.fetch_due(shutdown, None).await?;
            match next {
                _ if stuck => {
                    self.note_refused(&mut stream).await?;
                    return Err(paging_broken(self.open.provider().manifest().vendor));
                }
                Next::More(_) => {}
                Next::Done { .. } => return Ok(proved),
                Next::Unproved { .. } if stream.unproved < UNPROVED_PATIENCE => {}
                Next::Unproved { .. } => return Ok(false),
            }
        }
    }

    /// Notes that a walk cannot go on from its cursor; when that lasts, it begins anew.
    async fn note_refused(&self, stream: &mut Stream) -> Result<(), StoreError> {
        stream.refused += 1;
        if stream.refused >= REFUSED_PATIENCE {
            warn!(sync.stream = %stream.stream, "A walk begins anew: its cursor leads nowhere");
            if stream.walk.as_deref() == Some("full") {
                // It is not over: without a walk, its number would say so.
                stream.walk_number -= 1;
            } else if stream.walk_cursor == stream.resume {
                stream.resume = None;
            }
            stream.walk = None;
            stream.walk_cursor = None;
            stream.refused = 0;
        }
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        tx.save_stream(self.connection.id, stream).await?;
        tx.commit().await
    }

    async fn load_stream(&self, name: &str) -> Result<Stream, StoreError> {
        let mut tx = self.tenant().await?;
        let streams = tx.list_streams(self.connection.id).await?;
        tx.commit().await?;
        let known = streams.into_iter().find(|stream| stream.stream == name);
        Ok(known.unwrap_or_else(|| Stream {
            stream: name.to_owned(),
            ..Stream::default()
        }))
    }

    /// Goes on with a walk of the same kind that is under way, or begins one.
    fn begin_walk(&self, stream: &mut Stream, full: Option<i64>) {
        let kind = if full.is_some() {
            "full"
        } else {
            "incremental"
        };
        let under_way = stream.walk.as_deref() == Some(kind)
            && full.is_none_or(|number| stream.walk_number == number);
        if under_way {
            return;
        }
        stream.walk = Some(kind.to_owned());
        stream.walk_cursor = if full.is_some() {
            None
        } else {
            stream.resume.clone()
        };
        stream.walk_started_at = Some(self.now());
        stream.unproved = 0;
        if let Some(number) = full {
            stream.walk_number = number;
        }
    }

    pub(crate) async fn fetch_page(
        &self,
        stream: &str,
        walk: Walk,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ProviderError> {
        let provider = self.open.provider();
        self.call(|access| {
            Box::pin(async move {
                match provider.pull() {
                    Some(pull) => pull.page(&access.context(), stream, walk, cursor).await,
                    None => Err(ProviderError::new(
                        provider.manifest().vendor,
                        "pull",
                        ErrorKind::Unsupported,
                    )),
                }
            })
        })
        .await
    }

    /// Moves the stream over a page; `true` when the walk is proved and over.
    fn advance(&self, stream: &mut Stream, next: &Next) -> bool {
        match next {
            Next::More(cursor) => {
                stream.walk_cursor = Some(cursor.0.clone());
                false
            }
            Next::Done { resume } => {
                stream.resume = Some(resume.0.clone());
                stream.walk = None;
                stream.walk_cursor = None;
                stream.synced_at = Some(self.now());
                stream.fresh_as_of = stream.walk_started_at.take();
                stream.unproved = 0;
                true
            }
            Next::Unproved { resume, reason } => {
                warn!(sync.stream = %stream.stream, sync.reason = %reason, "A walk ended without proof");
                stream.walk_cursor = Some(resume.0.clone());
                stream.unproved += 1;
                false
            }
        }
    }

    async fn commit_page(&self, stream: &Stream, page: Page, stamp: i64) -> Result<(), StoreError> {
        let now = self.now();
        let mut stream = stream.clone();
        stream.total_hint = page
            .total_hint
            .and_then(|total| i64::try_from(total).ok())
            .or(stream.total_hint);
        let (seen, complete) = self.split(page, now);
        self.engine.store.prepare_months(&complete, now).await?;
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        tx.note_seen(self.connection.id, &seen, Some(stamp), now)
            .await?;
        tx.apply(&self.scope, &complete, now).await?;
        tx.stamp_walk(self.connection.id, &complete, stamp).await?;
        let records = i64::try_from(seen.len() + complete.len()).unwrap_or(i64::MAX);
        tx.count_page(self.connection.id, records).await?;
        tx.save_stream(self.connection.id, &stream).await?;
        tx.commit().await?;
        metrics::counter!("callweave_sync_pages_total", "vendor" => self.scope.vendor.clone())
            .increment(1);
        Ok(())
    }

    fn split(
        &self,
        page: Page,
        now: Timestamp,
    ) -> (
        Vec<callweave_store::records::Seen>,
        Vec<callweave_store::records::Fetched>,
    ) {
        let deadline = self.engine.options.readiness_deadline;
        let (mut seen, mut complete) = (Vec::new(), Vec::new());
        for change in page.changes {
            match outcome::listed(change, now, deadline) {
                Listed::Seen(record) => seen.push(record),
                Listed::Complete(record) => complete.push(*record),
            }
        }
        (seen, complete)
    }

    /// Walks the spans that were asked for.
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
                    "failed".clone_into(&mut backfill.state);
                    backfill.reason = Some(
                        error
                            .message
                            .unwrap_or_else(|| error.kind.code().to_owned()),
                    );
                    self.end_backfill(&backfill).await?;
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
                    "failed".clone_into(&mut backfill.state);
                    backfill.reason = Some("the vendor's pages moved under every walk".to_owned());
                    return Ok(self.end_backfill(backfill).await?);
                }
                self.go_on(shutdown)?;
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
                    // It was canceled meanwhile.
                    return Ok(());
                }
                self.fetch_due(shutdown, None).await?;
            }
        }
        "completed".clone_into(&mut backfill.state);
        Ok(self.end_backfill(backfill).await?)
    }

    async fn end_backfill(&self, backfill: &Backfill) -> Result<(), StoreError> {
        let mut tx = self.tenant().await?;
        tx.save_backfill(backfill, self.now()).await?;
        tx.commit().await
    }

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
        tx.note_seen(self.connection.id, &seen, Some(self.state.full_walk), now)
            .await?;
        tx.apply(&self.scope, &complete, now).await?;
        let open = tx.save_backfill(backfill, now).await?;
        tx.commit().await?;
        Ok(open)
    }
}

/// Whether a backfill would only meet the same failure again.
fn ends_backfill(error: &ProviderError) -> bool {
    error.retry == Retry::Never && !failure::concerns_connection(error.kind)
}

fn paging_broken(vendor: &'static str) -> Stop {
    let error = ProviderError::new(vendor, "pull", ErrorKind::BadResponse)
        .with_retry(Retry::Never)
        .with_message("the vendor's pages do not move on");
    Stop::Vendor(error)
}
