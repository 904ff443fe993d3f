//! The parts and the items of batches.

use std::collections::BTreeMap;

use callweave_model::{CallId, ConnectionId, JobId, Timestamp, job::ItemState, job::JobError};
use serde_json::Value;
use uuid::Uuid;

use super::row::{read, write};
use crate::{Result, TenantTx, convert};

/// A part of a batch: what one request to the vendor carries.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Its place, from 0.
    pub number: i32,
    /// Where it stands, in the words of its items.
    pub state: ItemState,
    /// How many items it has.
    pub items: i32,
    /// The vendor's id of the group of dialogs.
    pub batch: Option<String>,
    /// The vendor's id of the task that takes them in.
    pub task: Option<String>,
    /// What went wrong with all of it.
    pub error: Option<JobError>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// How often it was looked for since it is in this state.
    pub looks: i32,
}

/// An item to be stored.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// Its place, from 0.
    pub number: i32,
    /// Its part.
    pub chunk: i32,
    /// What is sent.
    pub sealed_input: Vec<u8>,
}

/// One dialog of a batch.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its place, from 0.
    pub number: i32,
    /// Its part.
    pub chunk: i32,
    /// Where it stands.
    pub state: ItemState,
    /// What is sent; gone once it is needed no more.
    pub sealed_input: Option<Vec<u8>>,
    /// What is said about it.
    pub message: Option<String>,
    /// The vendor's record: its kind and id.
    pub record: Option<(String, String)>,
    /// The call.
    pub call_id: Option<CallId>,
}

/// What became of an item.
#[derive(Clone, Debug)]
pub struct ItemNews {
    /// Which item.
    pub number: i32,
    /// Where it stands now.
    pub state: ItemState,
    /// What is said about it.
    pub message: Option<String>,
    /// The vendor's record: its kind and id.
    pub record: Option<(String, String)>,
    /// The call.
    pub call_id: Option<CallId>,
}

/// Which items of a batch are listed.
#[derive(Clone, Debug, Default)]
pub struct ItemPage {
    /// In one of these states.
    pub states: Vec<String>,
    /// Of this part.
    pub chunk: Option<i32>,
    /// Only after this one.
    pub after: Option<i32>,
    /// At most so many.
    pub limit: i64,
}

/// How many items are in which state.
pub type ItemCounts = BTreeMap<ItemState, i64>;

#[derive(sqlx::FromRow)]
struct ChunkRow {
    number: i32,
    state: String,
    items: i32,
    batch: Option<String>,
    task: Option<String>,
    error: Option<Value>,
    sent_at: Option<convert::DbTime>,
    looks: i32,
}

#[derive(sqlx::FromRow)]
struct ItemRow {
    number: i32,
    chunk: i32,
    state: String,
    sealed_input: Option<Vec<u8>>,
    message: Option<String>,
    record_kind: Option<String>,
    record_id: Option<String>,
    call_id: Option<Uuid>,
}

impl From<ItemRow> for Item {
    fn from(row: ItemRow) -> Self {
        Self {
            number: row.number,
            chunk: row.chunk,
            state: ItemState::from_word(&row.state),
            sealed_input: row.sealed_input,
            message: row.message,
            record: row.record_kind.zip(row.record_id),
            call_id: row.call_id.map(CallId),
        }
    }
}

