//! `GET /v1/connections/{id}/vendor-tokens`.

use axum::response::Response;
use callweave_model::owned::VendorToken;

use crate::{
    extract::{ApiQuery, query::NoQuery},
    live::{ConnectionPath, Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
    wire::live::LiveList,
};

/// Lists the tokens of the account.
///
/// Each is shown by its last characters only. They come whole; `next_cursor` is always `null`.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/vendor-tokens",
    tag = "vendor-account",
    params(ConnectionPath),
    responses((status = 200, description = "The tokens.", body = LiveList<VendorToken>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_vendor_tokens(
    live: Live<VendorRead, needs::Account>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tokens = ask!(live, account.vendor_tokens());
    for token in &mut tokens {
        // Only the answer that makes a token may show it, whatever an adapter does.
        token.token = None;
    }
    respond::ok(&LiveList::whole(tokens))
}
