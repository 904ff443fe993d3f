//! Events as streams send them.

use bytes::Bytes;
use callweave_model::TenantId;
use callweave_store::events::StoredEvent;
use uuid::Uuid;

use crate::{
    cursor::{CursorKey, FeedPlace},
    wire::event::EventDocument,
};

/// How many milliseconds a client should wait before it connects again, at least.
const RETRY: u64 = 1_000;
/// And how many more at most, so that all streams of a process that ends do not return at once.
const RETRY_SPREAD: u64 = 2_000;

/// An event, ready to be sent to every stream that wants it.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) event: StoredEvent,
    pub(super) bytes: Bytes,
}

impl Frame {
    pub(super) fn of(key: &CursorKey, tenant: TenantId, feed: Uuid, event: StoredEvent) -> Self {
        let place = FeedPlace {
            feed,
            position: event.position,
        };
        let cursor = key.seal_feed(tenant, place);
        // JSON holds no line break, so one line is enough. Writing it cannot fail: it is made of
        // texts and numbers.
        let document = serde_json::to_string(&EventDocument::from(&event)).unwrap_or_default();
        let text = format!(
            "id: {cursor}\nevent: {}\ndata: {document}\n\n",
            event.event_type
        );
        Self {
            bytes: Bytes::from(text),
            event,
        }
    }
}

/// The first words of a stream: where it begins, and when to come back.
pub(super) fn greeting(cursor: &str) -> Bytes {
    let retry = RETRY + rand::random::<u64>() % RETRY_SPREAD;
    Bytes::from(format!(": callweave\nretry: {retry}\nid: {cursor}\n\n"))
}

/// A sign of life, with the place that was reached: a client that returns need not read again what
/// its filter passed over.
pub(super) fn heartbeat(cursor: &str) -> Bytes {
    Bytes::from(format!(": alive\nid: {cursor}\n\n"))
}
