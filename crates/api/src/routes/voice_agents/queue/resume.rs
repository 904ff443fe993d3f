//! `POST /v1/connections/{id}/voice-agents/{aid}/queue/resume`.

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

/// Takes all stopped dialogs of a voice agent into the queue again.
///
/// The agent goes on calling within its rules.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/voice-agents/{aid}/queue/resume",
    tag = "voice-agents",
    params(AgentPath),
    responses((status = 200, description = "What the vendor answered.", body = VendorAnswer), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn resume_queue(
    live: Live<VendorWrite, needs::Dialogs>,
    ApiPath(path): ApiPath<AgentPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let vendor_answer = ask!(live, dialogs.resume_queue(path.aid.as_str()));
    respond::ok(&VendorAnswer { vendor_answer })
}
