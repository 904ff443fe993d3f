//! `GET /v1/connections/{id}/voice-agents`.

use axum::response::Response;
use callweave_model::owned::VoiceAgent;

use crate::{
    extract::ApiQuery,
    live::{ConnectionPath, Live, PlainPage, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    scope::VendorRead,
    wire::live::LiveList,
};

/// Lists voice agents.
///
/// A list may tell less of each than the agent itself does.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/voice-agents",
    tag = "voice-agents",
    params(ConnectionPath, PlainPage),
    responses((status = 200, description = "A page of voice agents.", body = LiveList<VoiceAgent>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_voice_agents(
    live: Live<VendorRead, needs::Agents>,
    ApiQuery(PlainPage(page)): ApiQuery<PlainPage>,
) -> Result<Response, Problem> {
    let pages = live.pages(&["voice-agents"], page)?;
    pages.answer(ask!(live, agents.agents(pages.query())))
}
