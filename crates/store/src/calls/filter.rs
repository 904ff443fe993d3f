//! Which calls a list shows.

use callweave_model::{CallId, Timestamp};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::convert;

/// Which calls a list shows; every member that is given narrows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFilter {
    /// Of one of these connections.
    pub connections: Vec<Uuid>,
    /// Of one of these vendors.
    pub vendors: Vec<String>,
    /// With this id at the vendor.
    pub remote_id: Option<String>,
    /// Started at or after. Calls without a start do not match.
    pub started_after: Option<Timestamp>,
    /// Started before. Calls without a start do not match.
    pub started_before: Option<Timestamp>,
    /// Changed here after.
    pub modified_after: Option<Timestamp>,
    /// The medium.
    pub channels: Vec<String>,
    /// The direction.
    pub directions: Vec<String>,
    /// The kind.
    pub kinds: Vec<String>,
    /// What became of the call.
    pub statuses: Vec<String>,
    /// Name or vendor id of an agent who took part.
    pub agent: Option<String>,
    /// A phone that took part: any of these spellings.
    pub phones: Vec<String>,
    /// All of these tags.
    pub tags: Vec<String>,
    /// The tone.
    pub sentiments: Vec<String>,
    /// Passed or not.
    pub passed: Option<bool>,
    /// At least this score, 0-100.
    pub score_min: Option<f64>,
    /// At most this score, 0-100.
    pub score_max: Option<f64>,
    /// Has a transcript or not.
    pub has_transcript: Option<bool>,
    /// Words that all occur, each as a prefix.
    pub words: Vec<String>,
    /// Deleted calls too.
    pub with_deleted: bool,
}

/// Which end of the list comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The oldest.
    Asc,
    /// The newest.
    #[default]
    Desc,
}

/// A place in the list: the last call that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallPosition {
    /// The list's key.
    pub sort_at: Timestamp,
    /// Tells calls with the same key apart.
    pub id: CallId,
}

impl Order {
    /// The other way round.
    pub(super) const fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }

    /// Appends the condition that a call lies beyond a place; `id` is the column of its id.
    pub(super) fn push_after(
        self,
        query: &mut QueryBuilder<Postgres>,
        after: Option<CallPosition>,
        id: &str,
    ) {
        let Some(after) = after else { return };
        let sign = match self {
            Self::Asc => ">",
            Self::Desc => "<",
        };
        // The first condition says less than the second one; it lets months be skipped.
        query
            .push(format!(" AND call.sort_at {sign}= "))
            .push_bind(convert::db(after.sort_at))
            .push(format!(" AND (call.sort_at, {id}) {sign} ("))
            .push_bind(convert::db(after.sort_at))
            .push(", ")
            .push_bind(after.id.0)
            .push(")");
    }

    /// Appends the order, and how many there may be: a number that the server knows when it plans the
    /// statement, so that it plans it once.
    pub(super) fn push_limit(self, query: &mut QueryBuilder<Postgres>, limit: i64, id: &str) {
        let way = match self {
            Self::Asc => "ASC",
            Self::Desc => "DESC",
        };
        query.push(format!(
            " ORDER BY call.sort_at {way}, {id} {way} LIMIT {limit}"
        ));
    }
}

impl CallFilter {
    /// Whether nothing but words, or a phone, narrows it: then the server need not look at what is asked for to plan how
    /// to read the list.
    pub fn is_plain(&self) -> bool {
        self == &Self {
            words: self.words.clone(),
            phones: self.phones.clone(),
            with_deleted: self.with_deleted,
            ..Self::default()
        }
    }

    /// Appends the conditions; `call` is the alias of the table.
    pub(crate) fn push(&self, query: &mut QueryBuilder<Postgres>) {
        if !self.with_deleted {
            query.push(" AND call.deleted_at IS NULL");
        }
        if !self.connections.is_empty() {
            query
                .push(" AND call.connection_id = ANY(")
                .push_bind(self.connections.clone())
                .push(")");
        }
        for (column, words) in [
            ("vendor", &self.vendors),
            ("channel", &self.channels),
            ("direction", &self.directions),
            ("kind", &self.kinds),
            ("status", &self.statuses),
            ("sentiment", &self.sentiments),
        ] {
            if !words.is_empty() {
                query
                    .push(" AND call.")
                    .push(column)
                    .push(" = ANY(")
                    .push_bind(words.clone())
                    .push(")");
            }
        }
        if let Some(remote_id) = &self.remote_id {
            query
                .push(" AND call.remote_id = ")
                .push_bind(remote_id.clone());
        }
        self.push_times(query);
        self.push_people(query);
        if let Some(passed) = self.passed {
            query.push(" AND call.passed = ").push_bind(passed);
        }
        if let Some(score) = self.score_min {
            query.push(" AND call.score_pct >= ").push_bind(score);
        }
        if let Some(score) = self.score_max {
            query.push(" AND call.score_pct <= ").push_bind(score);
        }
        if let Some(has) = self.has_transcript {
            query.push(" AND call.has_transcript = ").push_bind(has);
        }
    }

    fn push_times(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(after) = self.started_after {
            // The list's key equals the start where there is one: this lets months be skipped.
            query
                .push(" AND call.sort_at >= ")
                .push_bind(convert::db(after));
            query.push(" AND call.started_at IS NOT NULL");
        }
        if let Some(before) = self.started_before {
            query
                .push(" AND call.sort_at < ")
                .push_bind(convert::db(before));
            query.push(" AND call.started_at IS NOT NULL");
        }
        if let Some(after) = self.modified_after {
            query
                .push(" AND call.modified_at > ")
                .push_bind(convert::db(after));
        }
    }

    fn push_people(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(agent) = &self.agent {
            query
                .push(" AND call.agents @> ARRAY[")
                .push_bind(agent.clone())
                .push("]");
        }
        if !self.phones.is_empty() {
            query
                .push(" AND call.phones && ")
                .push_bind(self.phones.clone());
        }
        if !self.tags.is_empty() {
            query
                .push(" AND call.tags @> ")
                .push_bind(self.tags.clone());
        }
        if !self.words.is_empty() {
            query.push(
                " AND EXISTS (SELECT FROM call_search AS search \
                 WHERE search.tenant_id = call.tenant_id AND search.sort_at = call.sort_at \
                     AND search.call_id = call.id AND search.words @@ to_tsquery('simple', ",
            );
            query.push_bind(prefix_query(&self.words)).push("))");
        }
    }
}

/// A tsquery in which every word occurs as a prefix; the words are quoted, so that none of their
/// characters is an operator.
pub(super) fn prefix_query(words: &[String]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| {
            format!(
                "'{}':*",
                convert::text(word)
                    .replace('\\', "\\\\")
                    .replace('\'', "''")
            )
        })
        .collect();
    quoted.join(" & ")
}

#[cfg(test)]
mod tests {
    use super::prefix_query;

    #[test]
    fn words_are_quoted_for_the_query_language() {
        let words = ["bo'ling".to_owned(), "a&b".to_owned(), "x\\".to_owned()];
        assert_eq!(prefix_query(&words), "'bo''ling':* & 'a&b':* & 'x\\\\':*");
    }
}
