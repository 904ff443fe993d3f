//! `PATCH /v1/connections/{id}/voice-agents/{aid}/speech-keys/{kid}`.

use axum::response::Response;
use callweave_model::owned::{SpeechKey, SpeechKeyChange};

use super::SpeechKeyPath;
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// Changes a speech key of a voice agent.
///
/// Members that are missing stay as they are. `value` goes in and never comes out.
#[utoipa::path(
    patch,
    path = "/v1/connections/{id}/voice-agents/{aid}/speech-keys/{kid}",
    tag = "voice-agents",
    params(SpeechKeyPath),
    request_body(content = SpeechKeyChange, example = json!({"name": "recognition, second"})),
    responses((status = 200, description = "The speech key.", body = SpeechKey), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn update_speech_key(
    live: Live<VendorWrite, needs::Agents>,
    ApiPath(path): ApiPath<SpeechKeyPath>,
    OwnedJson(change): OwnedJson<SpeechKeyChange>,
) -> Result<Response, Problem> {
    let (agent, key) = (path.aid.as_str(), path.kid.as_str());
    respond::ok(&ask!(live, agents.update_speech_key(agent, key, &change)))
}
