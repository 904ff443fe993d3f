//! Events: ids and states, never text, phones or names.

use std::collections::BTreeMap;

use callweave_model::{ConnectionId, Timestamp};
use callweave_store::events::StoredEvent;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventDocument {
    /// The same however often the event is read or delivered.
    id: Uuid,
    /// What happened: `call.created`, `call.updated`, `call.deleted`, `call.restored`,
    /// `transcript.ready`, `analysis.ready`, `media.ready`, `job.*`, `connection.*`, `sync.*`,
    /// `usage.threshold` and others.
    #[serde(rename = "type")]
    #[schema(example = "call.updated")]
    event_type: String,
    /// When it happened.
    at: Timestamp,
    /// The connection it belongs to.
    connection_id: Option<ConnectionId>,
    /// The thing it speaks of.
    subject: Option<EventSubject>,
    /// Ids, states, and the names of members that changed; never what they hold.
    #[schema(value_type = Object)]
    data: Value,
    /// Where to read on.
    links: BTreeMap<&'static str, String>,
}

/// The thing an event speaks of.
#[derive(Debug, Serialize, ToSchema)]
struct EventSubject {
    /// `call`, `connection` and the like.
    #[serde(rename = "type")]
    #[schema(example = "call")]
    kind: String,
    /// Its id.
    id: Uuid,
}

/// Server-Sent Events, a message for each event: `id` is a cursor of the feed, `event` the type, `data` an
/// `EventDocument`. It is a text without an end, which no schema describes.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "documents the stream; it is written line by line")]
pub(crate) struct EventMessages(Value);

/// A stretch of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventList {
    /// The events, in the order in which their transactions began.
    pub(crate) data: Vec<EventDocument>,
    /// What to ask for next, as `after`: everything up to here was read. Always there, since the
    /// feed has no end.
    #[schema(pattern = "^[A-Za-z0-9_-]{66}$")]
    pub(crate) next_cursor: String,
    /// There is more to be read right now.
    pub(crate) has_more: bool,
}

impl From<&StoredEvent> for EventDocument {
    fn from(event: &StoredEvent) -> Self {
        let family = event.event_type.split('.').next().unwrap_or_default();
        let kind = match family {
            "transcript" | "analysis" | "media" => "call",
            "sync" | "usage" => "connection",
            other => other,
        };
        let mut links = BTreeMap::new();
        if let Some(connection) = event.connection {
            links.insert("connection", format!("/v1/connections/{connection}"));
        }
        if let Some(subject) = event.subject.filter(|_| kind == "job") {
            links.insert("job", format!("/v1/jobs/{subject}"));
        }
        if let Some(subject) = event.subject.filter(|_| kind == "call") {
            let call = format!("/v1/calls/{subject}");
            match family {
                "transcript" => links.insert("transcript", format!("{call}/transcript")),
                "analysis" => links.insert("analyses", format!("{call}/analyses")),
                "media" => links.insert("media", format!("{call}/media")),
                _ => None,
            };
            links.insert("call", call);
        }
        Self {
            id: event.id,
            event_type: event.event_type.clone(),
            at: event.at,
            connection_id: event.connection,
            subject: event.subject.map(|id| EventSubject {
                kind: kind.to_owned(),
                id,
            }),
            data: event.data.clone(),
            links,
        }
    }
}
