//! `POST /v1/connections/{id}/voice-agents/{aid}/inputs`, and the same for outputs.

use axum::response::Response;
use callweave_model::owned::{AgentField, AgentFieldDraft};

use super::{Side, segment};
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    routes::voice_agents::AgentPath,
    scope::VendorWrite,
};

/// Adds one {field} to a voice agent.
///
/// The answer shows it as the vendor keeps it.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/voice-agents/{aid}/{fields}",
    tag = "voice-agents",
    params(AgentPath),
    request_body = AgentFieldDraft,
    responses(
        (status = 201, description = "The {field}.", body = AgentField, headers(("Location" = String, description = "Its address."))),
        Secured,
        BadBody,
        LiveProblems,
    ),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn create_agent_field(
    live: Live<VendorWrite, needs::Agents>,
    Side(side): Side,
    ApiPath(path): ApiPath<AgentPath>,
    OwnedJson(draft): OwnedJson<AgentFieldDraft>,
) -> Result<Response, Problem> {
    let agent = path.aid.as_str();
    let field = ask!(live, agents.create_field(agent, side, &draft));
    let address = ["voice-agents", agent, segment(side), &field.remote_id];
    live.created(&address, &field)
}
