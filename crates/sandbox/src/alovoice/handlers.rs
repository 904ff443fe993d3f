//! The two methods and the audio.

use axum::{
    extract::{FromRequestParts, Path, RawPathParams, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde_json::{Value, json};

use super::{
    analysis::{self, Phase},
    answer::{page, wrapped},
    ids, render,
};
use crate::{
    audio,
    call::Call,
    random::mix,
    vendor::Vendor,
    world::{
        Shared, World,
        ledger::{Action, LedgerEvent},
        tokens::TokenKind,
    },
};

/// Proof that the path carries the account's token, and the call it names.
#[derive(Debug)]
pub(super) struct Caller {
    call_id: String,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, world: &Shared) -> Result<Self, Response> {
        let params = RawPathParams::from_request_parts(parts, world)
            .await
            .map_err(IntoResponse::into_response)?;
        let param = |name| {
            params
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.to_owned())
        };
        let token = param("token").unwrap_or_default();
        world
            .check_token(Vendor::AloVoice, TokenKind::Access, &token)
            .map_err(|_problem| page(StatusCode::FORBIDDEN))?;
        Ok(Self {
            call_id: param("call_id").unwrap_or_default(),
        })
    }
}

fn find(world: &World, call_id: &str) -> Option<Call> {
    let index = ids::find_call(world, call_id)?;
    world.call(Vendor::AloVoice, index)
}

/// What is said of a call nobody knows; the document is silent about it.
fn unknown(world: &World, request: &HeaderMap) -> Response {
    if world.options().alovoice_unknown_is_null {
        wrapped(request, &Value::Null)
    } else {
        page(StatusCode::NOT_FOUND)
    }
}

/// AV-01: a GET that begins an analysis, each time it is sent.
pub(super) async fn submit(
    caller: Caller,
    State(world): State<Shared>,
    request: HeaderMap,
) -> Response {
    let found = find(&world, &caller.call_id);
    let (action, hits) = match &found {
        Some(call) => {
            let running = matches!(analysis::phase(&world, call), Phase::Pending(_));
            (
                Action::Submitted,
                world.alovoice.submit(call.index, running, world.now()),
            )
        }
        None => (Action::Rejected, 0),
    };
    let event = LedgerEvent {
        vendor: Vendor::AloVoice,
        kind: "submission",
        id: caller.call_id.clone(),
        call_id: Some(caller.call_id.clone()),
        version: hits.max(1),
        action,
        facts: json!({"hits": hits}),
    };
    world.ledger.append(world.now(), event);
    let Some(call) = found else {
        return unknown(&world, &request);
    };
    let begun_at = match analysis::phase(&world, &call) {
        Phase::Pending(begun_at) | Phase::Ready(begun_at) => begun_at,
        Phase::New => world.now(),
    };
    wrapped(
        &request,
        &render::pending(&world, &call, &caller.call_id, begun_at),
    )
}

/// AV-02
pub(super) async fn result(
    caller: Caller,
    State(world): State<Shared>,
    request: HeaderMap,
) -> Response {
    let Some(call) = find(&world, &caller.call_id) else {
        return unknown(&world, &request);
    };
    match analysis::phase(&world, &call) {
        Phase::New => unknown(&world, &request),
        Phase::Pending(begun_at) => wrapped(
            &request,
            &render::pending(&world, &call, &caller.call_id, begun_at),
        ),
        Phase::Ready(begun_at) => wrapped(
            &request,
            &render::ready(&world, &call, &caller.call_id, begun_at),
        ),
    }
}

/// AV-03: the path that `stereoaudio` names. The document shows no token for it.
pub(super) async fn audio(State(world): State<Shared>, Path(call_id): Path<String>) -> Response {
    let Some(call) = find(&world, &call_id) else {
        return page(StatusCode::NOT_FOUND);
    };
    let key = mix(&call.key(world.config.seed, 0xa0d1));
    let seconds = 3 + u32::try_from(key % 4).unwrap_or(0);
    let recording = audio::wav(key, 2, seconds);
    ([(header::CONTENT_TYPE, "audio/wav")], recording).into_response()
}
