//! `POST /v1/connections/{id}/voice-agents/{aid}/schedule`.

use axum::response::Response;
use callweave_model::owned::{TimeSlot, TimeSlotDraft};

use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    routes::voice_agents::AgentPath,
    scope::VendorWrite,
};

/// Adds a rule about when a voice agent may call.
///
/// The agent may call on that day between two times, in the zone that it names.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/voice-agents/{aid}/schedule",
    tag = "voice-agents",
    params(AgentPath),
    request_body(content = TimeSlotDraft, example = json!({"day": 0, "not_before": "09:00", "not_after": "18:00"})),
    responses(
        (status = 201, description = "The rule.", body = TimeSlot, headers(("Location" = String, description = "Its address."))),
        Secured,
        BadBody,
        LiveProblems,
    ),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn create_time_slot(
    live: Live<VendorWrite, needs::Agents>,
    ApiPath(path): ApiPath<AgentPath>,
    OwnedJson(draft): OwnedJson<TimeSlotDraft>,
) -> Result<Response, Problem> {
    let agent = path.aid.as_str();
    let slot = ask!(live, agents.create_slot(agent, &draft));
    let address = ["voice-agents", agent, "schedule", &slot.remote_id];
    live.created(&address, &slot)
}
