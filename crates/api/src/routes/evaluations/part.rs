//! `GET /v1/connections/{id}/evaluations/{eid}/{part}`.

use axum::response::Response;
use callweave_model::owned::EvaluationPart;
use serde::Deserialize;

use super::{EvaluationPath, PartWord, part};
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, RemoteId, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorTalkRead,
    wire::live::LiveList,
};

#[derive(Debug, Deserialize)]
pub(crate) struct PartPath {
    eid: RemoteId,
    part: String,
}

/// Shows a part of an evaluation.
///
/// Its entries come whole; `next_cursor` is always `null`.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/evaluations/{eid}/{part}",
    tag = "evaluations",
    params(EvaluationPath, PartWord),
    responses((status = 200, description = "The entries.", body = LiveList<EvaluationPart>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read", "transcripts:read"])),
)]
pub(crate) async fn list_parts_of_evaluation(
    live: Live<VendorTalkRead, needs::Evaluations>,
    ApiPath(path): ApiPath<PartPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let part = part(&path.part)?;
    let entries = ask!(live, evaluations.part(path.eid.as_str(), part));
    respond::ok(&LiveList::whole(entries))
}
