//! The recording of a call (NN-31).

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use serde_json::json;

use super::{
    answer::{message, other_error},
    auth::Authorized,
    dialog::Speech,
    query::Parameters,
    view::View,
};
use crate::{audio, random::mix, vendor::Vendor, world::Shared};

/// Nobody listens to the end, and the whole recording travels inside JSON.
const LONGEST_S: i64 = 12;
/// The greeting to a machine.
const GREETING_S: u32 = 3;

/// NN-31: a WAV file as base64 inside JSON.
pub(crate) async fn download(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    let Some(id) = parameters.get("call_uuid") else {
        return other_error("call_uuid is required");
    };
    let view = View::of(&world);
    let found = super::transcription::find(&view, id).and_then(|(_, attempt)| {
        let call = world.call(Vendor::Neuro, attempt.index)?;
        let seconds = match attempt.speech(view.seed, &call) {
            Speech::Whole => {
                u32::try_from((call.duration_ms / 1_000).clamp(1, LONGEST_S)).unwrap_or(1)
            }
            Speech::GreetingOnly => GREETING_S,
            Speech::None => return None,
        };
        Some((attempt, seconds))
    });
    let Some((attempt, seconds)) = found else {
        let text = format!("Cannot find dialog for call_uuid {id}");
        return message(StatusCode::NOT_FOUND, &text);
    };
    let recording = audio::wav(mix(&[view.seed, attempt.key(), 31]), 1, seconds);
    Json(json!({
        "file_name": format!("{}.wav", attempt.call_id),
        "data": STANDARD.encode(&recording),
    }))
    .into_response()
}
