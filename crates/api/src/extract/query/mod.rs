//! Query parameters: one table a route drives both the reading and the documentation.

mod document;
mod read;

use axum::extract::FromRequestParts;
use http::request::Parts;

pub(crate) use document::parameters;
pub(crate) use read::Query;

use crate::{ApiState, problem::Problem};

/// One query parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) description: &'static str,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words, repeated or separated by commas.
    Words(&'static [&'static str]),
    /// A vendor key.
    Key,
    /// Vendor keys, repeated or separated by commas.
    Keys,
    /// Ids, repeated or separated by commas.
    Uuids,
    /// Text of at most so many characters.
    Text(usize),
    /// Texts, repeated.
    Texts(usize),
    /// An RFC 3339 instant.
    Instant,
    /// A whole number between two others.
    Integer(i64, i64),
    /// A number between two others.
    Number(f64, f64),
    /// `true` or `false`.
    Boolean,
    /// A cursor; its content is checked by the list.
    Cursor,
    /// A cursor of the feed of events, or a word for one of its ends.
    Position,
    /// Types of events, repeated or separated by commas; `call.*` for all that begin so.
    EventTypes,
    /// A cursor of a list that a vendor keeps.
    LiveCursor,
}

impl Param {
    pub(crate) const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            kind,
            description,
        }
    }
}

/// Parameters that every list takes.
pub(crate) const LIMIT: Param = Param::new(
    "limit",
    Kind::Integer(1, 200),
    "How many to return at most; 50 unless told.",
);
/// The place where the next page begins.
pub(crate) const CURSOR: Param = Param::new(
    "cursor",
    Kind::Cursor,
    "The `next_cursor` of the page before. Everything but `limit` must be as it was there.",
);

/// The same in a list that a vendor keeps.
pub(crate) const LIVE_CURSOR: Param = Param::new(
    "cursor",
    Kind::LiveCursor,
    "The `next_cursor` of the page before. Everything but `limit` must be as it was there.",
);

/// A query that a route reads.
pub(crate) trait FromQuery: Sized {
    /// What it may hold; anything else is refused.
    const PARAMS: &'static [Param];

    /// Takes the checked values over.
    fn from_query(query: &Query) -> Result<Self, Problem>;
}

/// The query of a request, checked.
#[derive(Debug)]
pub(crate) struct ApiQuery<T>(pub(crate) T);

impl<T: FromQuery> FromRequestParts<ApiState> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        let query = Query::read(parts.uri.query().unwrap_or_default(), T::PARAMS)?;
        T::from_query(&query).map(Self)
    }
}

/// Refuses a query that holds anything else than its table.
pub(crate) fn refuse_other<T: FromQuery>(query: &str) -> Result<(), Problem> {
    Query::read(query, T::PARAMS).map(drop)
}

/// No parameters at all.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl FromQuery for NoQuery {
    const PARAMS: &'static [Param] = &[];

    fn from_query(_query: &Query) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// Documents the parameters of a query type.
macro_rules! document_query {
    ($($name:ty),+ $(,)?) => {$(
        impl utoipa::IntoParams for $name {
            fn into_params(
                _parameter_in: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                $crate::extract::query::parameters(
                    <Self as $crate::extract::query::FromQuery>::PARAMS,
                )
            }
        }
    )+};
}
pub(crate) use document_query;
