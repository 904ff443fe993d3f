//! What was asked of vendors lately.

mod list;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list::list_vendor_requests))
}
