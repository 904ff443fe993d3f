//! One file an operation, one folder a resource.

mod api_keys;
mod auth;
mod calls;
mod connections;
mod events;
mod system;
mod vendors;

use utoipa_axum::router::OpenApiRouter;

use crate::ApiState;

/// Everything below `/v1`, with its documentation.
pub(crate) fn versioned() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(auth::router())
        .merge(vendors::router())
        .merge(connections::router())
        .merge(calls::router())
        .merge(events::router())
        .merge(api_keys::router())
}

/// What stands beside `/v1`, with its documentation.
pub(crate) fn beside() -> OpenApiRouter<ApiState> {
    system::router().merge(auth::beside())
}
