//! One look for new events for all streams of the process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callweave_model::TenantId;
use callweave_store::{
    StoreError,
    events::{EventFilter, EventMark, Position},
};
use tokio::{
    sync::{Semaphore, broadcast},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use super::{FeedOptions, render::Frame};
use crate::{
    ApiState,
    cursor::FeedPlace,
    problem::{Problem, codes},
};

/// Events of one batch.
const PAGE: i64 = 200;
/// Batches of one tenant in one look; the rest waits for the next one.
const PAGES: usize = 50;
/// Batches that a slow stream may be behind before it reads from the database again.
const BACKLOG: usize = 64;
/// Streams that read from the database at the same time.
const READERS: usize = 4;
/// How long the process goes on looking after the last event: a transaction may take its numbers a
/// moment before it is seen.
const LINGER: Duration = Duration::from_secs(5);

/// The open streams.
#[derive(Debug)]
pub(crate) struct Hub {
    options: FeedOptions,
    state: Mutex<Streams>,
    readers: Semaphore,
}

#[derive(Debug, Default)]
struct Streams {
    open: usize,
    tenants: HashMap<TenantId, Channel>,
}

/// What all streams of one tenant hear.
#[derive(Debug)]
struct Channel {
    sender: broadcast::Sender<Arc<Batch>>,
    streams: usize,
    /// How far it was looked; `None` until the first look.
    place: Option<FeedPlace>,
}

/// A stretch of a tenant's feed.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) feed: Uuid,
    pub(super) from: Position,
    pub(super) until: Position,
    pub(super) frames: Vec<Frame>,
}

/// A stream's place among the others, given back when it goes.
#[derive(Debug)]
pub(super) struct Subscription {
    hub: Arc<Hub>,
    tenant: TenantId,
    pub(super) batches: broadcast::Receiver<Arc<Batch>>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(self.tenant);
    }
}

impl Hub {
    pub(crate) fn new(options: FeedOptions) -> Self {
        Self {
            options,
            state: Mutex::default(),
            readers: Semaphore::new(READERS),
        }
    }

    pub(super) const fn options(&self) -> &FeedOptions {
        &self.options
    }

    pub(super) const fn readers(&self) -> &Semaphore {
        &self.readers
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a stream in, if there is a place for it among `limit` of its tenant.
    pub(super) fn join(
        self: &Arc<Self>,
        tenant: TenantId,
        limit: usize,
    ) -> Result<Subscription, Problem> {
        let mut streams = self.streams();
        let of_tenant = streams
            .tenants
            .get(&tenant)
            .map_or(0, |known| known.streams);
        if streams.open >= self.options.max_streams || of_tenant >= limit {
            return Err(Problem::new(
                codes::TOO_MANY_STREAMS,
                "no more event streams can be opened at the moment",
            )
            .with_retry_after(Duration::from_secs(30)));
        }
        streams.open += 1;
        gauge(streams.open);
        let channel = streams.tenants.entry(tenant).or_insert_with(|| Channel {
            sender: broadcast::channel(BACKLOG).0,
            streams: 0,
            place: None,
        });
        channel.streams += 1;
        Ok(Subscription {
            hub: Arc::clone(self),
            tenant,
            batches: channel.sender.subscribe(),
        })
    }

    fn leave(&self, tenant: TenantId) {
        let mut streams = self.streams();
        streams.open = streams.open.saturating_sub(1);
        gauge(streams.open);
        if let Some(channel) = streams.tenants.get_mut(&tenant) {
            channel.streams = channel.streams.saturating_sub(1);
            if channel.streams == 0 {
                streams.tenants.remove(&tenant);
            }
        }
    }

    /// Whose streams are open, and how far each was looked.
    fn watched(&self) -> Vec<(TenantId, Option<FeedPlace>)> {
        let streams = self.streams();
        let tenants = streams.tenants.iter();
        tenants.map(|(id, channel)| (*id, channel.place)).collect()
    }

    /// Tells a tenant's streams what was found.
    fn tell(&self, tenant: TenantId, batch: Batch) {
        if let Some(channel) = self.streams().tenants.get_mut(&tenant) {
            channel.place = Some(FeedPlace {
                feed: batch.feed,
                position: batch.until,
            });
            // Without receivers the last stream is just going.
            let _ = channel.sender.send(Arc::new(batch));
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number of open connections is far from where a float loses any"
)]
fn gauge(open: usize) {
    metrics::gauge!("callweave_event_streams").set(open as f64);
}

/// Looks for new events for all streams of the process, until `shutdown`.
pub(crate) async fn watch(state: ApiState, shutdown: CancellationToken) {
    let hub = state.feed().clone();
    let mut activity = Activity::default();
    while !shutdown.is_cancelled() {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(hub.options.poll_interval) => {}
        }
        let watched = hub.watched();
        if watched.is_empty() {
            continue;
        }
        let due = match mark(&state).await {
            Ok(mark) => activity.note(mark, Instant::now()),
            Err(error) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "Event streams wait for the database"
                );
                continue;
            }
        };
        for (tenant, place) in watched {
            if !due && place.is_some() {
                continue;
            }
            if let Err(problem) = look(&state, &hub, tenant, place).await {
                warn!(
                    events.problem = problem.code().code,
                    "New events could not be read for streams"
                );
            }
        }
    }
}

