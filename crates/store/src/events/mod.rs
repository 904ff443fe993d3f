//! The outbox: what happened, written in the transaction in which it happened.

mod feed;

use callweave_model::{ConnectionId, Timestamp};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use feed::ORIGIN;
pub use feed::{EventFilter, EventMark, EventPage, Feed, Position, StoredEvent};

use crate::{Result, TenantTx, convert};

/// Something that happened. Holds ids and states, never text, phones or names.
#[derive(Clone, Debug)]
pub struct Event {
    /// `call.created`, `connection.state_changed` and the like.
    pub event_type: &'static str,
    /// The connection it belongs to.
    pub connection: Option<ConnectionId>,
    /// The thing it speaks of.
    pub subject: Option<Uuid>,
    /// More about it.
    pub data: Value,
}

impl TenantTx {
    /// Writes events.
    pub async fn insert_events(&mut self, events: &[Event], now: Timestamp) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let types: Vec<&str> = events.iter().map(|event| event.event_type).collect();
        let connections: Vec<Option<Uuid>> = events
            .iter()
            .map(|event| event.connection.map(|id| id.0))
            .collect();
        let subjects: Vec<Option<Uuid>> = events.iter().map(|event| event.subject).collect();
        let data: Vec<Value> = events
            .iter()
            .map(|event| convert::json(&event.data))
            .collect();
        sqlx::query(
            "INSERT INTO events (tenant_id, type, at, connection_id, subject_id, data) \
             SELECT $1, type, $2, connection_id, subject_id, data \
             FROM UNNEST($3::text[], $4::uuid[], $5::uuid[], $6::jsonb[]) \
                 AS new (type, connection_id, subject_id, data)",
        )
        .bind(self.tenant().0)
        .bind(convert::db(now))
        .bind(types)
        .bind(connections)
        .bind(subjects)
        .bind(data)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
