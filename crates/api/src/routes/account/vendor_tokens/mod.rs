//! The tokens of the vendor's account.

mod create;
mod delete;
mod list;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, live::paths};

paths! {
    /// One token.
    VendorTokenPath { tid: "The vendor's id of the token." }
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(
            list::list_vendor_tokens,
            create::create_vendor_token
        ))
        .routes(routes!(delete::delete_vendor_token))
}
