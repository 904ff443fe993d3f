//! `PATCH /v1/connections/{id}/voice-agents/{aid}/schedule/{sid}`.

use axum::response::Response;
use callweave_model::owned::{TimeSlot, TimeSlotChange};

use super::SlotPath;
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// Changes a rule about when a voice agent may call.
///
/// Members that are missing stay as they are.
#[utoipa::path(
    patch,
    path = "/v1/connections/{id}/voice-agents/{aid}/schedule/{sid}",
    tag = "voice-agents",
    params(SlotPath),
    request_body(content = TimeSlotChange, example = json!({"not_after": "17:30"})),
    responses((status = 200, description = "The rule.", body = TimeSlot), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn update_time_slot(
    live: Live<VendorWrite, needs::Agents>,
    ApiPath(path): ApiPath<SlotPath>,
    OwnedJson(change): OwnedJson<TimeSlotChange>,
) -> Result<Response, Problem> {
    let (agent, slot) = (path.aid.as_str(), path.sid.as_str());
    respond::ok(&ask!(live, agents.update_slot(agent, slot, &change)))
}
