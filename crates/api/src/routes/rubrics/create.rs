//! `POST /v1/connections/{id}/rubrics`.

use axum::response::Response;
use callweave_model::owned::{Rubric, RubricDraft};

use crate::{
    live::{ConnectionPath, Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    scope::VendorWrite,
};

/// Makes a rubric.
///
/// Members that the vendor's kind has no place for are refused with a pointer.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/rubrics",
    tag = "rubrics",
    params(ConnectionPath),
    request_body(content = RubricDraft, example = json!({"kind": "script", "name": "Greeting", "text": "Good morning, thank you for calling."})),
    responses(
        (status = 201, description = "The rubric.", body = Rubric, headers(("Location" = String, description = "Its address."))),
        Secured,
        BadBody,
        LiveProblems,
    ),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn create_rubric(
    live: Live<VendorWrite, needs::Rubrics>,
    OwnedJson(draft): OwnedJson<RubricDraft>,
) -> Result<Response, Problem> {
    let rubric = ask!(live, rubrics.create_rubric(&draft));
    live.created(&["rubrics", &rubric.remote_id], &rubric)
}
