//! Walking a vendor's streams: a page, its records and the cursor behind it are one transaction.
//!
//! Each stream has two walks with a cursor of their own: the incremental one, over what is new, and
//! the full one, over everything. The full one makes way for the incremental one, so that new calls
//! keep arriving during a long sweep.

use callweave_model::Timestamp;
use callweave_provider::{Cursor, ErrorKind, Next, Page, ProviderError, Retry, Walk};
use callweave_store::{
    StoreError,
    events::Event,
    streams::{Stream, WalkState},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    failure,
    fetch::{Unread, count_changes},
    outcome::{self, Listed},
    run::{Run, Stop},
};

/// Walks without proof in a row after which a stream rests until the next run.
pub(crate) const UNPROVED_PATIENCE: i32 = 3;

/// Runs in a row that a walk's cursor may be refused in before the walk begins anew.
const REFUSED_PATIENCE: i32 = 3;

/// Which of a stream's walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Over what is new.
    Incremental,
    /// Over everything, under a number.
    Full(i64),
}

impl Pass {
    const fn walk(self) -> Walk {
        match self {
            Self::Incremental => Walk::Incremental,
            Self::Full(_) => Walk::Full,
        }
    }

    const fn of(self, stream: &mut Stream) -> &mut WalkState {
        match self {
            Self::Incremental => &mut stream.incremental,
            Self::Full(_) => &mut stream.full,
        }
    }
}

