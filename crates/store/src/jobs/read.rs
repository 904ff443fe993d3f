//! Reading jobs.

use callweave_model::{CallId, JobId, Timestamp};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{
    Job, Origin,
    row::{Row, SELECT},
};
use crate::{Result, TenantTx, convert};

/// A filter over jobs.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Over one of these connections.
    pub connections: Vec<Uuid>,
    /// Of one of these types.
    pub types: Vec<String>,
    /// In one of these states.
    pub states: Vec<String>,
    /// Made at or after.
    pub since: Option<Timestamp>,
    /// Only after this one, the newest first.
    pub after: Option<(Timestamp, JobId)>,
    /// At most so many.
    pub limit: i64,
}

impl TenantTx {
    /// The job with this id.
    pub async fn find_job(&mut self, id: JobId) -> Result<Option<Job>> {
        let statement = format!("{SELECT} AND id = $2");
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(self.tenant().0)
            .bind(id.0)
            .fetch_optional(self.executor())
            .await?;
        row.map(Row::into_job).transpose()
    }

    /// Jobs, the newest first.
    pub async fn list_jobs(&mut self, filter: &JobFilter) -> Result<Vec<Job>> {
        let mut query = QueryBuilder::new(SELECT.trim_end_matches("$1"));
        query.push_bind(self.tenant().0);
        if !filter.connections.is_empty() {
            query
                .push(" AND connection_id = ANY(")
                .push_bind(&filter.connections)
                .push(")");
        }
        if !filter.types.is_empty() {
            query
                .push(" AND type = ANY(")
                .push_bind(&filter.types)
                .push(")");
        }
        if !filter.states.is_empty() {
            query
                .push(" AND state = ANY(")
                .push_bind(&filter.states)
                .push(")");
        }
        if let Some(since) = filter.since {
            query
                .push(" AND created_at >= ")
                .push_bind(convert::db(since));
        }
        if let Some((at, id)) = filter.after {
            query
                .push(" AND (created_at, id) < (")
                .push_bind(convert::db(at))
                .push(", ")
                .push_bind(id.0)
                .push(")");
        }
        query
            .push(" ORDER BY created_at DESC, id DESC LIMIT ")
            .push_bind(filter.limit);
        let rows: Vec<Row> = query.build_query_as().fetch_all(self.executor()).await?;
        rows.into_iter().map(Row::into_job).collect()
    }

    /// The job that a request has made since `keys_since`.
    pub async fn job_of_request(
        &mut self,
        origin: &Origin,
        keys_since: Timestamp,
    ) -> Result<Option<Job>> {
        let statement =
            format!("{SELECT} AND api_key_id = $2 AND idempotency_key = $3 AND created_at >= $4");
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(self.tenant().0)
            .bind(origin.api_key.0)
            .bind(&origin.key)
            .bind(convert::db(keys_since))
            .fetch_optional(self.executor())
            .await?;
        row.map(Row::into_job).transpose()
    }

    /// Keeps others from making jobs about a call until the transaction ends.
    pub async fn lock_jobs_of_call(&mut self, call: CallId) -> Result<()> {
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))")
            .bind(call.to_string())
            .execute(self.executor())
            .await?;
        Ok(())
    }

    /// A job about a call that has not ended.
    pub async fn open_job_of_call(&mut self, call: CallId) -> Result<Option<JobId>> {
        let id: Option<Uuid> = sqlx::query_scalar(
            "SELECT id FROM jobs WHERE tenant_id = $1 AND call_ids @> ARRAY[$2] \
                 AND state IN ('accepted', 'submitting', 'submitted', 'processing', 'outcome_unknown') \
             ORDER BY created_at DESC LIMIT 1",
        )
        .bind(self.tenant().0)
        .bind(call.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(id.map(JobId))
    }
}
