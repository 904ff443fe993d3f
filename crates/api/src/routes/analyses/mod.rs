//! Analyses that vendors are asked for.

mod create;
mod form;
mod reader;
mod spool;
mod upload;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create::create_analysis))
}
