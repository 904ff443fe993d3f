//! `DELETE /v1/connections/{id}/vendor-tokens/{tid}`.

use axum::response::Response;

use super::VendorTokenPath;
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Refused, Secured},
    respond,
    scope::VendorWrite,
};

/// Deletes a token of the account.
///
/// The one that this connection works with is refused.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}/vendor-tokens/{tid}",
    tag = "vendor-account",
    params(VendorTokenPath),
    responses((status = 204, description = "It is gone."), Secured, BadQuery, Refused, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn delete_vendor_token(
    live: Live<VendorWrite, needs::Account>,
    ApiPath(path): ApiPath<VendorTokenPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    ask!(live, account.delete_vendor_token(path.tid.as_str()));
    Ok(respond::no_content())
}
