//! `POST /v1/connections/{id}/voice-agents/{aid}/inputs/bulk`, and the same for outputs.

use axum::response::Response;
use callweave_model::owned::{AgentFieldDraft, BulkOutcome};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Side;
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    routes::voice_agents::AgentPath,
    scope::VendorWrite,
};

/// Fields to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldsInput {
    /// The fields.
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<AgentFieldDraft>,
}

/// Adds many {fields} to a voice agent.
///
/// What the vendor leaves out, such as a name that is taken, stands in `skipped`.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/voice-agents/{aid}/{fields}/bulk",
    tag = "voice-agents",
    params(AgentPath),
    request_body(content = FieldsInput, example = json!({"items": [{"name": "city"}, {"name": "street"}]})),
    responses((status = 200, description = "What was made, and what was left out.", body = BulkOutcome), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn create_agent_fields(
    live: Live<VendorWrite, needs::Agents>,
    Side(side): Side,
    ApiPath(path): ApiPath<AgentPath>,
    OwnedJson(input): OwnedJson<FieldsInput>,
) -> Result<Response, Problem> {
    respond::ok(&ask!(
        live,
        agents.create_fields(path.aid.as_str(), side, &input.items)
    ))
}
