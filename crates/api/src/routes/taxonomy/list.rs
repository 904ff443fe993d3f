//! `GET /v1/connections/{id}/tags`, and the same for the other kinds.

use axum::response::Response;
use callweave_model::owned::Term;
use callweave_provider::taxonomy::{TermFilter, TermKind};

use super::{Terms, segment};
use crate::{
    extract::{
        ApiQuery,
        query::{FromQuery, Kind, LIMIT, LIVE_CURSOR, Param, Query, document_query},
    },
    live::{ConnectionPath, PageQuery, SEARCH, ask},
    problem::{BadQuery, FieldError, Live as LiveProblems, Problem, Secured, codes},
    scope::VendorRead,
    wire::live::LiveList,
};

/// The word for "at the top" in `parent`.
const TOP: &str = "top";

/// Which terms are listed.
#[derive(Debug)]
pub(crate) struct TermsQuery {
    filter: TermFilter,
    page: PageQuery,
}

impl FromQuery for TermsQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "parent",
            Kind::Text(200),
            "Only those directly below the {term} with this id; `top`: only those at the top.",
        ),
        SEARCH,
        LIMIT,
        LIVE_CURSOR,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let parent = query.text("parent");
        Ok(Self {
            filter: TermFilter {
                parent: parent.map(|id| (id != TOP).then_some(id)),
            },
            page: PageQuery::of(query),
        })
    }
}
document_query!(TermsQuery);

/// Lists {terms}.
///
/// As the vendor has them now.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/{terms}",
    tag = "taxonomies",
    params(ConnectionPath, TermsQuery),
    responses((status = 200, description = "A page of {terms}.", body = LiveList<Term>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_terms(
    live: Terms<VendorRead>,
    ApiQuery(query): ApiQuery<TermsQuery>,
) -> Result<Response, Problem> {
    let kind = live.kind;
    if query.filter.parent.is_some() && kind != TermKind::Category {
        let detail = "unknown parameter; only categories have parents";
        return Err(
            Problem::new(codes::INVALID_QUERY, detail).with_error(FieldError::query(
                "parent",
                "unknown_parameter",
                detail,
            )),
        );
    }
    let pages = live.pages(&[segment(kind)], query.page)?;
    pages.answer(ask!(
        live,
        taxonomy.terms(kind, &query.filter, pages.query())
    ))
}
