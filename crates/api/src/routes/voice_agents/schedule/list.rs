//! `GET /v1/connections/{id}/voice-agents/{aid}/schedule`.

use axum::response::Response;
use callweave_model::owned::TimeSlot;

use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    routes::voice_agents::AgentPath,
    scope::VendorRead,
    wire::live::LiveList,
};

/// Lists when a voice agent may call.
///
/// No rule at all means that it may call **at any time**. The rules come whole; `next_cursor` is
/// always `null`.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/voice-agents/{aid}/schedule",
    tag = "voice-agents",
    params(AgentPath),
    responses((status = 200, description = "The rules.", body = LiveList<TimeSlot>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_time_slots(
    live: Live<VendorRead, needs::Agents>,
    ApiPath(path): ApiPath<AgentPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let slots = ask!(live, agents.schedule(path.aid.as_str()));
    respond::ok(&LiveList::whole(slots))
}