async fn mark(state: &ApiState) -> Result<EventMark, StoreError> {
    let mut tx = state.store().system().await?;
    let mark = tx.event_mark().await?;
    tx.commit().await?;
    Ok(mark)
}

/// Whether there may be events that no look has seen.
#[derive(Debug, Default)]
struct Activity {
    last: Option<i64>,
    /// Once all transactions before this one have ended, every numbered event has been seen.
    settled_at: u64,
    linger_until: Option<Instant>,
    was_due: bool,
}

impl Activity {
    fn note(&mut self, mark: EventMark, now: Instant) -> bool {
        if self.last != Some(mark.last) {
            self.last = Some(mark.last);
            self.settled_at = mark.next;
            self.linger_until = Some(now + LINGER);
        }
        let due = mark.ended < self.settled_at || self.linger_until.is_some_and(|end| now < end);
        // Once more after it settled: the look before may have been a moment too early.
        let look = due || self.was_due;
        self.was_due = due;
        look
    }
}

/// Reads what is new of one tenant and tells its streams.
async fn look(
    state: &ApiState,
    hub: &Hub,
    tenant: TenantId,
    place: Option<FeedPlace>,
) -> Result<(), Problem> {
    let Some(mut place) = place else {
        // Streams that began before this learn where the common reading begins.
        let place = super::begin(state, tenant, &super::Start::Latest, "after").await?;
        hub.tell(tenant, batch(place, place.position, Vec::new()));
        return Ok(());
    };
    for _ in 0..PAGES {
        let page = match super::read(state, tenant, place, &EventFilter::default(), PAGE).await {
            Ok(page) => page,
            Err(problem) if problem.code().code == codes::FEED_RESTARTED.code => {
                // The streams end when they hear of another feed; their clients are told why.
                let fresh = super::begin(state, tenant, &super::Start::Latest, "after").await?;
                hub.tell(tenant, batch(fresh, fresh.position, Vec::new()));
                return Ok(());
            }
            Err(problem) => return Err(problem),
        };
        if page.events.is_empty() {
            return Ok(());
        }
        let key = state.cursor_key();
        let frames = page
            .events
            .into_iter()
            .map(|event| Frame::of(key, tenant, place.feed, event))
            .collect();
        hub.tell(tenant, batch(place, page.next, frames));
        place.position = page.next;
        if !page.more {
            return Ok(());
        }
    }
    Ok(())
}

const fn batch(from: FeedPlace, until: Position, frames: Vec<Frame>) -> Batch {
    Batch {
        feed: from.feed,
        from: from.position,
        until,
        frames,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_database_is_not_looked_into() {
        let (begun, mut activity) = (Instant::now(), Activity::default());
        let mut note = |lingers: u32, last, ended, next| {
            activity.note(EventMark { last, ended, next }, begun + LINGER * lingers)
        };
        assert!(note(0, 1, 10, 10), "nothing is known yet");
        assert!(note(1, 1, 10, 10), "once more after it settled");
        assert!(!note(1, 1, 10, 10));
        assert!(!note(1, 1, 50, 60), "others write, and no events");
        assert!(note(1, 2, 50, 61), "a number was taken");
        assert!(note(2, 2, 50, 70), "its transaction is open");
        assert!(note(2, 2, 61, 70), "it ended");
        assert!(!note(2, 2, 61, 70));
    }
}
