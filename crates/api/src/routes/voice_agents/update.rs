//! `PATCH /v1/connections/{id}/voice-agents/{aid}`.

use axum::response::Response;
use callweave_model::owned::{VoiceAgent, VoiceAgentChange};

use super::{AgentPath, confirm, unconfirmed};
use crate::{
    extract::{
        ApiPath, ApiQuery,
        query::{FromQuery, Param, Query, document_query},
    },
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// What is confirmed.
#[derive(Debug)]
pub(crate) struct MoveQuery {
    confirmed: bool,
}

impl FromQuery for MoveQuery {
    const PARAMS: &'static [Param] = &[confirm(
        &["move_company"],
        "`move_company`: `company_remote_id` may take the agent out of this connection's reach.",
    )];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            confirmed: query.text("confirm").is_some(),
        })
    }
}
document_query!(MoveQuery);

/// Changes the settings of a voice agent.
///
/// The body is a JSON merge patch: members that are missing stay as they are, `null` clears. A
/// change of `company_remote_id` needs `confirm=move_company`.
#[utoipa::path(
    patch,
    path = "/v1/connections/{id}/voice-agents/{aid}",
    tag = "voice-agents",
    params(AgentPath, MoveQuery),
    request_body(content = VoiceAgentChange, example = json!({"retry_count": 3, "retry_delay_ms": 600_000})),
    responses((status = 200, description = "The voice agent.", body = VoiceAgent), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn update_voice_agent(
    live: Live<VendorWrite, needs::Agents>,
    ApiPath(path): ApiPath<AgentPath>,
    ApiQuery(query): ApiQuery<MoveQuery>,
    OwnedJson(change): OwnedJson<VoiceAgentChange>,
) -> Result<Response, Problem> {
    if !change.company_remote_id.is_keep() && !query.confirmed {
        let detail = "moving the agent to another company takes it out of this connection's reach";
        return Err(unconfirmed("move_company", detail));
    }
    respond::ok(&ask!(live, agents.update_agent(path.aid.as_str(), &change)))
}
