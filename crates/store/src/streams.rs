//! The streams of a connection, and where the two walks over each of them stand.

use callweave_model::{ConnectionId, Timestamp};
use serde_json::Value;

use crate::{Result, TenantTx, convert};

/// A walk over one stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WalkState {
    /// When it began; `None` when none is under way.
    pub started_at: Option<Timestamp>,
    /// Where it stands; `None` at its very beginning.
    pub cursor: Option<Value>,
    /// Ends without proof in a row.
    pub unproved: i32,
    /// Runs in a row in which its cursor led nowhere.
    pub refused: i32,
}

impl WalkState {
    /// A walk is under way.
    pub const fn is_under_way(&self) -> bool {
        self.started_at.is_some()
    }
}

/// A stream and where its walks stand. The incremental walk and the full one have a cursor each:
/// new calls keep arriving while a long sweep goes on.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The vendor's name of the stream.
    pub stream: String,
    /// Where the next incremental walk begins; moves only after a proved one.
    pub resume: Option<Value>,
    /// The walk over what is new.
    pub incremental: WalkState,
    /// The walk over everything.
    pub full: WalkState,
    /// The number of the last full walk that ended.
    pub full_number: i64,
    /// The end of the last proved walk.
    pub synced_at: Option<Timestamp>,
    /// The start of the last proved walk.
    pub fresh_as_of: Option<Timestamp>,
    /// How many records the vendor says there are.
    pub total_hint: Option<i64>,
    /// Since when its pages do not fit together.
    pub broken_since: Option<Timestamp>,
    /// The problem code that its last walk ended with.
    pub trouble: Option<String>,
    /// When that was.
    pub trouble_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    stream: String,
    resume: Option<Value>,
    walk_cursor: Option<Value>,
    walk_started_at: Option<convert::DbTime>,
    unproved: i32,
    refused: i32,
    full_cursor: Option<Value>,
    full_started_at: Option<convert::DbTime>,
    full_unproved: i32,
    full_refused: i32,
    walk_number: i64,
    synced_at: Option<convert::DbTime>,
    fresh_as_of: Option<convert::DbTime>,
    total_hint: Option<i64>,
    broken_since: Option<convert::DbTime>,
    trouble: Option<String>,
    trouble_at: Option<convert::DbTime>,
}

impl From<Row> for Stream {
    fn from(row: Row) -> Self {
        Self {
            stream: row.stream,
            resume: row.resume,
            incremental: WalkState {
                started_at: convert::model_option(row.walk_started_at),
                cursor: row.walk_cursor,
                unproved: row.unproved,
                refused: row.refused,
            },
            full: WalkState {
                started_at: convert::model_option(row.full_started_at),
                cursor: row.full_cursor,
                unproved: row.full_unproved,
                refused: row.full_refused,
            },
            full_number: row.walk_number,
            synced_at: convert::model_option(row.synced_at),
            fresh_as_of: convert::model_option(row.fresh_as_of),
            total_hint: row.total_hint,
            broken_since: convert::model_option(row.broken_since),
            trouble: row.trouble,
            trouble_at: convert::model_option(row.trouble_at),
        }
    }
}

impl TenantTx {
    /// The streams of a connection.
    pub async fn list_streams(&mut self, connection: ConnectionId) -> Result<Vec<Stream>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT stream, resume, walk_cursor, walk_started_at, unproved, refused, full_cursor, \
                 full_started_at, full_unproved, full_refused, walk_number, synced_at, fresh_as_of, \
                 total_hint, broken_since, trouble, trouble_at \
             FROM sync_streams WHERE tenant_id = $1 AND connection_id = $2 ORDER BY stream",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_all(self.executor())
        .await?;
        Ok(rows.into_iter().map(Stream::from).collect())
    }

    /// Writes a stream; part of the transaction of the page it moves over.
    pub async fn save_stream(&mut self, connection: ConnectionId, stream: &Stream) -> Result<()> {
        sqlx::query(include_str!("../sql/save_stream.sql"))
            .bind(self.tenant().0)
            .bind(connection.0)
            .bind(convert::text(&stream.stream))
            .bind(stream.resume.as_ref().map(convert::json))
            .bind(stream.incremental.cursor.as_ref().map(convert::json))
            .bind(convert::db_option(stream.incremental.started_at))
            .bind(stream.incremental.unproved)
            .bind(stream.incremental.refused)
            .bind(stream.full.cursor.as_ref().map(convert::json))
            .bind(convert::db_option(stream.full.started_at))
            .bind(stream.full.unproved)
            .bind(stream.full.refused)
            .bind(stream.full_number)
            .bind(convert::db_option(stream.synced_at))
            .bind(convert::db_option(stream.fresh_as_of))
            .bind(stream.total_hint)
            .bind(convert::db_option(stream.broken_since))
            .bind(&stream.trouble)
            .bind(convert::db_option(stream.trouble_at))
            .execute(self.executor())
            .await?;
        Ok(())
    }

    /// Notes the problem that a stream's walk ended with; the walk stays where it stands.
    pub async fn note_stream_trouble(
        &mut self,
        connection: ConnectionId,
        stream: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO sync_streams (tenant_id, connection_id, stream, trouble, trouble_at) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (tenant_id, connection_id, stream) DO UPDATE SET \
                 trouble = EXCLUDED.trouble, trouble_at = EXCLUDED.trouble_at",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::text(stream))
        .bind(code)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
