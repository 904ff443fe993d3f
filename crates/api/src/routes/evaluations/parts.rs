//! `GET /v1/connections/{id}/evaluation-parts/{part}`.

use axum::response::Response;
use callweave_model::owned::EvaluationPart;
use serde::Deserialize;

use super::{PartWord, list::EvaluationsQuery, part};
use crate::{
    extract::{ApiPath, ApiQuery},
    live::{ConnectionPath, Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    scope::VendorTalkRead,
    wire::live::LiveList,
};

#[derive(Debug, Deserialize)]
pub(crate) struct PartsPath {
    part: String,
}

/// Lists a part over many evaluations.
///
/// Some of the vendor's lists do not tell to which evaluation an entry belongs; ask for one call,
/// or for the part of one evaluation, where that matters.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/evaluation-parts/{part}",
    tag = "evaluations",
    params(ConnectionPath, PartWord, EvaluationsQuery),
    responses((status = 200, description = "A page of entries.", body = LiveList<EvaluationPart>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read", "transcripts:read"])),
)]
pub(crate) async fn list_evaluation_parts(
    live: Live<VendorTalkRead, needs::Evaluations>,
    ApiPath(path): ApiPath<PartsPath>,
    ApiQuery(query): ApiQuery<EvaluationsQuery>,
) -> Result<Response, Problem> {
    let part = part(&path.part)?;
    let call = query.call.as_deref();
    let pages = live.pages(&["evaluation-parts", &path.part], query.page)?;
    pages.answer(ask!(live, evaluations.parts(part, call, pages.query())))
}
