//! `GET /v1/connections/{id}/rubrics`.

use axum::response::Response;
use callweave_model::owned::{Rubric, RubricKind};
use callweave_provider::rubrics::RubricFilter;

use crate::{
    extract::{
        ApiQuery,
        query::{FromQuery, Kind, LIMIT, LIVE_CURSOR, Param, Query, document_query},
    },
    live::{ConnectionPath, Live, PageQuery, SEARCH, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    scope::VendorRead,
    wire::live::LiveList,
};

/// Which rubrics are listed.
#[derive(Debug)]
pub(crate) struct RubricsQuery {
    filter: RubricFilter,
    page: PageQuery,
}

impl FromQuery for RubricsQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "kind",
            Kind::Word(&["scenario", "checklist", "script"]),
            "Only of this kind; a vendor with several begins with its first one unless told.",
        ),
        Param::new(
            "active",
            Kind::Boolean,
            "`true`: only those that calls are judged by.",
        ),
        SEARCH,
        LIMIT,
        LIVE_CURSOR,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            filter: RubricFilter {
                kind: query.text("kind").as_deref().and_then(RubricKind::parse),
                active_only: query.boolean("active").unwrap_or(false),
            },
            page: PageQuery::of(query),
        })
    }
}
document_query!(RubricsQuery);

/// Lists rubrics.
///
/// Scenarios, checklists and scripts, as the vendor has them now.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/rubrics",
    tag = "rubrics",
    params(ConnectionPath, RubricsQuery),
    responses((status = 200, description = "A page of rubrics.", body = LiveList<Rubric>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_rubrics(
    live: Live<VendorRead, needs::Rubrics>,
    ApiQuery(query): ApiQuery<RubricsQuery>,
) -> Result<Response, Problem> {
    let pages = live.pages(&["rubrics"], query.page)?;
    pages.answer(ask!(live, rubrics.rubrics(&query.filter, pages.query())))
}
