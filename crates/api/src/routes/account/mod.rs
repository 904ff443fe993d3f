//! The account at the vendor: usage, tokens, conditions, the vendor's own search and procedures.

mod notification_conditions;
mod rpc;
mod search_calls;
mod usage;
mod vendor_tokens;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(usage::get_usage))
        .merge(vendor_tokens::router())
        .routes(routes!(
            notification_conditions::list_notification_conditions
        ))
        .routes(routes!(rpc::call_rpc))
        .routes(routes!(search_calls::search_vendor_calls))
}
