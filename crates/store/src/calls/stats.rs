//! Figures about calls: added up from those by day, as far as these answer the question, and counted else.

use sqlx::{FromRow as _, Postgres, QueryBuilder, Row as _, postgres::PgRow};
use uuid::Uuid;

use super::{CallFilter, day_query::DayQuery};
use crate::{Result, TenantTx};

/// What calls are counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Everything together.
    Nothing,
    /// The day of the start, in an IANA time zone that PostgreSQL knows.
    Day(String),
    /// The vendor's key.
    Vendor,
    /// The connection.
    Connection,
    /// Each agent who took part, by name and by vendor id.
    Agent,
    /// Each tag.
    Tag,
    /// What became of the call.
    Status,
    /// The direction.
    Direction,
    /// The tone.
    Sentiment,
}

/// The figures of one group.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Figures {
    /// What the group has in common; `None` for what is not known of its calls.
    pub key: Option<String>,
    /// How many calls.
    pub calls: i64,
    /// Of them with a transcript.
    pub with_transcript: i64,
    /// Of them with a known length.
    pub timed: i64,
    /// The sum of the known lengths.
    pub duration_ms: Option<i64>,
    /// Of them with a score.
    pub scored: i64,
    /// The mean of the scores, 0-100.
    pub score_pct: Option<f64>,
    /// Of them that passed.
    pub passed: i64,
    /// Of them that did not.
    pub failed: i64,
}

/// The sums of parts, each of which gives exact numbers; divided is only in the end, so that the same calls
/// have the same figures however they were added up.
const SUMS: &str = " AS key, coalesce(sum(calls), 0)::bigint AS calls, \
     coalesce(sum(with_transcript), 0)::bigint AS with_transcript, \
     coalesce(sum(timed), 0)::bigint AS timed, \
     CASE WHEN sum(timed) > 0 THEN sum(duration_ms)::bigint END AS duration_ms, \
     coalesce(sum(scored), 0)::bigint AS scored, \
     CASE WHEN sum(scored) > 0 THEN sum(score)::float8 / sum(scored)::float8 / 10000 END AS score_pct, \
     coalesce(sum(passed), 0)::bigint AS passed, coalesce(sum(failed), 0)::bigint AS failed, \
     coalesce(bool_and(bool_and(whole)) OVER (), true) AS whole FROM (";

/// What is counted of calls where it is not added up already.
const COUNTS: &str = " AS key, count(*) AS calls, \
     count(*) FILTER (WHERE call.has_transcript) AS with_transcript, \
     count(call.duration_ms) AS timed, coalesce(sum(call.duration_ms), 0) AS duration_ms, \
     count(exact_score(call.score_pct)) AS scored, \
     coalesce(sum(exact_score(call.score_pct)), 0) AS score, \
     count(*) FILTER (WHERE call.passed) AS passed, \
     count(*) FILTER (WHERE NOT call.passed) AS failed, true AS whole FROM calls AS call";

impl TenantTx {
    /// Counts the calls that a filter matches. Days come in their order, other groups by size; at
    /// most `limit` of them.
    pub async fn call_figures(
        &mut self,
        filter: &CallFilter,
        by: &GroupBy,
        limit: i64,
    ) -> Result<Vec<Figures>> {
        let tenant = self.tenant().0;
        if let Some((days, rest)) = DayQuery::of(filter, by)
            && self.days_are_counted().await?
        {
            let mut query = sums(by);
            days.push(&mut query, tenant, filter, by);
            for filter in &rest {
                query.push(" UNION ALL ");
                push_counts(&mut query, tenant, filter, by);
            }
            if let Some(figures) = self.add_up(query, by, limit).await? {
                return Ok(figures);
            }
        }
        let mut query = sums(by);
        push_counts(&mut query, tenant, filter, by);
        let figures = self.add_up(query, by, limit).await?;
        Ok(figures.unwrap_or_default())
    }

    /// The figures of all parts together; `None` where one of them was not of one group as a whole.
    async fn add_up(
        &mut self,
        mut query: QueryBuilder<Postgres>,
        by: &GroupBy,
        limit: i64,
    ) -> Result<Option<Vec<Figures>>> {
        query.push(") AS part");
        if *by != GroupBy::Nothing {
            query.push(" GROUP BY key HAVING sum(calls) <> 0");
        }
        query.push(match by {
            GroupBy::Day(_) => " ORDER BY 1 DESC NULLS LAST",
            _ => " ORDER BY 2 DESC, 1 NULLS LAST",
        });
        query.push(" LIMIT ").push_bind(limit);
        let rows: Vec<PgRow> = query.build().fetch_all(self.executor()).await?;
        let mut figures = Vec::new();
        for row in &rows {
            if !row.try_get::<bool, _>("whole")? {
                return Ok(None);
            }
            figures.push(Figures::from_row(row)?);
        }
        Ok(Some(figures))
    }
}

/// The beginning of a statement that adds parts up.
fn sums(by: &GroupBy) -> QueryBuilder<Postgres> {
    let key = match by {
        GroupBy::Nothing => "NULL::text",
        _ => "key",
    };
    QueryBuilder::new(format!("SELECT {key}{SUMS}"))
}

/// Appends the statement that counts calls.
fn push_counts(
    query: &mut QueryBuilder<Postgres>,
    tenant: Uuid,
    filter: &CallFilter,
    by: &GroupBy,
) {
    query.push("SELECT ");
    match by {
        GroupBy::Nothing => query.push("NULL"),
        // The list's key is the start where there is one.
        GroupBy::Day(zone) => query
            .push("CASE WHEN call.started_at IS NOT NULL THEN to_char(call.sort_at AT TIME ZONE ")
            .push_bind(zone.clone())
            .push(", 'YYYY-MM-DD') END"),
        GroupBy::Vendor => query.push("call.vendor"),
        GroupBy::Connection => query.push("call.connection_id::text"),
        GroupBy::Agent | GroupBy::Tag => query.push("each.word"),
        GroupBy::Status => query.push("call.status"),
        GroupBy::Direction => query.push("call.direction"),
        GroupBy::Sentiment => query.push("call.sentiment"),
    };
    query.push(COUNTS);
    match by {
        GroupBy::Agent => {
            query.push(" CROSS JOIN LATERAL (SELECT DISTINCT unnest(call.agents)) AS each (word)")
        }
        GroupBy::Tag => {
            query.push(" CROSS JOIN LATERAL (SELECT DISTINCT unnest(call.tags)) AS each (word)")
        }
        _ => query,
    };
    query.push(" WHERE call.tenant_id = ").push_bind(tenant);
    filter.push(query);
    if *by != GroupBy::Nothing {
        query.push(" GROUP BY 1");
    }
}
