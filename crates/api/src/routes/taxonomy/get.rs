//! `GET /v1/connections/{id}/tags/{tid}`, and the same for the other kinds.

use axum::response::Response;
use callweave_model::owned::Term;

use super::{TermPath, Terms};
use crate::{
    extract::{ApiPath, ApiQuery, query::NoQuery},
    live::ask,
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
};

/// Shows a {term}.
///
/// Asked of the vendor just now; nothing of it is kept.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/{terms}/{tid}",
    tag = "taxonomies",
    params(TermPath),
    responses((status = 200, description = "The {term}.", body = Term), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn get_term(
    live: Terms<VendorRead>,
    ApiPath(path): ApiPath<TermPath>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let kind = live.kind;
    respond::ok(&ask!(live, taxonomy.term(kind, path.tid.as_str())))
}
