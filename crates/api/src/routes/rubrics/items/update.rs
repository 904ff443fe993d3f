//! `PATCH /v1/connections/{id}/rubrics/{rid}/items/{iid}`.

use axum::response::Response;
use callweave_model::owned::{RubricItem, RubricItemDraft};

use super::RubricItemPath;
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// Changes the text of a point or question.
///
/// The text is replaced whole. Scores that calls got by the old one stay.
#[utoipa::path(
    patch,
    path = "/v1/connections/{id}/rubrics/{rid}/items/{iid}",
    tag = "rubrics",
    params(RubricItemPath),
    request_body(content = RubricItemDraft, example = json!({"text": "Did the agent say their name and ask how to help?"})),
    responses((status = 200, description = "The point or question.", body = RubricItem), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn update_rubric_item(
    live: Live<VendorWrite, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricItemPath>,
    OwnedJson(draft): OwnedJson<RubricItemDraft>,
) -> Result<Response, Problem> {
    let (rubric, item) = (path.rid.as_str(), path.iid.as_str());
    respond::ok(&ask!(
        live,
        rubrics.update_rubric_item(rubric, item, &draft)
    ))
}
