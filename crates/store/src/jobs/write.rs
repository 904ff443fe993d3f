//! Making jobs and moving them on.

use std::time::Duration;

use callweave_model::Timestamp;
use uuid::Uuid;

use super::{
    Job, JobLease, Next,
    row::{Row, SELECT, write},
};
use crate::{Result, StoreError, TenantTx, convert};

/// Who works on a new job from the start.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// Who.
    pub owner: Uuid,
    /// How long, without a sign of life.
    pub lease: Duration,
}

/// What came of making a job.
#[derive(Debug)]
pub enum Insertion {
    /// It is new; the lease is its holder's, where it has one.
    New(JobLease),
    /// The same request has made one before.
    Known(Box<Job>),
}

impl TenantTx {
    /// Stores a new job, due at once, unless its request has made one since `keys_since`. Its turns
    /// are told of `trace`.
    pub async fn insert_job(
        &mut self,
        job: &Job,
        holder: Option<Holder>,
        trace: Option<&str>,
        keys_since: Timestamp,
    ) -> Result<Insertion> {
        sqlx::query(
            "UPDATE jobs SET idempotency_key = NULL \
             WHERE tenant_id = $1 AND api_key_id = $2 AND idempotency_key = $3 AND created_at < $4",
        )
        .bind(self.tenant().0)
        .bind(job.origin.api_key.0)
        .bind(&job.origin.key)
        .bind(convert::db(keys_since))
        .execute(self.executor())
        .await?;
        let inserted = sqlx::query(
            "INSERT INTO jobs (tenant_id, id, connection_id, type, state, delivery, source, \
                 sealed_input, streamed, call_ids, remote_refs, cost, attempts, timeline, api_key_id, \
                 idempotency_key, looks, deadline, created_at, modified_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '[]', $13, $14, $15, 0, $16, \
                 $17, $17) \
             ON CONFLICT (tenant_id, api_key_id, idempotency_key) DO NOTHING",
        )
        .bind(self.tenant().0)
        .bind(job.id.0)
        .bind(job.connection.0)
        .bind(job.job_type.as_str())
        .bind(job.state.as_str())
        .bind(job.delivery.as_str())
        .bind(&job.source)
        .bind(&job.sealed_input)
        .bind(job.streamed)
        .bind(job.call_ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind(write(&job.remote_refs)?)
        .bind(job.cost.as_ref().map(write).transpose()?)
        .bind(write(&job.timeline)?)
        .bind(job.origin.api_key.0)
        .bind(&job.origin.key)
        .bind(convert::db(job.deadline))
        .bind(convert::db(job.created_at))
        .execute(self.executor())
        .await?;
        if inserted.rows_affected() == 0 {
            return Ok(Insertion::Known(Box::new(self.same_request(job).await?)));
        }
        let lease = self.enqueue(job, holder, trace).await?;
        self.insert_events(&job.events(), job.created_at).await?;
        Ok(Insertion::New(lease))
    }

    async fn enqueue(
        &mut self,
        job: &Job,
        holder: Option<Holder>,
        trace: Option<&str>,
    ) -> Result<JobLease> {
        sqlx::query(
            "INSERT INTO job_queue (tenant_id, job_id, connection_id, due_at, lease_owner, lease_epoch, \
                 lease_until, trace) \
             VALUES ($1, $2, $3, now(), $4, 1, now() + make_interval(secs => $5), $6)",
        )
        .bind(self.tenant().0)
        .bind(job.id.0)
        .bind(job.connection.0)
        .bind(holder.map(|holder| holder.owner))
        .bind(holder.map(|holder| holder.lease.as_secs_f64()))
        .bind(trace)
        .execute(self.executor())
        .await?;
        Ok(JobLease {
            tenant: self.tenant(),
            job: job.id,
            connection: job.connection,
            owner: holder.map_or(Uuid::nil(), |holder| holder.owner),
            epoch: 1,
        })
    }

    /// The job that the same request made before.
    async fn same_request(&mut self, job: &Job) -> Result<Job> {
        let statement = format!("{SELECT} AND api_key_id = $2 AND idempotency_key = $3");
        let row: Row = sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(self.tenant().0)
            .bind(job.origin.api_key.0)
            .bind(&job.origin.key)
            .fetch_one(self.executor())
            .await?;
        row.into_job()
    }

    /// Writes a job while its lease holds, with the events of its news; see [`Job::news_told`].
    /// [`StoreError::Fenced`] when it does not: the transaction must not be committed.
    ///
    /// `next` gives the lease back; without it the work goes on.
    pub async fn save_job(
        &mut self,
        lease: &JobLease,
        job: &Job,
        next: Option<Next>,
    ) -> Result<()> {
        self.release_job(lease, next).await?;
        let (kind, remote_id) = match &job.record {
            Some((kind, id)) => (Some(convert::text(kind)), Some(convert::text(id))),
            None => (None, None),
        };
        // After a commit of which nobody knows the outcome the same is written again: what was told
        // with it is not told twice.
        let moved: Option<bool> = sqlx::query_scalar(
            "UPDATE jobs SET state = $3, delivery = $4, sealed_input = $5, call_ids = $6, \
                 record_kind = $7, record_id = $8, remote_refs = $9, result_ref = $10, error = $11, \
                 attempts = $12, timeline = $13, idempotency_key = $14, sent_at = $15, \
                 submitted_at = $16, looks = $17, deadline = $18, modified_at = $19 \
             FROM (SELECT timeline FROM jobs WHERE tenant_id = $1 AND id = $2 FOR UPDATE) AS before \
             WHERE jobs.tenant_id = $1 AND jobs.id = $2 \
             RETURNING before.timeline <> jobs.timeline",
        )
        .bind(self.tenant().0)
        .bind(job.id.0)
        .bind(job.state.as_str())
        .bind(job.delivery.as_str())
        .bind(&job.sealed_input)
        .bind(job.call_ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind(kind)
        .bind(remote_id)
        .bind(write(&job.remote_refs)?)
        .bind(&job.result_ref)
        .bind(job.error.as_ref().map(write).transpose()?)
        .bind(write(&job.attempts)?)
        .bind(write(&job.timeline)?)
        .bind(&job.origin.key)
        .bind(convert::db_option(job.sent_at))
        .bind(convert::db_option(job.submitted_at))
        .bind(job.looks)
        .bind(convert::db(job.deadline))
        .bind(convert::db(job.modified_at))
        .fetch_optional(self.executor())
        .await?;
        match moved {
            None => Err(StoreError::Fenced),
            Some(false) => Ok(()),
            Some(true) => self.insert_events(&job.events(), job.modified_at).await,
        }
    }
}
