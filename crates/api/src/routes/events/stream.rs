//! `GET /v1/events/stream`.

use std::time::Duration;

use axum::{body::Body, extract::State, response::Response};
use callweave_store::events::EventFilter;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    ApiState,
    extract::{
        ApiQuery, Authorized,
        query::{FromQuery, Kind, Param, Query, document_query},
    },
    feed::{self, Start},
    middleware::header_text,
    problem::{BadQuery, Gone, Problem, Secured, codes},
    scope::EventsRead,
    wire::event::EventMessages,
};

use super::{CONNECTION, TYPE, filter};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies that read it do not hold a stream back.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// When a client may come back that finds the process on its way out.
const RETURN: Duration = Duration::from_secs(2);

/// Which events are streamed, and from where on.
#[derive(Debug)]
pub(crate) struct StreamQuery {
    after: Option<String>,
    filter: EventFilter,
}

impl FromQuery for StreamQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "after",
            Kind::Position,
            "Where to begin: a cursor of the feed, `oldest`, or `latest` (the default). \
             `Last-Event-ID` goes before it.",
        ),
        TYPE,
        CONNECTION,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            after: query.text("after"),
            filter: filter(query),
        })
    }
}
document_query!(StreamQuery);

/// Streams the feed of events.
///
/// Server-Sent Events: `id` is a cursor of the feed, `event` the type, `data` the same document as
/// in `GET /v1/events`. A client that comes back with `Last-Event-ID` misses nothing and hears
/// nothing twice. Comments show that a silent stream lives, and carry the position that was
/// reached. The stream ends when the gateway shuts down or the key is revoked.
#[utoipa::path(
    get,
    path = "/v1/events/stream",
    tag = "events",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` that was heard last.", pattern = "^[A-Za-z0-9_-]{66}$"),
        StreamQuery,
    ),
    responses((status = 200, description = "The events, as they happen.", body = EventMessages, content_type = "text/event-stream"), Secured, BadQuery, Gone),
    security(("bearer" = ["events:read"])),
)]
pub(crate) async fn stream_events(
    authorized: Authorized<EventsRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if state.is_draining() {
        let detail = "the gateway is shutting down";
        return Err(Problem::new(codes::UNAVAILABLE, detail).with_retry_after(RETURN));
    }
    let tenant = authorized.caller.tenant;
    let heard = header_text(&headers, LAST_EVENT_ID).filter(|id| !id.is_empty());
    let (start, parameter) = match heard {
        Some(id) => (Start::After(id.to_owned()), "Last-Event-ID"),
        None => (query.after.map_or(Start::Latest, Start::of), "after"),
    };
    let place = feed::begin(&state, tenant, &start, parameter).await?;
    // A client that can never go on from here is told now, as a stream cannot tell it.
    feed::read(&state, tenant, place, &query.filter, 1).await?;
    let account = state.limiter().account(state.store(), tenant).await;
    let limit = account.streams();
    let events = feed::follow(state, authorized.caller, place, query.filter, limit)?;
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (BUFFERING, "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
