//! `DELETE /v1/connections/{id}/voice-agents/{aid}/schedule/{sid}`.

use axum::response::Response;
use callweave_provider::agents::LastSlot;

use super::SlotPath;
use crate::{
    extract::{
        ApiPath, ApiQuery,
        query::{FromQuery, Param, Query, document_query},
    },
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Refused, Secured},
    respond,
    routes::voice_agents::confirm,
    scope::VendorWrite,
};

/// What is confirmed.
#[derive(Debug)]
pub(crate) struct LastSlotQuery {
    last: LastSlot,
}

impl FromQuery for LastSlotQuery {
    const PARAMS: &'static [Param] = &[confirm(
        &["last"],
        "`last`: the rule may go although it is the last one, after which the agent may call at any time.",
    )];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let last = match query.text("confirm") {
            Some(_) => LastSlot::MayGo,
            None => LastSlot::Keep,
        };
        Ok(Self { last })
    }
}
document_query!(LastSlotQuery);

/// Deletes a rule about when a voice agent may call.
///
/// Without any rule an agent may call at any time, so the last one goes only with `confirm=last`.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}/voice-agents/{aid}/schedule/{sid}",
    tag = "voice-agents",
    params(SlotPath, LastSlotQuery),
    responses((status = 204, description = "It is gone."), Secured, BadQuery, Refused, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn delete_time_slot(
    live: Live<VendorWrite, needs::Agents>,
    ApiPath(path): ApiPath<SlotPath>,
    ApiQuery(query): ApiQuery<LastSlotQuery>,
) -> Result<Response, Problem> {
    let (agent, slot) = (path.aid.as_str(), path.sid.as_str());
    ask!(live, agents.delete_slot(agent, slot, query.last));
    Ok(respond::no_content())
}
