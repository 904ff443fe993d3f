//! When a voice agent may call.

mod create;
mod delete;
mod list;
mod update;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, live::paths};

paths! {
    /// One rule of an agent.
    SlotPath {
        aid: "The vendor's id of the voice agent.",
        sid: "The vendor's id of the rule.",
    }
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_time_slots, create::create_time_slot))
        .routes(routes!(update::update_time_slot, delete::delete_time_slot))
}
