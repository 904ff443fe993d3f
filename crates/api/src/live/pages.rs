//! Pages of lists that a vendor keeps.

use axum::response::Response;
use callweave_provider::listing::{ListQuery, Listing};
use callweave_store::connections::Connection;
use serde::Serialize;

use crate::{
    ApiState,
    cursor::List,
    extract::query::{FromQuery, Kind, LIMIT, LIVE_CURSOR, Param, Query, document_query},
    problem::Problem,
    respond,
    wire::live::LiveList,
};

/// What is searched for, where the vendor searches.
pub(crate) const SEARCH: Param = Param::new(
    "q",
    Kind::Text(200),
    "Only what holds this text; for vendors that search.",
);

/// Which page of a list a query asks for.
#[derive(Debug)]
pub(crate) struct PageQuery {
    limit: u32,
    cursor: Option<String>,
    search: Option<String>,
    fingerprint: String,
}

impl PageQuery {
    /// The page that a checked query asks for.
    pub(crate) fn of(query: &Query) -> Self {
        Self {
            limit: u32::try_from(query.limit()).unwrap_or(50),
            cursor: query.text("cursor"),
            search: query.text("q"),
            fingerprint: query.fingerprint(),
        }
    }

    /// The page that a body asks for; `fingerprint` is what must be the same on every page.
    pub(crate) const fn given(limit: u32, cursor: Option<String>, fingerprint: String) -> Self {
        Self {
            limit,
            cursor,
            search: None,
            fingerprint,
        }
    }
}

/// A query that asks for a page and nothing else.
#[derive(Debug)]
pub(crate) struct PlainPage(pub(crate) PageQuery);

impl FromQuery for PlainPage {
    const PARAMS: &'static [Param] = &[LIMIT, LIVE_CURSOR];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self(PageQuery::of(query)))
    }
}
document_query!(PlainPage);

/// A list of a connection at one of its pages. The vendor's position travels in a cursor that is
/// worth nothing for another tenant, connection, list or filter.
pub(crate) struct Pages<'a> {
    state: &'a ApiState,
    connection: &'a Connection,
    name: String,
    fingerprint: String,
    query: ListQuery,
}

impl<'a> Pages<'a> {
    pub(super) fn open(
        state: &'a ApiState,
        connection: &'a Connection,
        list: &[&str],
        query: PageQuery,
    ) -> Result<Self, Problem> {
        let mut pages = Self {
            state,
            connection,
            // No part holds a slash.
            name: format!("live/{}/{}", connection.id, list.join("/")),
            fingerprint: query.fingerprint,
            query: ListQuery {
                limit: query.limit,
                position: None,
                search: query.search,
            },
        };
        pages.query.position = query
            .cursor
            .map(|cursor| state.cursor_key().open_position(pages.list(), &cursor))
            .transpose()?;
        Ok(pages)
    }

    /// The page, in the contract's words.
    pub(crate) const fn query(&self) -> &ListQuery {
        &self.query
    }

    /// The answer with what came.
    pub(crate) fn answer<T: Serialize>(&self, listing: Listing<T>) -> Result<Response, Problem> {
        let next = listing.next.as_deref();
        respond::ok(&LiveList {
            next_cursor: next
                .map(|position| self.state.cursor_key().seal_position(self.list(), position)),
            total: listing.total,
            data: listing.items,
        })
    }

    fn list(&self) -> List<'_> {
        List {
            tenant: self.connection.tenant_id,
            name: &self.name,
            query: &self.fingerprint,
        }
    }
}
