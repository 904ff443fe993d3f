//! Which job is due when, and who works on it. Times are the database's own.

use std::time::Duration;

use callweave_model::{ConnectionId, JobId, TenantId};
use uuid::Uuid;

use super::{ClaimRow, Job};
use crate::{Result, StoreError, SystemTx, TenantTx};

/// A [`ClaimRow`], and the place in a trace at which the job was made.
type TracedRow = (Uuid, Uuid, Uuid, i64, Option<String>);

/// The right to work on one job, until it is lost: every write carries the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobLease {
    /// Whose job.
    pub tenant: TenantId,
    /// Which job.
    pub job: JobId,
    /// Over which connection.
    pub connection: ConnectionId,
    /// Who holds it.
    pub owner: Uuid,
    /// Rises with every holder.
    pub epoch: i64,
}

/// A job that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The right to work on it.
    pub lease: JobLease,
    /// The place in a trace at which it was made.
    pub trace: Option<String>,
}

/// When a job is to be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// After a pause.
    After(Duration),
    /// Not by itself.
    Never,
}

/// A job taken out of turn.
#[derive(Debug)]
pub struct Seized {
    /// The right to write it; whoever had it before has lost it.
    pub lease: JobLease,
    /// The job.
    pub job: Job,
    /// Somebody was working on it.
    pub was_held: bool,
}

impl SystemTx {
    /// Takes the job that has been due longest, if any is: none of a connection of which
    /// `per_connection` jobs are worked on.
    pub async fn claim_due_job(
        &mut self,
        owner: Uuid,
        lease: Duration,
        per_connection: i64,
    ) -> Result<Option<Claim>> {
        // One claim at a time, so that the bound of a connection holds.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtext('callweave_claim_job'))")
            .execute(self.executor())
            .await?;
        let row: Option<TracedRow> = sqlx::query_as(
            "WITH busy AS ( \
                 SELECT tenant_id, connection_id FROM job_queue WHERE lease_until > now() \
                 GROUP BY tenant_id, connection_id HAVING count(*) >= $3), \
             next AS ( \
                 SELECT due.tenant_id, due.job_id FROM job_queue AS due \
                 WHERE due.due_at <= now() \
                     AND (due.lease_until IS NULL OR due.lease_until <= now()) \
                     AND NOT EXISTS (SELECT FROM busy WHERE busy.tenant_id = due.tenant_id \
                         AND busy.connection_id = due.connection_id) \
                 ORDER BY due.due_at LIMIT 1 FOR UPDATE OF due SKIP LOCKED) \
             UPDATE job_queue AS mine SET lease_owner = $1, lease_epoch = mine.lease_epoch + 1, \
                 lease_until = now() + make_interval(secs => $2) \
             FROM next WHERE mine.tenant_id = next.tenant_id AND mine.job_id = next.job_id \
             RETURNING mine.tenant_id, mine.job_id, mine.connection_id, mine.lease_epoch, mine.trace",
        )
        .bind(owner)
        .bind(lease.as_secs_f64())
        .bind(per_connection)
        .fetch_optional(self.executor())
        .await?;
        Ok(row.map(|(tenant, job, connection, epoch, trace)| Claim {
            lease: JobLease::from(((tenant, job, connection, epoch), owner)),
            trace,
        }))
    }
}

impl TenantTx {
    /// Makes sure that the lease is still ours and moves its end. [`StoreError::Fenced`] when not.
    pub async fn hold_job(&mut self, lease: &JobLease, extend: Duration) -> Result<()> {
        let held = sqlx::query(
            "UPDATE job_queue SET lease_until = now() + make_interval(secs => $4) \
             WHERE tenant_id = $1 AND job_id = $2 AND lease_epoch = $3 AND lease_until > now()",
        )
        .bind(self.tenant().0)
        .bind(lease.job.0)
        .bind(lease.epoch)
        .bind(extend.as_secs_f64())
        .execute(self.executor())
        .await?;
        one(held.rows_affected())
    }

