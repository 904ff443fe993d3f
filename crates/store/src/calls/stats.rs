//! Figures about calls, counted by the database.

use sqlx::{Postgres, QueryBuilder};

use super::CallFilter;
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

const FIGURES: &str = " AS key, count(*) AS calls, \
     count(*) FILTER (WHERE call.has_transcript) AS with_transcript, \
     count(call.duration_ms) AS timed, sum(call.duration_ms)::bigint AS duration_ms, \
     count(call.score_pct) AS scored, avg(call.score_pct) AS score_pct, \
     count(*) FILTER (WHERE call.passed) AS passed, \
     count(*) FILTER (WHERE NOT call.passed) AS failed FROM calls AS call";

impl TenantTx {
    /// Counts the calls that a filter matches. Days come in their order, other groups by size; at
    /// most `limit` of them.
    pub async fn call_figures(
        &mut self,
        filter: &CallFilter,
        by: &GroupBy,
        limit: i64,
    ) -> Result<Vec<Figures>> {
        let mut query: QueryBuilder<Postgres> = QueryBuilder::new("SELECT ");
        match by {
            GroupBy::Nothing => query.push("NULL::text"),
            GroupBy::Day(zone) => query
                .push("to_char(call.started_at AT TIME ZONE ")
                .push_bind(zone.clone())
                .push(", 'YYYY-MM-DD')"),
            GroupBy::Vendor => query.push("call.vendor"),
            GroupBy::Connection => query.push("call.connection_id::text"),
            GroupBy::Agent | GroupBy::Tag => query.push("each.word"),
            GroupBy::Status => query.push("call.status"),
            GroupBy::Direction => query.push("call.direction"),
            GroupBy::Sentiment => query.push("call.sentiment"),
        };
        query.push(FIGURES);
        match by {
            GroupBy::Agent => query.push(" CROSS JOIN unnest(call.agents) AS each (word)"),
            GroupBy::Tag => query.push(" CROSS JOIN unnest(call.tags) AS each (word)"),
            _ => &mut query,
        };
        query
            .push(" WHERE call.tenant_id = ")
            .push_bind(self.tenant().0);
        filter.push(&mut query);
        if *by != GroupBy::Nothing {
            query.push(" GROUP BY 1");
        }
        query.push(match by {
            GroupBy::Day(_) => " ORDER BY 1 DESC NULLS LAST",
            _ => " ORDER BY 2 DESC, 1 NULLS LAST",
        });
        query.push(" LIMIT ").push_bind(limit);
        Ok(query.build_query_as().fetch_all(self.executor()).await?)
    }
}
