//! `GET /v1/connections/{id}/voice-agents/{aid}/speech-keys`.

use axum::response::Response;
use callweave_model::owned::SpeechKey;

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

/// Which keys are listed.
#[derive(Debug)]
pub(crate) struct SpeechKeysQuery {
    key_type: Option<String>,
}

impl FromQuery for SpeechKeysQuery {
    const PARAMS: &'static [Param] = &[Param::new(
        "key_type",
        Kind::Text(100),
        "Only keys of this type, in the vendor's words: `asr`, `tts`.",
    )];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            key_type: query.text("key_type"),
        })
    }
}
document_query!(SpeechKeysQuery);

/// Lists the speech keys of a voice agent.
///
/// What they are called and for which service; the keys themselves are never shown. They come
/// whole; `next_cursor` is always `null`.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/voice-agents/{aid}/speech-keys",
    tag = "voice-agents",
    params(AgentPath, SpeechKeysQuery),
    responses((status = 200, description = "The speech keys.", body = LiveList<SpeechKey>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_speech_keys(
    live: Live<VendorRead, needs::Agents>,
    ApiPath(path): ApiPath<AgentPath>,
    ApiQuery(query): ApiQuery<SpeechKeysQuery>,
) -> Result<Response, Problem> {
    let agent = path.aid.as_str();
    let keys = ask!(live, agents.speech_keys(agent, query.key_type.as_deref()));
    respond::ok(&LiveList::whole(keys))
}
