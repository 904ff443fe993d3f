//! `POST /v1/connections/{id}/vendor-tokens`.

use axum::response::Response;
use callweave_model::owned::{VendorToken, VendorTokenDraft};

use crate::{
    live::{ConnectionPath, Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    scope::VendorWrite,
};

/// Makes a token of the account.
///
/// `token` is shown this once. The connection goes on with its own.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/vendor-tokens",
    tag = "vendor-account",
    params(ConnectionPath),
    request_body(content = VendorTokenDraft, example = json!({"name": "reporting"})),
    responses(
        (status = 201, description = "The token.", body = VendorToken, headers(("Location" = String, description = "Its address."))),
        Secured,
        BadBody,
        LiveProblems,
    ),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn create_vendor_token(
    live: Live<VendorWrite, needs::Account>,
    OwnedJson(draft): OwnedJson<VendorTokenDraft>,
) -> Result<Response, Problem> {
    let token = ask!(live, account.create_vendor_token(&draft));
    live.created(&["vendor-tokens", &token.remote_id], &token)
}
