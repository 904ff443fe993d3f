//! `DELETE /v1/connections/{id}/voice-agents/{aid}/inputs/{fid}`, and the same for outputs.

use axum::response::Response;

use super::{FieldPath, Side};
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Refused, Secured},
    respond,
    scope::VendorWrite,
};

/// Deletes an {field} of a voice agent.
///
/// Dialogs that were had with it keep their values.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}/voice-agents/{aid}/{fields}/{fid}",
    tag = "voice-agents",
    params(FieldPath),
    responses((status = 204, description = "It is gone."), Secured, BadQuery, Refused, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn delete_agent_field(
    live: Live<VendorWrite, needs::Agents>,
    Side(side): Side,
    ApiPath(path): ApiPath<FieldPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let (agent, field) = (path.aid.as_str(), path.fid.as_str());
    ask!(live, agents.delete_field(agent, side, field));
    Ok(respond::no_content())
}
