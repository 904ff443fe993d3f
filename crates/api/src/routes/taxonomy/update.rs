//! `PATCH /v1/connections/{id}/tags/{tid}`, and the same for the other kinds.

use axum::response::Response;
use callweave_model::owned::{Term, TermChange};

use super::{TermPath, Terms};
use crate::{
    extract::ApiPath,
    live::{OwnedJson, ask},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// Changes a {term}.
///
/// The body is a JSON merge patch: members that are missing stay as they are, `null` clears.
#[utoipa::path(
    patch,
    path = "/v1/connections/{id}/{terms}/{tid}",
    tag = "taxonomies",
    params(TermPath),
    request_body(content = TermChange, example = json!({"name": "Price objection, renamed"})),
    responses((status = 200, description = "The {term}.", body = Term), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn update_term(
    live: Terms<VendorWrite>,
    ApiPath(path): ApiPath<TermPath>,
    OwnedJson(change): OwnedJson<TermChange>,
) -> Result<Response, Problem> {
    let (kind, term) = (live.kind, path.tid.as_str());
    respond::ok(&ask!(live, taxonomy.update_term(kind, term, &change)))
}
