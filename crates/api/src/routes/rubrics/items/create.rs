//! `POST /v1/connections/{id}/rubrics/{rid}/items`.

use axum::response::Response;
use callweave_model::owned::{RubricItem, RubricItemDraft};
use http::StatusCode;

use super::RubricPath;
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// Adds a point or question to a rubric.
///
/// The answer shows it as the vendor keeps it.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/rubrics/{rid}/items",
    tag = "rubrics",
    params(RubricPath),
    request_body(content = RubricItemDraft, example = json!({"text": "Did the agent say their name?"})),
    responses(
        (status = 201, description = "The point or question.", body = RubricItem, headers(("Location" = String, description = "Its address, where the vendor tells its id."))),
        Secured,
        BadBody,
        LiveProblems,
    ),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn create_rubric_item(
    live: Live<VendorWrite, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricPath>,
    OwnedJson(draft): OwnedJson<RubricItemDraft>,
) -> Result<Response, Problem> {
    let rubric = path.rid.as_str();
    let item = ask!(live, rubrics.create_rubric_item(rubric, &draft));
    match &item.remote_id {
        Some(id) => live.created(&["rubrics", rubric, "items", id], &item),
        None => respond::json(StatusCode::CREATED, &item),
    }
}
