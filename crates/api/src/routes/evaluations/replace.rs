//! `PUT /v1/connections/{id}/evaluations/{eid}`.

use axum::response::Response;
use callweave_model::owned::{Evaluation, EvaluationDraft};

use super::EvaluationPath;
use crate::{
    extract::ApiPath,
    live::{Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorWrite,
};

/// Replaces an evaluation as a whole.
///
/// The id stands in the address; one in the body must be the same.
#[utoipa::path(
    put,
    path = "/v1/connections/{id}/evaluations/{eid}",
    tag = "evaluations",
    params(EvaluationPath),
    request_body(content = EvaluationDraft, example = json!({
        "call_remote_id": "5139000983", "rubric_remote_id": "1", "rubric_name": "Greeting",
        "application_remote_id": "1", "result": {},
    })),
    responses((status = 200, description = "The evaluation.", body = Evaluation), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn replace_evaluation(
    live: Live<VendorWrite, needs::Evaluations>,
    ApiPath(path): ApiPath<EvaluationPath>,
    OwnedJson(draft): OwnedJson<EvaluationDraft>,
) -> Result<Response, Problem> {
    let evaluation = path.eid.as_str();
    if draft
        .remote_id
        .as_deref()
        .is_some_and(|given| given != evaluation)
    {
        return Err(Problem::invalid_member(
            "/remote_id",
            "must be the id in the address",
        ));
    }
    respond::ok(&ask!(
        live,
        evaluations.replace_evaluation(evaluation, &draft)
    ))
}
