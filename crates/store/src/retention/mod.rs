//! How long a tenant keeps what, and deleting what is older.
//!
//! A call's age is that of its start, or of its first sight where it has none. What is too old when
//! it arrives is not taken in; what grows too old here goes in batches.

mod arriving;
mod expiry;

use std::collections::BTreeMap;

use callweave_model::Timestamp;
use serde_json::json;

use crate::{Result, StoreError, TenantTx, convert};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// A kind of thing that is kept for a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Calls, with all that belongs to them.
    Calls,
    /// What was said: transcripts, what dialogs heard, and the vendors' documents, which hold both.
    Transcripts,
    /// The vendors' documents.
    Documents,
    /// Events.
    Events,
    /// Jobs that have ended.
    Jobs,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Calls,
        Self::Transcripts,
        Self::Documents,
        Self::Events,
        Self::Jobs,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Transcripts => "transcripts",
            Self::Documents => "documents",
            Self::Events => "events",
            Self::Jobs => "jobs",
        }
    }

    fn from_word(word: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or_else(|| {
                StoreError::inconsistent("retention_rules", format!("no kind is called {word}"))
            })
    }
}

/// How many days each kind is kept; a kind that is not named is kept as configured, or for good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(BTreeMap<Kind, u32>);

impl Rules {
    /// The days of a kind.
    pub fn days(&self, kind: Kind) -> Option<u32> {
        self.0.get(&kind).copied()
    }

    /// Sets the days of a kind, or takes them back.
    pub fn set(&mut self, kind: Kind, days: Option<u32>) {
        match days {
            Some(days) => self.0.insert(kind, days),
            None => self.0.remove(&kind),
        };
    }

    /// What is older than this is too old.
    pub fn before(&self, kind: Kind, now: Timestamp) -> Option<Timestamp> {
        let days = self.days(kind)?;
        Some(now.minus(std::time::Duration::from_secs(u64::from(days) * DAY)))
    }

    /// As JSON, for the audit log.
    pub fn shown(&self) -> serde_json::Value {
        let members = Kind::ALL.map(|kind| (kind.word().to_owned(), json!(self.days(kind))));
        serde_json::Value::Object(members.into_iter().collect())
    }
}

impl TenantTx {
    /// How long the tenant keeps what.
    pub async fn retention(&mut self) -> Result<Rules> {
        let rows: Vec<(String, i32)> =
            sqlx::query_as("SELECT kind, days FROM retention_rules WHERE tenant_id = $1")
                .bind(self.tenant().0)
                .fetch_all(self.executor())
                .await?;
        let mut rules = Rules::default();
        for (kind, days) in rows {
            rules.set(Kind::from_word(&kind)?, u32::try_from(days).ok());
        }
        Ok(rules)
    }

    /// Says how long the tenant keeps what. It is applied from the beginning again.
    pub async fn set_retention(&mut self, rules: &Rules, now: Timestamp) -> Result<()> {
        sqlx::query("DELETE FROM retention_rules WHERE tenant_id = $1")
            .bind(self.tenant().0)
            .execute(self.executor())
            .await?;
        let kinds: Vec<&str> = rules.0.keys().map(|kind| kind.word()).collect();
        let days: Vec<i32> = rules
            .0
            .values()
            .map(|days| i32::try_from(*days).unwrap_or(i32::MAX))
            .collect();
        sqlx::query(
            "INSERT INTO retention_rules (tenant_id, kind, days, modified_at) \
             SELECT $1, kind, days, $4 FROM UNNEST($2::text[], $3::int[]) AS new (kind, days)",
        )
        .bind(self.tenant().0)
        .bind(kinds)
        .bind(days)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
