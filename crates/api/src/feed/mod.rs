//! The feed of events: positions in it, pages of it, and the streams that follow it.

mod follower;
mod hub;
mod render;

use std::time::Duration;

use callweave_model::TenantId;
use callweave_store::events::{EventFilter, EventPage, Feed, Position};

pub(crate) use follower::follow;
pub(crate) use hub::{Hub, watch};

use crate::{
    ApiState,
    cursor::FeedPlace,
    problem::{FieldError, Problem, codes},
};

/// How the feed is followed.
#[derive(Clone, Copy, Debug)]
pub struct FeedOptions {
    /// Open streams of the process.
    pub max_streams: usize,
    /// Open streams of one tenant.
    pub max_streams_per_tenant: usize,
    /// How often the process looks for new events, for all its streams together.
    pub poll_interval: Duration,
    /// After how much silence a stream says that it lives.
    pub heartbeat: Duration,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            max_streams: 500,
            max_streams_per_tenant: 50,
            poll_interval: Duration::from_millis(500),
            heartbeat: Duration::from_secs(15),
        }
    }
}

/// Where a reader begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With the oldest event that is kept.
    Oldest,
    /// With what happens from now on.
    Latest,
    /// After a cursor.
    After(String),
}

impl Start {
    /// What a reader said.
    pub(crate) fn of(text: String) -> Self {
        match text.as_str() {
            "oldest" => Self::Oldest,
            "latest" => Self::Latest,
            _ => Self::After(text),
        }
    }
}

/// The place a reader begins at.
pub(crate) async fn begin(
    state: &ApiState,
    tenant: TenantId,
    start: &Start,
    parameter: &str,
) -> Result<FeedPlace, Problem> {
    if let Start::After(cursor) = start {
        return state
            .cursor_key()
            .open_feed(tenant, cursor)
            .ok_or_else(|| changed(parameter));
    }
    let feed = current_feed(state, tenant).await?;
    let position = match start {
        Start::Latest => {
            let mut tx = state.store().tenant(tenant).await?;
            let end = tx.end_of_events().await?;
            tx.commit().await?;
            end
        }
        _ => feed.purged.unwrap_or(Position::START),
    };
    Ok(FeedPlace {
        feed: feed.id,
        position,
    })
}

fn changed(parameter: &str) -> Problem {
    let detail = "the cursor was changed, or was not made for this tenant's events";
    Problem::new(codes::INVALID_CURSOR, detail).with_error(FieldError::query(
        parameter,
        "invalid_cursor",
        detail,
    ))
}

/// What follows a place. Fails when the feed cannot tell all of it any more.
pub(crate) async fn read(
    state: &ApiState,
    tenant: TenantId,
    place: FeedPlace,
    filter: &EventFilter,
    limit: i64,
) -> Result<EventPage, Problem> {
    let mut tx = state.store().tenant(tenant).await?;
    let page = tx.read_events(place.position, filter, limit).await?;
    // Looked at afterwards: what was deleted before the page was read is known by now.
    let feed = tx.event_feed().await?;
    tx.commit().await?;
    let feed = match feed {
        Some(feed) => feed,
        None => current_feed(state, tenant).await?,
    };
    if feed.id != place.feed || page.ahead {
        return Err(Problem::new(
            codes::FEED_RESTARTED,
            "the position was given by another database than the one that is read now",
        ));
    }
    if feed.purged.is_some_and(|purged| purged > place.position) {
        return Err(Problem::new(
            codes::EVENTS_EXPIRED,
            "events after this position were deleted for their age",
        ));
    }
    Ok(page)
}

/// The tenant's feed, taken over first where the database is not the one it was.
async fn current_feed(state: &ApiState, tenant: TenantId) -> Result<Feed, Problem> {
    let mut tx = state.store().tenant(tenant).await?;
    let known = tx.event_feed().await?;
    tx.commit().await?;
    if let Some(feed) = known {
        return Ok(feed);
    }
    let store = state.store().clone();
    // In a task of its own, since it may take longer than its caller stays.
    let adopted = state
        .tasks()
        .spawn(async move { store.adopt_events(tenant).await })
        .await;
    match adopted {
        Ok(done) => done?,
        Err(_ended) => return Err(unready()),
    }
    let mut tx = state.store().tenant(tenant).await?;
    let feed = tx.event_feed().await?;
    tx.commit().await?;
    feed.ok_or_else(unready)
}

fn unready() -> Problem {
    Problem::new(codes::UNAVAILABLE, "the feed is not ready yet")
        .with_retry_after(Duration::from_secs(1))
}
