//! `GET /v1/connections/{id}/voice-agents/{aid}`.

use axum::response::Response;
use callweave_model::owned::VoiceAgent;

use super::AgentPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
};

/// Shows a voice agent with its settings.
///
/// Asked of the vendor just now; nothing of it is kept.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/voice-agents/{aid}",
    tag = "voice-agents",
    params(AgentPath),
    responses((status = 200, description = "The voice agent.", body = VoiceAgent), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn get_voice_agent(
    live: Live<VendorRead, needs::Agents>,
    ApiPath(path): ApiPath<AgentPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    respond::ok(&ask!(live, agents.agent(path.aid.as_str())))
}
