//! `GET /v1/connections/{id}/voice-agents/{aid}/inputs`, and the same for outputs.

use axum::response::Response;
use callweave_model::owned::AgentField;

use super::Side;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    routes::voice_agents::AgentPath,
    scope::VendorRead,
    wire::live::LiveList,
};

/// Lists the {fields} of a voice agent.
///
/// They come whole; `next_cursor` is always `null`.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/voice-agents/{aid}/{fields}",
    tag = "voice-agents",
    params(AgentPath),
    responses((status = 200, description = "The {fields}.", body = LiveList<AgentField>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_agent_fields(
    live: Live<VendorRead, needs::Agents>,
    Side(side): Side,
    ApiPath(path): ApiPath<AgentPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let fields = ask!(live, agents.fields(path.aid.as_str(), side));
    respond::ok(&LiveList::whole(fields))
}
