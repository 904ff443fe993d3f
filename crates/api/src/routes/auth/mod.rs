//! Short-lived tokens in place of API keys.

mod jwks;
mod token;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(token::create_token))
}

pub(super) fn beside() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(jwks::get_signing_keys))
}
