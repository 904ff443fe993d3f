//! One file an operation, one folder a resource.

mod account;
mod analyses;
mod api_keys;
mod audit;
mod auth;
mod calls;
mod connections;
mod dialogs;
mod erasures;
mod evaluations;
mod events;
mod family;
mod jobs;
mod passthrough;
mod reports;
mod retention;
mod rubrics;
mod system;
mod taxonomy;
mod vendor_requests;
mod vendors;
mod voice_agents;

use utoipa_axum::router::OpenApiRouter;

use crate::ApiState;

pub(crate) use connections::{find as find_connection, note_failure};

/// Everything below `/v1`, with its documentation.
pub(crate) fn versioned() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(auth::router())
        .merge(vendors::router())
        .merge(connections::router())
        .merge(calls::router())
        .merge(erasures::router())
        .merge(retention::router())
        .merge(analyses::router())
        .merge(dialogs::router())
        .merge(jobs::router())
        .merge(events::router())
        .merge(rubrics::router())
        .merge(taxonomy::router())
        .merge(voice_agents::router())
        .merge(reports::router())
        .merge(evaluations::router())
        .merge(account::router())
        .merge(passthrough::router())
        .merge(vendor_requests::router())
        .merge(api_keys::router())
        .merge(audit::router())
}

/// What stands beside `/v1`, with its documentation.
pub(crate) fn beside() -> OpenApiRouter<ApiState> {
    system::router().merge(auth::beside())
}