impl Run<'_> {
    /// Walks one stream to its end; `true` when the walk was proved complete.
    pub(crate) async fn walk_stream(
        &self,
        name: &str,
        pass: Pass,
        shutdown: &CancellationToken,
    ) -> Result<bool, Stop> {
        let mut stream = self.load_stream(name).await?;
        if matches!(pass, Pass::Full(number) if stream.full_number >= number) {
            return Ok(true);
        }
        self.begin_walk(&mut stream, pass);
        let mut ahead = None;
        loop {
            self.go_on_with(pass, shutdown)?;
            let cursor = pass.of(&mut stream).cursor.clone().map(Cursor);
            let page = match ahead.take() {
                Some(page) => page,
                None => self.fetch_page(name, pass.walk(), cursor.as_ref()).await,
            };
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    if cursor.is_some() && failure::refuses_request(&error) {
                        self.note_refused(&mut stream, pass).await?;
                    }
                    return Err(Stop::Vendor(error));
                }
            };
            self.progress.answered();
            let next = page.next.clone();
            let stuck = matches!(&next, Next::More(next) if Some(next) == cursor.as_ref());
            if !stuck {
                pass.of(&mut stream).refused = 0;
            }
            let proved = self.advance(&mut stream, pass, &next);
            self.commit_page(&mut stream, page).await?;
            if let (Next::More(cursor), false) = (&next, stuck) {
                // While what it lists is fetched, the next page is asked for.
                let (fetched, page) = tokio::join!(
                    self.fetch_due(shutdown, None),
                    self.fetch_page(name, pass.walk(), Some(cursor))
                );
                fetched?;
                ahead = Some(page);
            } else {
                self.fetch_due(shutdown, None).await?;
            }
            match next {
                _ if stuck => {
                    self.note_refused(&mut stream, pass).await?;
                    return Err(paging_broken(self.open.provider().manifest().vendor));
                }
                Next::More(_) => {}
                Next::Done { .. } => return Ok(proved),
                Next::Unproved { .. } if pass.of(&mut stream).unproved < UNPROVED_PATIENCE => {}
                Next::Unproved { .. } => return Ok(false),
            }
        }
    }

    /// Notes that a walk cannot go on from its cursor; when that lasts, it begins anew.
    async fn note_refused(&self, stream: &mut Stream, pass: Pass) -> Result<(), StoreError> {
        let walk = pass.of(stream);
        walk.refused += 1;
        let mut events = Vec::new();
        if walk.refused >= REFUSED_PATIENCE {
            warn!(sync.stream = %stream.stream, "A walk begins anew: its cursor leads nowhere");
            let walk = std::mem::take(pass.of(stream));
            if pass == Pass::Incremental && walk.cursor == stream.resume {
                stream.resume = None;
            }
            events.extend(self.broken(stream, "the vendor's pages lead nowhere"));
        }
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        tx.save_stream(self.connection.id, stream).await?;
        tx.insert_events(&events, self.now()).await?;
        tx.commit().await
    }

    /// Marks a stream whose pages do not fit together; the event is written once, until a walk is
    /// proved again.
    fn broken(&self, stream: &mut Stream, reason: &str) -> Option<Event> {
        if stream.broken_since.is_some() {
            return None;
        }
        stream.broken_since = Some(self.now());
        Some(Event {
            event_type: "sync.paging_broken",
            connection: Some(self.connection.id),
            subject: Some(self.connection.id.0),
            data: json!({"vendor": self.scope.vendor, "stream": stream.stream, "reason": reason}),
        })
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

    /// Goes on with a walk that is under way, or begins one.
    fn begin_walk(&self, stream: &mut Stream, pass: Pass) {
        if pass.of(stream).is_under_way() {
            return;
        }
        let cursor = match pass {
            Pass::Incremental => stream.resume.clone(),
            Pass::Full(_) => None,
        };
        *pass.of(stream) = WalkState {
            started_at: Some(self.now()),
            cursor,
            unproved: 0,
            refused: pass.of(stream).refused,
        };
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
    fn advance(&self, stream: &mut Stream, pass: Pass, next: &Next) -> bool {
        match next {
            Next::More(cursor) => {
                pass.of(stream).cursor = Some(cursor.0.clone());
                false
            }
            Next::Done { resume } => {
                self.end_walk(stream, pass, resume);
                true
            }
            Next::Unproved { resume, reason } => {
                warn!(sync.stream = %stream.stream, sync.reason = %reason, "A walk ended without proof");
                let walk = pass.of(stream);
                walk.cursor = Some(resume.0.clone());
                walk.unproved += 1;
                false
            }
        }
    }

    /// Ends a proved walk. The watermark is where it began, never where it ended.
    fn end_walk(&self, stream: &mut Stream, pass: Pass, resume: &Cursor) {
        let began = std::mem::take(pass.of(stream)).started_at;
        match pass {
            Pass::Incremental => {
                // The first walk over what is new is one over everything.
                let whole = stream.resume.is_none();
                if let (true, Some(number)) = (whole, self.full_walk_due()) {
                    stream.full_number = number;
                    stream.full = WalkState::default();
                }
                stream.resume = Some(resume.0.clone());
            }
            Pass::Full(number) => stream.full_number = number,
        }
        stream.synced_at = Some(self.now());
        stream.fresh_as_of = stream.fresh_as_of.max(began);
        stream.broken_since = None;
        stream.trouble = None;
        stream.trouble_at = None;
    }

    async fn commit_page(&self, stream: &mut Stream, page: Page) -> Result<(), StoreError> {
        let now = self.now();
        stream.total_hint = page
            .total_hint
            .and_then(|total| i64::try_from(total).ok())
            .or(stream.total_hint);
        let unproved = match &page.next {
            Next::Unproved { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        let tired = stream.incremental.unproved.max(stream.full.unproved) >= UNPROVED_PATIENCE;
        let broken = unproved
            .filter(|_| tired)
            .and_then(|reason| self.broken(stream, &reason));
        let (seen, complete) = self.split(page, now);
        self.engine.store.prepare_months(&complete, now).await?;
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        let stamp = self.stamp();
        tx.note_seen(self.connection.id, &seen, Some(stamp), now)
            .await?;
        let records = i64::try_from(seen.len() + complete.len()).unwrap_or(i64::MAX);
        let met: Vec<_> = complete
            .iter()
            .map(|record| (record.kind.clone(), record.remote_id.clone()))
            .collect();
        let unread = Unread::of(&complete);
        let applied = tx.apply_all(&self.scope, complete, now).await?;
        tx.count_changes(self.connection.id, &applied).await?;
        tx.stamp_walk(self.connection.id, &met, stamp).await?;
        tx.count_page(self.connection.id, records).await?;
        tx.save_stream(self.connection.id, stream).await?;
        tx.insert_events(broken.as_slice(), now).await?;
        tx.commit().await?;
        metrics::counter!("callweave_sync_pages_total", "vendor" => self.scope.vendor.clone())
            .increment(1);
        count_changes(&self.scope.vendor, &applied);
        unread.count(&self.scope.vendor);
        Ok(())
    }

    /// The number that is stamped on what any page shows: what is met while a full walk is under
    /// way, or due, is not missing on it.
    pub(crate) fn stamp(&self) -> i64 {
        self.full_walk_due().unwrap_or(self.state.full_walk)
    }

    pub(crate) fn split(
        &self,
        page: Page,
        now: Timestamp,
    ) -> (
        Vec<callweave_store::records::Seen>,
        Vec<callweave_store::records::Fetched>,
    ) {
        let rules = self.rules();
        let (mut seen, mut complete) = (Vec::new(), Vec::new());
        for change in page.changes {
            match outcome::listed(change, now, rules) {
                Listed::Seen(record) => seen.push(record),
                Listed::Complete(record) => complete.push(*record),
            }
        }
        (seen, complete)
    }
}

pub(crate) fn paging_broken(vendor: &'static str) -> Stop {
    let error = ProviderError::new(vendor, "pull", ErrorKind::BadResponse)
        .with_retry(Retry::Never)
        .with_message("the vendor's pages do not move on");
    Stop::Vendor(error)
}
