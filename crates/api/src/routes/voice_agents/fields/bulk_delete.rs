//! `POST /v1/connections/{id}/voice-agents/{aid}/inputs/bulk-delete`, and the same for outputs.

use axum::response::Response;
use callweave_model::owned::BulkOutcome;
use serde::Deserialize;
use utoipa::{
    ToSchema,
    openapi::{Array, ArrayBuilder, ObjectBuilder, schema::Type},
};

use super::Side;
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, REMOTE_ID, RemoteId, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    routes::voice_agents::AgentPath,
    scope::VendorWrite,
};

/// Fields to be deleted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldIds {
    /// The vendor's ids of the fields.
    #[schema(schema_with = remote_ids)]
    remote_ids: Vec<String>,
}

fn remote_ids() -> Array {
    let id = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(REMOTE_ID));
    ArrayBuilder::new()
        .items(id)
        .min_items(Some(1))
        .max_items(Some(200))
        .description(Some("The vendor's ids of the fields."))
        .build()
}

/// Deletes many {fields} of a voice agent.
///
/// What the vendor leaves out, such as an id it does not know, stands in `skipped`.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/voice-agents/{aid}/{fields}/bulk-delete",
    tag = "voice-agents",
    params(AgentPath),
    request_body(content = FieldIds, example = json!({"remote_ids": ["4711", "4712"]})),
    responses((status = 200, description = "What was deleted, and what was left out.", body = BulkOutcome), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn delete_agent_fields(
    live: Live<VendorWrite, needs::Agents>,
    Side(side): Side,
    ApiPath(path): ApiPath<AgentPath>,
    OwnedJson(input): OwnedJson<FieldIds>,
) -> Result<Response, Problem> {
    let stray = |id: &String| RemoteId::new(id.clone()).is_none();
    if let Some(index) = input.remote_ids.iter().position(stray) {
        let pointer = format!("/remote_ids/{index}");
        return Err(Problem::invalid_member(&pointer, "must be an id"));
    }
    let agent = path.aid.as_str();
    respond::ok(&ask!(
        live,
        agents.delete_fields(agent, side, &input.remote_ids)
    ))
}
