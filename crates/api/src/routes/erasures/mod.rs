//! Erasures: a call or a person goes for good.

mod create;
mod get;
mod list;

use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_erasures, create::create_erasure))
        .routes(routes!(get::get_erasure))
}

/// The address of an erasure.
fn address(id: Uuid) -> String {
    format!("/v1/erasures/{id}")
}
