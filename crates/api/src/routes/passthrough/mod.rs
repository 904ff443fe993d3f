//! Passthrough: the vendor's own operations, in its own words.

mod answer;
mod delete;
mod forward;
mod get;
mod patch;
mod path;
mod post;
mod put;

use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, live::paths};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(
        get::pass_get_through,
        post::pass_post_through,
        put::pass_put_through,
        patch::pass_patch_through,
        delete::pass_delete_through
    ))
}

/// The path of a passthrough, for the documentation.
struct VendorPath;

impl IntoParams for VendorPath {
    fn into_params(_parameter_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            paths::connection(),
            paths::text(
                "path",
                "The vendor's path below the base URL of the connection, as the vendor's document \
                 names it: segments separated by `/`, each percent-encoded once. The query goes \
                 along.",
                path::PATTERN,
            ),
        ]
    }
}
