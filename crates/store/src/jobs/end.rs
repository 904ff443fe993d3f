//! What becomes of jobs when a call is erased or a connection removed.

use callweave_model::{CallId, ConnectionId, Timestamp, job::JobState, job::JobType};
use serde_json::{Value, json};
use uuid::Uuid;

use super::event;
use crate::{Result, TenantTx, convert};

impl TenantTx {
    /// Erases what jobs hold of a call. One that was not sent is not sent any more.
    pub(crate) async fn erase_jobs_of(&mut self, call: CallId, now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE job_items SET sealed_input = NULL, message = NULL \
             WHERE tenant_id = $1 AND call_id = $2",
        )
        .bind(self.tenant().0)
        .bind(call.0)
        .execute(self.executor())
        .await?;
        self.erase_jobs(&[call], &[], now).await?;
        Ok(())
    }

    /// Erases what jobs hold of these calls, and what these jobs hold; returns how many they are.
    pub(crate) async fn erase_jobs(
        &mut self,
        calls: &[CallId],
        jobs: &[Uuid],
        now: Timestamp,
    ) -> Result<u64> {
        let calls: Vec<Uuid> = calls.iter().map(|id| id.0).collect();
        let ended: Vec<EndedRow> = sqlx::query_as(
            "UPDATE jobs SET sealed_input = NULL, error = error - 'vendor_message', modified_at = $3, \
                 state = CASE WHEN state = 'accepted' THEN 'canceled' ELSE state END, \
                 timeline = CASE WHEN state = 'accepted' THEN timeline || $4 ELSE timeline END \
             WHERE tenant_id = $1 AND (call_ids && $2 OR id = ANY($5)) \
             RETURNING id, connection_id, type, state, \
                 timeline @> $4 AS moved",
        )
        .bind(self.tenant().0)
        .bind(calls)
        .bind(convert::db(now))
        .bind(moment(JobState::Canceled, "the call was deleted here", now))
        .bind(jobs)
        .fetch_all(self.executor())
        .await?;
        let count = u64::try_from(ended.len()).unwrap_or(u64::MAX);
        self.tell_ends(ended, now).await?;
        Ok(count)
    }

    /// Ends the jobs of a connection that is removed: what was not sent is not sent any more, what
    /// the vendor has goes on there unseen.
    pub(crate) async fn end_jobs_of_connection(
        &mut self,
        connection: ConnectionId,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE job_items AS item SET sealed_input = NULL, \
                 state = CASE item.state WHEN 'accepted' THEN 'canceled' \
                     WHEN 'submitting' THEN 'outcome_unknown' \
                     WHEN 'submitted' THEN 'failed' ELSE item.state END \
             FROM jobs AS job \
             WHERE job.tenant_id = $1 AND job.connection_id = $2 AND item.tenant_id = $1 \
                 AND item.job_id = job.id",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .execute(self.executor())
        .await?;
        let gone = "the connection was removed";
        let ended: Vec<EndedRow> = sqlx::query_as(
            "UPDATE jobs AS job SET sealed_input = NULL, modified_at = $3, state = next.state, \
                 timeline = CASE WHEN next.state = job.state THEN job.timeline ELSE job.timeline || \
                     jsonb_build_array(jsonb_build_object('state', next.state, 'at', $4::text, \
                         'reason', $5::text)) END \
             FROM (SELECT id, state AS before, CASE state WHEN 'accepted' THEN 'canceled' \
                     WHEN 'submitting' THEN 'outcome_unknown' WHEN 'submitted' THEN 'failed' \
                     WHEN 'processing' THEN 'failed' ELSE state END AS state \
                 FROM jobs WHERE tenant_id = $1 AND connection_id = $2 FOR UPDATE) AS next \
             WHERE job.tenant_id = $1 AND job.id = next.id \
             RETURNING job.id, job.connection_id, job.type, job.state, \
                 next.before <> next.state AS moved",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::db(now))
        .bind(now.to_string())
        .bind(gone)
        .fetch_all(self.executor())
        .await?;
        sqlx::query(
            "UPDATE job_queue SET due_at = NULL, lease_epoch = lease_epoch + 1, lease_until = NULL \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .execute(self.executor())
        .await?;
        sqlx::query("DELETE FROM low_usage WHERE tenant_id = $1 AND connection_id = $2")
            .bind(self.tenant().0)
            .bind(connection.0)
            .execute(self.executor())
            .await?;
        self.tell_ends(ended, now).await
    }

    /// Deletes some of the jobs that ended before an instant, with all that belongs to them; returns
    /// how many. Nobody needs to be asked again when it is none.
    pub async fn purge_jobs(&mut self, before: Timestamp) -> Result<u64> {
        let purged = sqlx::query(
            "DELETE FROM jobs WHERE tenant_id = $1 AND id IN ( \
                 SELECT id FROM jobs WHERE tenant_id = $1 AND modified_at < $2 \
                     AND state IN ('completed', 'partially_completed', 'failed', 'canceled', \
                         'expired', 'outcome_unknown') \
                 LIMIT 100)",
        )
        .bind(self.tenant().0)
        .bind(convert::db(before))
        .execute(self.executor())
        .await?;
        Ok(purged.rows_affected())
    }

    async fn tell_ends(&mut self, ended: Vec<EndedRow>, now: Timestamp) -> Result<()> {
        let moved: Vec<EndedRow> = ended.into_iter().filter(|row| row.moved).collect();
        let ids: Vec<Uuid> = moved.iter().map(|row| row.id).collect();
        sqlx::query(
            "UPDATE job_queue SET due_at = NULL, lease_epoch = lease_epoch + 1, lease_until = NULL \
             WHERE tenant_id = $1 AND job_id = ANY($2)",
        )
        .bind(self.tenant().0)
        .bind(ids)
        .execute(self.executor())
        .await?;
        let events: Vec<_> = moved
            .iter()
            .filter_map(|row| {
                event(
                    row.id,
                    ConnectionId(row.connection_id),
                    JobType::from_word(&row.job_type),
                    JobState::from_word(&row.state),
                )
            })
            .collect();
        self.insert_events(&events, now).await
    }
}

#[derive(sqlx::FromRow)]
struct EndedRow {
    id: Uuid,
    connection_id: Uuid,
    #[sqlx(rename = "type")]
    job_type: String,
    state: String,
    moved: bool,
}

fn moment(state: JobState, reason: &str, now: Timestamp) -> Value {
    json!([{"state": state, "at": now, "reason": reason}])
}
