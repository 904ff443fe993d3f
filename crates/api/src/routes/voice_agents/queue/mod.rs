//! What waits for a voice agent.

mod clear;
mod list;
mod remove;
mod resume;
mod stop;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, live::paths};

paths! {
    /// One dialog in the queue of an agent.
    QueuedPath {
        aid: "The vendor's id of the voice agent.",
        did: "The vendor's id of the dialog.",
    }
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_queue, clear::clear_queue))
        .routes(routes!(remove::remove_queued_dialog))
        .routes(routes!(stop::stop_queue))
        .routes(routes!(resume::resume_queue))
}
