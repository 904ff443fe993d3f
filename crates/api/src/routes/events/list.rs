//! `GET /v1/events`.

use axum::{extract::State, response::Response};
use callweave_store::events::EventFilter;

use crate::{
    ApiState,
    cursor::FeedPlace,
    extract::{
        ApiQuery, Authorized,
        query::{FromQuery, Kind, LIMIT, Param, Query, document_query},
    },
    feed::{self, Start},
    problem::{BadQuery, Gone, Problem, Secured},
    respond,
    scope::EventsRead,
    wire::event::{EventDocument, EventList},
};

use super::{CONNECTION, TYPE, filter};

/// Which events are read, and from where on.
#[derive(Debug)]
pub(crate) struct EventsQuery {
    start: Start,
    filter: EventFilter,
    limit: i64,
}

impl FromQuery for EventsQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "after",
            Kind::Position,
            "Where to go on: the `next_cursor` of the page before, whatever its filters were. Or \
             `oldest` (the default): the oldest event that is kept. Or `latest`: what happens from \
             now on.",
        ),
        LIMIT,
        TYPE,
        CONNECTION,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            start: query.text("after").map_or(Start::Oldest, Start::of),
            filter: filter(query),
            limit: query.limit(),
        })
    }
}
document_query!(EventsQuery);

/// Reads the feed of events.
///
/// Complete and in order: whoever reads on with each page's `next_cursor` meets every event once.
/// An event shows up as soon as no older transaction is open any more, usually within a second. A
/// position that is too old, or was given by a database that has been replaced, answers 410.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "events",
    params(EventsQuery),
    responses((status = 200, description = "The events that follow.", body = EventList), Secured, BadQuery, Gone),
    security(("bearer" = ["events:read"])),
)]
pub(crate) async fn list_events(
    authorized: Authorized<EventsRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<EventsQuery>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let place = feed::begin(&state, tenant, &query.start, "after").await?;
    let page = feed::read(&state, tenant, place, &query.filter, query.limit).await?;
    let next = FeedPlace {
        position: page.next,
        ..place
    };
    respond::ok(&EventList {
        data: page.events.iter().map(EventDocument::from).collect(),
        next_cursor: state.cursor_key().seal_feed(tenant, next),
        has_more: page.more,
    })
}
