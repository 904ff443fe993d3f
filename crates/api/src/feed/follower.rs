//! One stream: reads what it missed, then hears what is new together with the others.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use callweave_store::events::EventFilter;
use futures::stream::{self, Stream};
use tokio::{sync::broadcast::error::RecvError, time::Instant};
use tracing::debug;

use super::{
    hub::{Batch, Subscription},
    render::{self, Frame},
};
use crate::{ApiState, Caller, cursor::FeedPlace, problem::Problem};

/// Events that are read at a time while a stream catches up.
const PAGE: i64 = 200;
/// For so long a key is believed to be in force while events are sent.
const BELIEVED: Duration = Duration::from_secs(1);

/// The bytes of a stream that begins after `place`; its tenant may have `limit` of them.
pub(crate) fn follow(
    state: ApiState,
    caller: Caller,
    place: FeedPlace,
    filter: EventFilter,
    limit: usize,
) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static, Problem> {
    let subscription = state.feed().join(caller.tenant, limit)?;
    let mut follower = Follower {
        subscription,
        caller,
        filter,
        place,
        pending: VecDeque::new(),
        behind: true,
        checked_at: Instant::now(),
        quiet_since: Instant::now(),
        state,
    };
    let greeting = render::greeting(&follower.cursor());
    follower.pending.push_back(greeting);
    Ok(stream::unfold(follower, async |mut follower| {
        let bytes = follower.next().await?;
        Some((Ok(bytes), follower))
    }))
}

struct Follower {
    state: ApiState,
    subscription: Subscription,
    caller: Caller,
    filter: EventFilter,
    place: FeedPlace,
    /// Ready to be sent.
    pending: VecDeque<Bytes>,
    /// There is something to be read from the database.
    behind: bool,
    checked_at: Instant,
    quiet_since: Instant,
}

/// The stream is over; its client comes back with the last place it heard of.
struct End;

impl Follower {
    /// The next bytes; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.pending.pop_front() {
                self.quiet_since = Instant::now();
                return Some(bytes);
            }
            let draining = self.state.draining().clone();
            tokio::select! {
                biased;
                () = draining.cancelled() => return None,
                step = self.step() => step.ok()?,
            }
        }
    }

    async fn step(&mut self) -> Result<(), End> {
        if self.behind {
            return self.catch_up().await;
        }
        let heartbeat = self.quiet_since + self.state.feed().options().heartbeat;
        tokio::select! {
            heard = self.subscription.batches.recv() => match heard {
                Ok(batch) => self.hear(&batch).await,
                Err(RecvError::Lagged(_)) => {
                    self.behind = true;
                    Ok(())
                }
                Err(RecvError::Closed) => Err(End),
            },
            () = tokio::time::sleep_until(heartbeat) => {
                self.check(Duration::ZERO).await?;
                let heartbeat = render::heartbeat(&self.cursor());
                self.pending.push_back(heartbeat);
                Ok(())
            }
        }
    }

    /// Reads a page from the database.
    async fn catch_up(&mut self) -> Result<(), End> {
        self.check(BELIEVED).await?;
        let tenant = self.caller.tenant;
        let page = {
            let hub = Arc::clone(self.state.feed());
            let _turn = hub.readers().acquire().await.map_err(|_closed| End)?;
            super::read(&self.state, tenant, self.place, &self.filter, PAGE).await
        };
        let page = page.map_err(|problem| {
            debug!(events.problem = problem.code().code, "An event stream ends");
            End
        })?;
        let key = self.state.cursor_key();
        for event in page.events {
            let frame = Frame::of(key, tenant, self.place.feed, event);
            self.pending.push_back(frame.bytes);
        }
        self.place.position = page.next;
        self.behind = page.more;
        Ok(())
    }

    /// Takes over what is new.
    async fn hear(&mut self, batch: &Batch) -> Result<(), End> {
        if batch.feed != self.place.feed {
            return Err(End);
        }
        if batch.from > self.place.position {
            self.behind = true;
            return Ok(());
        }
        let before = self.place.position;
        let news = batch
            .frames
            .iter()
            .filter(|frame| frame.event.position > before && self.filter.admits(&frame.event));
        self.pending.extend(news.map(|frame| frame.bytes.clone()));
        self.place.position = before.max(batch.until);
        if self.pending.is_empty() {
            return Ok(());
        }
        self.check(BELIEVED).await
    }

    /// Ends the stream when the key is not in force any more.
    async fn check(&mut self, believed: Duration) -> Result<(), End> {
        if self.checked_at.elapsed() < believed {
            return Ok(());
        }
        let authenticator = self.state.authenticator();
        if authenticator.still_holds(&self.caller, "events:read").await {
            self.checked_at = Instant::now();
            Ok(())
        } else {
            Err(End)
        }
    }

    fn cursor(&self) -> String {
        let key = self.state.cursor_key();
        key.seal_feed(self.caller.tenant, self.place)
    }
}
