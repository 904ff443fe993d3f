//! Reading the outbox: complete, in order, and honest about what a reader has missed.
//!
//! The order is that of the transactions, `(xid, id)`. A reader stays below the oldest transaction
//! that is still open, so that nothing can appear behind its back.

use std::time::Duration;

use callweave_model::{ConnectionId, TenantId, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::{Result, Store, StoreError, SystemTx, TenantTx, convert};

/// How many events one statement looks at where a filter may pass most of them over.
const SCAN: i64 = 10_000;

/// Events that one purge deletes at most.
const PURGE: i64 = 5_000;

/// How long the events of a restored database may take to be numbered anew.
const ADOPTION: Duration = Duration::from_mins(10);

/// Names the database and its history: another one after a restore, a fail-over, a copy.
pub(crate) const ORIGIN: &str = "(SELECT concat_ws('/', control.system_identifier, \
     substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), base.oid, 'events'::regclass::oid) \
     FROM pg_control_system() AS control, pg_database AS base \
     WHERE base.datname = current_database())";

/// A place in the feed: everything up to it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The transaction.
    pub xid: u64,
    /// The event within it.
    pub id: i64,
}

impl Position {
    /// Before everything.
    pub const START: Self = Self { xid: 0, id: 0 };

    /// After everything below a transaction.
    const fn below(xid: u64) -> Self {
        match xid.checked_sub(1) {
            Some(xid) => Self { xid, id: i64::MAX },
            None => Self::START,
        }
    }
}

/// A tenant's feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Another one whenever the database is not the one it was; positions belong to it.
    pub id: Uuid,
    /// Up to here events were deleted for their age.
    pub purged: Option<Position>,
}

/// Which events are read; every member that is given narrows it.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of one of these types.
    pub types: Vec<String>,
    /// Or whose type begins with one of these words, up to the dot.
    pub families: Vec<String>,
    /// Of one of these connections.
    pub connections: Vec<Uuid>,
}

impl EventFilter {
    fn is_open(&self) -> bool {
        self.types.is_empty() && self.families.is_empty() && self.connections.is_empty()
    }

    /// Whether an event is among those.
    pub fn admits(&self, event: &StoredEvent) -> bool {
        let family = event.event_type.split('.').next().unwrap_or_default();
        let of_type = (self.types.is_empty() && self.families.is_empty())
            || self.types.contains(&event.event_type)
            || self.families.iter().any(|word| word == family);
        let of_connection = self.connections.is_empty()
            || event
                .connection
                .is_some_and(|id| self.connections.contains(&id.0));
        of_type && of_connection
    }
}

/// An event as it is stored.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// The same however often it is read or sent.
    pub id: Uuid,
    /// Its place in the feed.
    pub position: Position,
    /// `call.created`, `connection.state_changed` and the like.
    pub event_type: String,
    /// When it happened.
    pub at: Timestamp,
    /// The connection it belongs to.
    pub connection: Option<ConnectionId>,
    /// The thing it speaks of.
    pub subject: Option<Uuid>,
    /// Ids and states, never text.
    pub data: Value,
}

/// A stretch of the feed.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events that were asked for, in order.
    pub events: Vec<StoredEvent>,
    /// Everything up to here was read.
    pub next: Position,
    /// There is more to be read right now.
    pub more: bool,
    /// It was asked for what comes after a transaction that this database has yet to see: the
    /// position is another one's.
    pub ahead: bool,
}

/// How far the events of all tenants have come, to tell whether there may be new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventMark {
    /// The last number that was given to an event.
    pub last: i64,
    /// Every transaction before this one has ended.
    pub ended: u64,
    /// The next transaction.
    pub next: u64,
}

#[derive(sqlx::FromRow)]
struct Row {
    horizon: String,
    scanned: i64,
    last_xid: Option<String>,
    last_id: Option<i64>,
    xid: Option<String>,
    id: Option<i64>,
    r#type: Option<String>,
    at: Option<convert::DbTime>,
    connection_id: Option<Uuid>,
    subject_id: Option<Uuid>,
    data: Option<Value>,
}

