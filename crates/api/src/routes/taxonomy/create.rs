//! `POST /v1/connections/{id}/tags`, and the same for the other kinds.

use axum::response::Response;
use callweave_model::owned::{Term, TermDraft};

use super::{Terms, segment};
use crate::{
    live::{ConnectionPath, OwnedJson, ask},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    scope::VendorWrite,
};

/// Makes a {term}.
///
/// Members that {terms} of the vendor have no place for are refused with a pointer.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/{terms}",
    tag = "taxonomies",
    params(ConnectionPath),
    request_body = TermDraft,
    responses(
        (status = 201, description = "The {term}.", body = Term, headers(("Location" = String, description = "Its address."))),
        Secured,
        BadBody,
        LiveProblems,
    ),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn create_term(
    live: Terms<VendorWrite>,
    OwnedJson(draft): OwnedJson<TermDraft>,
) -> Result<Response, Problem> {
    let kind = live.kind;
    let term = ask!(live, taxonomy.create_term(kind, &draft));
    live.created(&[segment(kind), &term.remote_id], &term)
}
