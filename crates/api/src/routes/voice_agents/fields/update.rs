//! `PATCH /v1/connections/{id}/voice-agents/{aid}/inputs/{fid}`, and the same for outputs.

use axum::response::Response;
use callweave_model::owned::{AgentField, AgentFieldChange};

use super::{FieldPath, Side};
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// Changes an {field} of a voice agent.
///
/// Members that are missing stay as they are.
#[utoipa::path(
    patch,
    path = "/v1/connections/{id}/voice-agents/{aid}/{fields}/{fid}",
    tag = "voice-agents",
    params(FieldPath),
    request_body(content = AgentFieldChange, example = json!({"name": "city_name"})),
    responses((status = 200, description = "The {field}.", body = AgentField), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn update_agent_field(
    live: Live<VendorWrite, needs::Agents>,
    Side(side): Side,
    ApiPath(path): ApiPath<FieldPath>,
    OwnedJson(change): OwnedJson<AgentFieldChange>,
) -> Result<Response, Problem> {
    let (agent, field) = (path.aid.as_str(), path.fid.as_str());
    respond::ok(&ask!(
        live,
        agents.update_field(agent, side, field, &change)
    ))
}
