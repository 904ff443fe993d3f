//! API keys.

mod create;
mod get;
mod list;
mod revoke;
mod rotate;

use callweave_model::ApiKeyId;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_api_keys, create::create_api_key))
        .routes(routes!(get::get_api_key, revoke::revoke_api_key))
        .routes(routes!(rotate::rotate_api_key))
}

/// The address of a key.
fn address(id: ApiKeyId) -> String {
    format!("/v1/api-keys/{id}")
}
