//! `GET /v1/connections/{id}/voice-agents/{aid}/campaigns`.

use axum::response::Response;
use callweave_model::owned::Campaign;

use crate::{
    extract::{
        ApiPath, ApiQuery,
        query::{FromQuery, Kind, Param, Query, document_query},
    },
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    routes::voice_agents::AgentPath,
    scope::VendorRead,
    wire::live::LiveList,
};

/// Which campaigns are listed.
#[derive(Debug)]
pub(crate) struct CampaignsQuery {
    completed: Option<bool>,
}

impl FromQuery for CampaignsQuery {
    const PARAMS: &'static [Param] = &[Param::new(
        "completed",
        Kind::Boolean,
        "Only those of which everything is done, or only the others.",
    )];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            completed: query.boolean("completed"),
        })
    }
}
document_query!(CampaignsQuery);

/// Lists the campaigns of a voice agent.
///
/// They come whole; `next_cursor` is always `null`.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/voice-agents/{aid}/campaigns",
    tag = "voice-agents",
    params(AgentPath, CampaignsQuery),
    responses((status = 200, description = "The campaigns.", body = LiveList<Campaign>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_campaigns(
    live: Live<VendorRead, needs::Dialogs>,
    ApiPath(path): ApiPath<AgentPath>,
    ApiQuery(query): ApiQuery<CampaignsQuery>,
) -> Result<Response, Problem> {
    let campaigns = ask!(live, dialogs.campaigns(path.aid.as_str(), query.completed));
    respond::ok(&LiveList::whole(campaigns))
}
