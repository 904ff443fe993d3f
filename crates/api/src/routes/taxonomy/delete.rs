//! `DELETE /v1/connections/{id}/tags/{tid}`, and the same for the other kinds.

use axum::response::Response;

use super::{TermPath, Terms};
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::ask,
    problem::{BadQuery, Live as LiveProblems, Problem, Refused, Secured},
    respond,
    scope::VendorWrite,
};

/// Deletes a {term} at the vendor.
///
/// Calls that carry it already show it until they are fetched again.
#[utoipa::path(
    delete,
    path = "/v1/connections/{id}/{terms}/{tid}",
    tag = "taxonomies",
    params(TermPath),
    responses((status = 204, description = "It is gone."), Secured, BadQuery, Refused, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn delete_term(
    live: Terms<VendorWrite>,
    ApiPath(path): ApiPath<TermPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let (kind, term) = (live.kind, path.tid.as_str());
    ask!(live, taxonomy.delete_term(kind, term));
    Ok(respond::no_content())
}