    /// Checks the lease; gives it back where `next` says when the job is looked at again.
    pub(super) async fn release_job(&mut self, lease: &JobLease, next: Option<Next>) -> Result<()> {
        let pause = match next {
            Some(Next::After(pause)) => Some(pause.as_secs_f64()),
            Some(Next::Never) | None => None,
        };
        let released = sqlx::query(
            "UPDATE job_queue SET \
                 due_at = CASE WHEN $4 THEN now() + make_interval(secs => $5) ELSE due_at END, \
                 lease_until = CASE WHEN $4 THEN NULL ELSE lease_until END, \
                 lease_owner = CASE WHEN $4 THEN NULL ELSE lease_owner END \
             WHERE tenant_id = $1 AND job_id = $2 AND lease_epoch = $3 AND lease_until > now()",
        )
        .bind(self.tenant().0)
        .bind(lease.job.0)
        .bind(lease.epoch)
        .bind(next.is_some())
        .bind(pause)
        .execute(self.executor())
        .await?;
        one(released.rows_affected())
    }

    /// Puts a job back without a word about it, e.g. because its connection rests.
    pub async fn put_job_back(&mut self, lease: &JobLease, next: Next) -> Result<()> {
        self.release_job(lease, Some(next)).await
    }

    /// Takes a job out of turn, whoever works on it; `None` when there is no such job.
    pub async fn seize_job(
        &mut self,
        id: JobId,
        owner: Uuid,
        lease: Duration,
    ) -> Result<Option<Seized>> {
        let held: Option<bool> = sqlx::query_scalar(
            "SELECT COALESCE(lease_until > now(), false) FROM job_queue \
             WHERE tenant_id = $1 AND job_id = $2 FOR UPDATE",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .fetch_optional(self.executor())
        .await?;
        let Some(was_held) = held else {
            return Ok(None);
        };
        let row: ClaimRow = sqlx::query_as(
            "UPDATE job_queue SET lease_owner = $3, lease_epoch = lease_epoch + 1, \
                 lease_until = now() + make_interval(secs => $4) \
             WHERE tenant_id = $1 AND job_id = $2 \
             RETURNING tenant_id, job_id, connection_id, lease_epoch",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .bind(owner)
        .bind(lease.as_secs_f64())
        .fetch_one(self.executor())
        .await?;
        Ok(self.find_job(id).await?.map(|job| Seized {
            lease: JobLease::from((row, owner)),
            job,
            was_held,
        }))
    }

    /// Has what is still at the vendor taken back there, by whoever works on the job next.
    pub async fn ask_cancel(&mut self, id: JobId) -> Result<()> {
        self.set_cancel_asked(id, true).await?;
        sqlx::query(
            "UPDATE job_queue SET due_at = LEAST(due_at, now()) WHERE tenant_id = $1 AND job_id = $2",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Notes that all was taken back that could be.
    pub async fn cancel_done(&mut self, id: JobId) -> Result<()> {
        self.set_cancel_asked(id, false).await
    }

    async fn set_cancel_asked(&mut self, id: JobId, asked: bool) -> Result<()> {
        sqlx::query("UPDATE jobs SET cancel_asked = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(self.tenant().0)
            .bind(id.0)
            .bind(asked)
            .execute(self.executor())
            .await?;
        Ok(())
    }

    /// Whether what is still at the vendor is to be taken back there.
    pub async fn cancel_is_asked(&mut self, id: JobId) -> Result<bool> {
        let asked: Option<bool> =
            sqlx::query_scalar("SELECT cancel_asked FROM jobs WHERE tenant_id = $1 AND id = $2")
                .bind(self.tenant().0)
                .bind(id.0)
                .fetch_optional(self.executor())
                .await?;
        Ok(asked.unwrap_or(false))
    }

    /// Whether somebody works on a job at this moment.
    pub async fn job_is_held(&mut self, id: JobId) -> Result<bool> {
        let held: Option<bool> = sqlx::query_scalar(
            "SELECT COALESCE(lease_until > now(), false) FROM job_queue \
             WHERE tenant_id = $1 AND job_id = $2",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(held.unwrap_or(false))
    }
}

const fn one(rows: u64) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::Fenced)
    }
}
