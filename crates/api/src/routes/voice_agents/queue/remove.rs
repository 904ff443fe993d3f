//! `DELETE /v1/connections/{id}/voice-agents/{aid}/queue/{did}`.

use axum::response::Response;

use super::QueuedPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Refused, Secured},
    respond,
    scope::VendorWrite,
};

/// Deletes one dialog that waits for a voice agent.
///
/// It is not called any more; the vendor says (404) where it no longer waits.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}/voice-agents/{aid}/queue/{did}",
    tag = "voice-agents",
    params(QueuedPath),
    responses((status = 204, description = "It does not wait any more."), Secured, BadQuery, Refused, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn remove_queued_dialog(
    live: Live<VendorWrite, needs::Dialogs>,
    ApiPath(path): ApiPath<QueuedPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let (agent, dialog) = (path.aid.as_str(), path.did.as_str());
    ask!(live, dialogs.remove_queued(agent, dialog));
    Ok(respond::no_content())
}
