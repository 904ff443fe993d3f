//! `PATCH /v1/connections/{id}/rubrics/{rid}`.

use axum::response::Response;
use callweave_model::owned::{Rubric, RubricChange};

use super::RubricPath;
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// Changes a rubric.
///
/// The body is a JSON merge patch: members that are missing stay as they are, `null` clears.
#[utoipa::path(
    patch,
    path = "/v1/connections/{id}/rubrics/{rid}",
    tag = "rubrics",
    params(RubricPath),
    request_body(content = RubricChange, example = json!({"name": "Greeting, second version"})),
    responses((status = 200, description = "The rubric.", body = Rubric), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn update_rubric(
    live: Live<VendorWrite, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricPath>,
    OwnedJson(change): OwnedJson<RubricChange>,
) -> Result<Response, Problem> {
    respond::ok(&ask!(
        live,
        rubrics.update_rubric(path.rid.as_str(), &change)
    ))
}
