//! `POST /v1/connections/{id}/voice-agents/{aid}/queue/stop`.

use axum::response::Response;

use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    routes::voice_agents::AgentPath,
    scope::VendorWrite,
    wire::live::VendorAnswer,
};

/// Stops all dialogs of a voice agent.
///
/// Nothing is deleted: `resume` takes them into the queue again.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/voice-agents/{aid}/queue/stop",
    tag = "voice-agents",
    params(AgentPath),
    responses((status = 200, description = "What the vendor answered.", body = VendorAnswer), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn stop_queue(
    live: Live<VendorWrite, needs::Dialogs>,
    ApiPath(path): ApiPath<AgentPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let vendor_answer = ask!(live, dialogs.stop_queue(path.aid.as_str()));
    respond::ok(&VendorAnswer { vendor_answer })
}
