//! `GET /v1/connections/{id}/evaluations`.

use axum::response::Response;
use callweave_model::owned::Evaluation;

use super::CALL;
use crate::{
    extract::{
        ApiQuery,
        query::{FromQuery, LIMIT, LIVE_CURSOR, Param, Query, document_query},
    },
    live::{ConnectionPath, Live, PageQuery, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    scope::VendorTalkRead,
    wire::live::LiveList,
};

/// Which evaluations are listed.
#[derive(Debug)]
pub(crate) struct EvaluationsQuery {
    pub(super) call: Option<String>,
    pub(super) page: PageQuery,
}

impl FromQuery for EvaluationsQuery {
    const PARAMS: &'static [Param] = &[CALL, LIMIT, LIVE_CURSOR];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            call: query.text("call_remote_id"),
            page: PageQuery::of(query),
        })
    }
}
document_query!(EvaluationsQuery);

/// Lists evaluations, as the vendor writes them.
///
/// `GET /v1/calls` has them translated. They tell what was said, hence the second scope.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/evaluations",
    tag = "evaluations",
    params(ConnectionPath, EvaluationsQuery),
    responses((status = 200, description = "A page of evaluations.", body = LiveList<Evaluation>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read", "transcripts:read"])),
)]
pub(crate) async fn list_evaluations(
    live: Live<VendorTalkRead, needs::Evaluations>,
    ApiQuery(query): ApiQuery<EvaluationsQuery>,
) -> Result<Response, Problem> {
    let call = query.call.as_deref();
    let pages = live.pages(&["evaluations"], query.page)?;
    pages.answer(ask!(live, evaluations.evaluations(call, pages.query())))
}
