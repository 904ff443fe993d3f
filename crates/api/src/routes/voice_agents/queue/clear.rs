//! `DELETE /v1/connections/{id}/voice-agents/{aid}/queue`.

use axum::response::Response;

use crate::{
    extract::{
        ApiPath, ApiQuery,
        query::{FromQuery, Param, Query, document_query},
    },
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Refused, Secured},
    respond,
    routes::voice_agents::{AgentPath, confirm, unconfirmed},
    scope::VendorWrite,
};

/// What is confirmed.
#[derive(Debug)]
pub(crate) struct ClearQuery {
    confirmed: bool,
}

impl FromQuery for ClearQuery {
    const PARAMS: &'static [Param] = &[confirm(
        &["all"],
        "`all`: every dialog is meant. Nothing is deleted without it.",
    )];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            confirmed: query.text("confirm").is_some(),
        })
    }
}
document_query!(ClearQuery);

/// Deletes every dialog that waits for a voice agent.
///
/// Needs `confirm=all`: there is no way back.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}/voice-agents/{aid}/queue",
    tag = "voice-agents",
    params(AgentPath, ClearQuery),
    responses((status = 204, description = "The queue is empty."), Secured, BadQuery, Refused, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn clear_queue(
    live: Live<VendorWrite, needs::Dialogs>,
    ApiPath(path): ApiPath<AgentPath>,
    ApiQuery(query): ApiQuery<ClearQuery>,
) -> Result<Response, Problem> {
    if !query.confirmed {
        let detail = "this would delete every dialog that waits for the agent";
        return Err(unconfirmed("all", detail));
    }
    ask!(live, dialogs.clear_queue(path.aid.as_str()));
    Ok(respond::no_content())
}