impl TenantTx {
    /// Stores the items of a new batch, and its parts.
    pub async fn insert_items(&mut self, job: JobId, items: &[NewItem]) -> Result<()> {
        let numbers: Vec<i32> = items.iter().map(|item| item.number).collect();
        let chunks: Vec<i32> = items.iter().map(|item| item.chunk).collect();
        let inputs: Vec<&[u8]> = items
            .iter()
            .map(|item| item.sealed_input.as_slice())
            .collect();
        sqlx::query(
            "INSERT INTO job_items (tenant_id, job_id, number, chunk, state, sealed_input) \
             SELECT $1, $2, number, chunk, 'accepted', input \
             FROM UNNEST($3::int[], $4::int[], $5::bytea[]) AS new (number, chunk, input)",
        )
        .bind(self.tenant().0)
        .bind(job.0)
        .bind(numbers)
        .bind(chunks)
        .bind(inputs)
        .execute(self.executor())
        .await?;
        sqlx::query(
            "INSERT INTO job_chunks (tenant_id, job_id, number, state, items) \
             SELECT $1, $2, chunk, 'accepted', count(*) FROM job_items \
             WHERE tenant_id = $1 AND job_id = $2 GROUP BY chunk",
        )
        .bind(self.tenant().0)
        .bind(job.0)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// The parts of a batch, in their order.
    pub async fn list_chunks(&mut self, job: JobId) -> Result<Vec<Chunk>> {
        let rows: Vec<ChunkRow> = sqlx::query_as(
            "SELECT number, state, items, batch, task, error, sent_at, looks FROM job_chunks \
             WHERE tenant_id = $1 AND job_id = $2 ORDER BY number",
        )
        .bind(self.tenant().0)
        .bind(job.0)
        .fetch_all(self.executor())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Chunk {
                    number: row.number,
                    state: ItemState::from_word(&row.state),
                    items: row.items,
                    batch: row.batch,
                    task: row.task,
                    error: row.error.map(read).transpose()?,
                    sent_at: convert::model_option(row.sent_at),
                    looks: row.looks,
                })
            })
            .collect()
    }

    /// Writes a part; in a transaction that holds the job's lease.
    pub async fn save_chunk(&mut self, job: JobId, chunk: &Chunk) -> Result<()> {
        sqlx::query(
            "UPDATE job_chunks SET state = $4, batch = $5, task = $6, error = $7, sent_at = $8, \
                 looks = $9 \
             WHERE tenant_id = $1 AND job_id = $2 AND number = $3",
        )
        .bind(self.tenant().0)
        .bind(job.0)
        .bind(chunk.number)
        .bind(chunk.state.as_str())
        .bind(chunk.batch.as_deref().map(convert::text))
        .bind(chunk.task.as_deref().map(convert::text))
        .bind(chunk.error.as_ref().map(write).transpose()?)
        .bind(convert::db_option(chunk.sent_at))
        .bind(chunk.looks)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Items of a batch, in the order in which they were given.
    pub async fn list_items(&mut self, job: JobId, page: &ItemPage) -> Result<Vec<Item>> {
        let rows: Vec<ItemRow> = sqlx::query_as(
            "SELECT number, chunk, state, sealed_input, message, record_kind, record_id, call_id \
             FROM job_items WHERE tenant_id = $1 AND job_id = $2 AND number > $3 \
                 AND (cardinality($4::text[]) = 0 OR state = ANY($4)) \
                 AND ($5::int IS NULL OR chunk = $5) \
             ORDER BY number LIMIT $6",
        )
        .bind(self.tenant().0)
        .bind(job.0)
        .bind(page.after.unwrap_or(-1))
        .bind(&page.states)
        .bind(page.chunk)
        .bind(page.limit)
        .fetch_all(self.executor())
        .await?;
        Ok(rows.into_iter().map(Item::from).collect())
    }

    /// How many items of batches are in which state.
    pub async fn count_items(&mut self, jobs: &[JobId]) -> Result<BTreeMap<JobId, ItemCounts>> {
        let ids: Vec<Uuid> = jobs.iter().map(|id| id.0).collect();
        let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(
            "SELECT job_id, state, count(*) FROM job_items \
             WHERE tenant_id = $1 AND job_id = ANY($2) GROUP BY job_id, state",
        )
        .bind(self.tenant().0)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        let mut counts: BTreeMap<JobId, ItemCounts> = BTreeMap::new();
        for (job, state, count) in rows {
            let of_job = counts.entry(JobId(job)).or_default();
            of_job.insert(ItemState::from_word(&state), count);
        }
        Ok(counts)
    }

    /// Moves all items of a part that are in one state into another.
    pub async fn move_items(
        &mut self,
        job: JobId,
        chunk: Option<i32>,
        from: ItemState,
        to: ItemState,
        message: Option<&str>,
    ) -> Result<u64> {
        let moved = sqlx::query(
            "UPDATE job_items SET state = $5, message = COALESCE($6, message) \
             WHERE tenant_id = $1 AND job_id = $2 AND ($3::int IS NULL OR chunk = $3) \
                 AND state = $4",
        )
        .bind(self.tenant().0)
        .bind(job.0)
        .bind(chunk)
        .bind(from.as_str())
        .bind(to.as_str())
        .bind(message)
        .execute(self.executor())
        .await?;
        Ok(moved.rows_affected())
    }

    /// Writes what became of items.
    pub async fn save_item_news(&mut self, job: JobId, news: &[ItemNews]) -> Result<()> {
        let numbers: Vec<i32> = news.iter().map(|item| item.number).collect();
        let states: Vec<&str> = news.iter().map(|item| item.state.as_str()).collect();
        let messages: Vec<Option<String>> = news
            .iter()
            .map(|item| item.message.as_deref().map(convert::text))
            .collect();
        let part = |of: fn(&(String, String)) -> &String| -> Vec<Option<String>> {
            news.iter()
                .map(|item| item.record.as_ref().map(|record| convert::text(of(record))))
                .collect()
        };
        let calls: Vec<Option<Uuid>> = news
            .iter()
            .map(|item| item.call_id.map(|id| id.0))
            .collect();
        sqlx::query(
            "UPDATE job_items AS item SET state = new.state, message = new.message, \
                 record_kind = COALESCE(new.kind, item.record_kind), \
                 record_id = COALESCE(new.id, item.record_id), \
                 call_id = COALESCE(new.call, item.call_id) \
             FROM UNNEST($3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[]) \
                 AS new (number, state, message, kind, id, call) \
             WHERE item.tenant_id = $1 AND item.job_id = $2 AND item.number = new.number",
        )
        .bind(self.tenant().0)
        .bind(job.0)
        .bind(numbers)
        .bind(states)
        .bind(messages)
        .bind(part(|record| &record.0))
        .bind(part(|record| &record.1))
        .bind(calls)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Ends items whose call has its outcome, or whose record will not get one; returns how many.
    pub async fn settle_items(&mut self, job: JobId, connection: ConnectionId) -> Result<u64> {
        let settled = sqlx::query(include_str!("../../sql/settle_items.sql"))
            .bind(self.tenant().0)
            .bind(job.0)
            .bind(connection.0)
            .execute(self.executor())
            .await?;
        Ok(settled.rows_affected())
    }

    /// Makes the records of items due that the vendor has news of, where they are not due already;
    /// returns how many.
    pub async fn want_items(
        &mut self,
        job: JobId,
        connection: ConnectionId,
        records: &[(String, String)],
        now: Timestamp,
    ) -> Result<u64> {
        let (kinds, ids): (Vec<String>, Vec<String>) = records.iter().cloned().unzip();
        let wanted = sqlx::query(
            "UPDATE records AS record SET due_at = $6 FROM job_items AS item \
             WHERE item.tenant_id = $1 AND item.job_id = $2 AND item.state = 'submitted' \
                 AND record.tenant_id = $1 AND record.connection_id = $3 \
                 AND record.kind = item.record_kind AND record.remote_id = item.record_id \
                 AND record.due_at IS NULL \
                 AND (record.kind, record.remote_id) IN (SELECT * FROM UNNEST($4::text[], $5::text[]))",
        )
        .bind(self.tenant().0)
        .bind(job.0)
        .bind(connection.0)
        .bind(kinds)
        .bind(ids)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(wanted.rows_affected())
    }

    /// Forgets what was to be sent of items that will not be sent again.
    pub async fn forget_item_inputs(&mut self, job: JobId) -> Result<()> {
        sqlx::query(
            "UPDATE job_items SET sealed_input = NULL \
             WHERE tenant_id = $1 AND job_id = $2 AND sealed_input IS NOT NULL \
                 AND state IN ('submitted', 'completed', 'canceled', 'expired')",
        )
        .bind(self.tenant().0)
        .bind(job.0)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