impl Row {
    /// The event of the row; `None` in the row that only tells how far the statement looked.
    fn into_event(self, tenant: TenantId) -> Result<Option<StoredEvent>> {
        let (Some(xid), Some(id), Some(event_type), Some(at)) =
            (self.xid, self.id, self.r#type, self.at)
        else {
            return Ok(None);
        };
        let at = convert::model(at);
        // Numbers are given again after a restore, and then at another time.
        let name = format!("event\u{1f}{id}\u{1f}{}", at.as_millis());
        Ok(Some(StoredEvent {
            id: Uuid::new_v5(&tenant.0, name.as_bytes()),
            position: Position {
                xid: transaction(&xid)?,
                id,
            },
            event_type,
            at,
            connection: self.connection_id.map(ConnectionId),
            subject: self.subject_id,
            data: self.data.unwrap_or(Value::Null),
        }))
    }
}

fn transaction(text: &str) -> Result<u64> {
    text.parse()
        .map_err(|error| StoreError::inconsistent("events", error))
}

type FeedRow = (Uuid, Option<String>, String, Option<String>, Option<i64>);

impl TenantTx {
    /// The tenant's feed; `None` when the database is not the one that the feed was numbered in:
    /// then [`Store::adopt_events`] comes first.
    pub async fn event_feed(&mut self) -> Result<Option<Feed>> {
        let row: FeedRow = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT feed_id, feed_origin, {ORIGIN}, feed_purged_xid::text, feed_purged_id \
             FROM tenants WHERE tenant_id = $1"
        )))
        .bind(self.tenant().0)
        .fetch_one(self.executor())
        .await?;
        let (id, known, origin, xid, event) = row;
        if known != Some(origin) {
            return Ok(None);
        }
        let purged = match (xid, event) {
            (Some(xid), Some(event)) => Some(Position {
                xid: transaction(&xid)?,
                id: event,
            }),
            _ => None,
        };
        Ok(Some(Feed { id, purged }))
    }

    /// The events beyond a position, at most `limit`.
    pub async fn read_events(
        &mut self,
        after: Position,
        filter: &EventFilter,
        limit: i64,
    ) -> Result<EventPage> {
        let scan = if filter.is_open() {
            limit
        } else {
            SCAN.max(limit)
        };
        let by_type = !(filter.types.is_empty() && filter.families.is_empty());
        let rows: Vec<Row> = sqlx::query_as(include_str!("../../sql/read_events.sql"))
            .bind(self.tenant().0)
            .bind(after.xid.to_string())
            .bind(after.id)
            .bind(scan)
            .bind(by_type.then_some(&filter.types))
            .bind(&filter.families)
            .bind((!filter.connections.is_empty()).then_some(&filter.connections))
            .bind(limit)
            .fetch_all(self.executor())
            .await?;
        self.page(rows, after, scan, limit)
    }

    fn page(&self, rows: Vec<Row>, after: Position, scan: i64, limit: i64) -> Result<EventPage> {
        let first = rows.first().ok_or_else(|| {
            StoreError::inconsistent("events", "the statement told nothing of its reach")
        })?;
        let xmin = transaction(&first.horizon)?;
        let horizon = Position::below(xmin);
        let scanned_all = first.scanned < scan;
        let reach = match (&first.last_xid, first.last_id) {
            (Some(xid), Some(id)) => Position {
                xid: transaction(xid)?,
                id,
            },
            _ => after,
        };
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            events.extend(row.into_event(self.tenant())?);
        }
        let full = i64::try_from(events.len()).unwrap_or(i64::MAX) >= limit;
        let (next, more) = match events.last() {
            Some(last) if full && last.position < reach => (last.position, true),
            _ if scanned_all => (horizon.max(reach), false),
            _ => (reach, true),
        };
        Ok(EventPage {
            events,
            next,
            more,
            ahead: after.xid >= xmin,
        })
    }

    /// The end of the feed as it is now.
    pub async fn end_of_events(&mut self) -> Result<Position> {
        let horizon: String =
            sqlx::query_scalar("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
                .fetch_one(self.executor())
                .await?;
        Ok(Position::below(transaction(&horizon)?))
    }

    /// Deletes some of the events that happened before an instant; returns how many. Nobody needs
    /// to be asked again when it is none.
    pub async fn purge_events(&mut self, before: Timestamp) -> Result<u64> {
        let row: Option<(String, i64, i64)> =
            sqlx::query_as(include_str!("../../sql/purge_events.sql"))
                .bind(self.tenant().0)
                .bind(convert::db(before))
                .bind(PURGE)
                .fetch_optional(self.executor())
                .await?;
        let Some((xid, id, count)) = row else {
            return Ok(0);
        };
        sqlx::query(
            "UPDATE tenants SET feed_purged_xid = $2::text::xid8, feed_purged_id = $3 \
             WHERE tenant_id = $1",
        )
        .bind(self.tenant().0)
        .bind(xid)
        .bind(id)
        .execute(self.executor())
        .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

impl Store {
    /// Takes the events of a database over that is not the one they were written in: the feed gets
    /// another id, so that old positions are refused, and the numbers of foreign transactions,
    /// which would sort among our own, are forgotten.
    pub async fn adopt_events(&self, tenant: TenantId) -> Result<()> {
        let mut tx = self.tenant(tenant).await?;
        sqlx::query("SELECT set_config('statement_timeout', $1, true)")
            .bind(format!("{}s", ADOPTION.as_secs()))
            .execute(tx.executor())
            .await?;
        let moved = sqlx::query(sqlx::AssertSqlSafe(format!(
            "UPDATE tenants SET feed_id = gen_random_uuid(), feed_origin = {ORIGIN}, \
                 feed_purged_xid = NULL, feed_purged_id = NULL \
             WHERE tenant_id = $1 AND feed_origin IS DISTINCT FROM {ORIGIN}"
        )))
        .bind(tenant.0)
        .execute(tx.executor())
        .await?;
        if moved.rows_affected() == 1 {
            sqlx::query(
                "UPDATE events SET xid = '0'::xid8 WHERE tenant_id = $1 AND xid <> '0'::xid8",
            )
            .bind(tenant.0)
            .execute(tx.executor())
            .await?;
        }
        tx.commit().await
    }
}

impl SystemTx {
    /// How far the events of all tenants have come.
    pub async fn event_mark(&mut self) -> Result<EventMark> {
        let (last, ended, next): (i64, String, String) = sqlx::query_as(
            "SELECT last_value, pg_snapshot_xmin(snapshot)::text, pg_snapshot_xmax(snapshot)::text \
             FROM events_id_seq, pg_current_snapshot() AS snapshot",
        )
        .fetch_one(self.executor())
        .await?;
        Ok(EventMark {
            last,
            ended: transaction(&ended)?,
            next: transaction(&next)?,
        })
    }
}
