//! `POST /v1/connections/{id}/rubrics/{rid}/toggle`.

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::RubricPath;
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
    wire::live::VendorAnswer,
};

/// What is sent to the vendor's own toggle.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToggleInput {
    /// The body, as the vendor takes it; its document does not say how.
    #[schema(value_type = Object, example = json!({"id": 1}))]
    vendor_body: Map<String, Value>,
}

/// Sends the vendor's own toggle.
///
/// The vendor does not document what its toggle takes, so the caller writes the body, and the
/// vendor's answer comes back as it is. `activate` and `deactivate` are the documented way.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/rubrics/{rid}/toggle",
    tag = "rubrics",
    params(RubricPath),
    request_body(content = ToggleInput, example = json!({"vendor_body": {"active": true}})),
    responses((status = 200, description = "What the vendor answered.", body = VendorAnswer), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn toggle_rubric(
    live: Live<VendorWrite, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricPath>,
    OwnedJson(input): OwnedJson<ToggleInput>,
) -> Result<Response, Problem> {
    let rubric = path.rid.as_str();
    let vendor_answer = ask!(live, rubrics.toggle_rubric(rubric, &input.vendor_body));
    respond::ok(&VendorAnswer { vendor_answer })
}
