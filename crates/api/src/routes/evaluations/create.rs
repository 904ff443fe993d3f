//! `POST /v1/connections/{id}/evaluations`.

use axum::response::Response;
use callweave_model::owned::{Evaluation, EvaluationDraft};

use crate::{
    live::{ConnectionPath, Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    scope::VendorWrite,
};

/// Writes an evaluation.
///
/// The vendor lets the writer choose the id: an id in use may be written over.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/evaluations",
    tag = "evaluations",
    params(ConnectionPath),
    request_body(content = EvaluationDraft, example = json!({
        "remote_id": "900001", "call_remote_id": "5139000983", "rubric_remote_id": "1",
        "rubric_name": "Greeting", "application_remote_id": "1", "result": {},
    })),
    responses(
        (status = 201, description = "The evaluation.", body = Evaluation, headers(("Location" = String, description = "Its address."))),
        Secured,
        BadBody,
        LiveProblems,
    ),
    security(("bearer" = ["vendor:write"])),
)]
pub(crate) async fn create_evaluation(
    live: Live<VendorWrite, needs::Evaluations>,
    OwnedJson(draft): OwnedJson<EvaluationDraft>,
) -> Result<Response, Problem> {
    let evaluation = ask!(live, evaluations.create_evaluation(&draft));
    live.created(&["evaluations", &evaluation.remote_id], &evaluation)
}
