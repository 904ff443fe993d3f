//! How long the tenant keeps what.

mod get;
mod replace;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::ApiState;

/// The address of the rules.
const ADDRESS: &str = "/v1/retention";

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get::get_retention, replace::replace_retention))
}
