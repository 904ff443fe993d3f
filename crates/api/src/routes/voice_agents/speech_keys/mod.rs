//! The keys of speech services that a voice agent uses. None is ever shown.

mod list;
mod update;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, live::paths};

paths! {
    /// One speech key of an agent.
    SpeechKeyPath {
        aid: "The vendor's id of the voice agent.",
        kid: "The vendor's id of the speech key.",
    }
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_speech_keys))
        .routes(routes!(update::update_speech_key))
}
