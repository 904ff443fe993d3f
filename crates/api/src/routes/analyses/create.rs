//! `POST /v1/analyses`.

use axum::{
    extract::{FromRequest as _, Request, State},
    response::Response,
};

use super::upload;
use crate::{
    ApiState,
    audit::Witness,
    extract::{ApiJson, Authorized},
    idempotency::{RequiredKey, is_form},
    problem::{
        BadBody, Conflict, NotFound, OptionalFeature, Problem, Quota, Secured, Vendor, codes,
    },
    routes::{connections, jobs},
    scope::JobsWrite,
    trace,
    wire::{
        job::JobDocument,
        order::{AnalysisForm, AnalysisInput},
    },
};

/// Has a vendor analyse something.
///
/// The work is recorded before it is sent, and sent once. As JSON, for what the vendor has or
/// fetches itself: the answer comes at once, and the job says how it goes on. As a form, for a
/// file: the parts may come in any order, and the answer comes when the vendor has answered. The
/// file is put aside until the form has ended, then sent; behind a part `submission`, which says all
/// the rest, it goes to the vendor while it comes in. It is not kept. Under the same
/// `Idempotency-Key` the fields, the file's name and its type must be the same; the file is hashed
/// while it is read, and another one is refused (422) once it has been read. A caller that breaks off
/// has sent nothing; where the file was on its way already, the job is `failed`: the vendor never
/// got the whole file.
///
/// The job is `completed` when the call is stored with its analysis. When no answer came from the
/// vendor, it is looked for there; where the vendor cannot tell, the job stays `outcome_unknown`.
#[utoipa::path(
    post,
    path = "/v1/analyses",
    tag = "jobs",
    params(RequiredKey),
    request_body(
        content(
            (AnalysisInput = "application/json", examples(
                ("vendor_call" = (
                    summary = "A call that the vendor has",
                    value = json!({
                        "connection_id": "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d",
                        "source": {"type": "vendor_call", "call_remote_id": "1760000000.101"},
                        "call": {
                            "started_at": "2026-03-02T09:15:00Z",
                            "direction": "inbound",
                            "agent_name": "Nadia Example",
                            "customer_id": "C-42"
                        },
                        "external_refs": [{"system": "crm", "type": "deal", "id": "4711"}]
                    }),
                )),
                ("recording_url" = (
                    summary = "A recording that the vendor fetches",
                    value = json!({
                        "connection_id": "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d",
                        "source": {"type": "recording_url", "url": "https://recordings.example.com/101.mp3"},
                        "call": {"started_at": "2026-03-02T09:15:00Z", "duration_ms": 184_000}
                    }),
                )),
                ("chat" = (
                    summary = "A chat",
                    value = json!({
                        "connection_id": "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d",
                        "source": {"type": "chat", "text": "Operator: Hello\nClient: Is the red umbrella there?"}
                    }),
                )),
            )),
            (AnalysisForm = "multipart/form-data", example = json!({
                "connection_id": "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d",
                "started_at": "2026-03-02T09:15:00Z",
                "direction": "inbound",
                "file": "the bytes of the recording"
            })),
        ),
    ),
    responses(
        (status = 202, description = "The job.", body = JobDocument, headers(("Location" = String, description = "Where to follow it."))),
        Secured,
        BadBody,
        NotFound,
        Conflict,
        Quota,
        OptionalFeature,
        Vendor,
    ),
    security(("bearer" = ["jobs:write"])),
)]
pub(crate) async fn create_analysis(
    authorized: Authorized<JobsWrite>,
    State(state): State<ApiState>,
    key: RequiredKey,
    witness: Witness,
    request: Request,
) -> Result<Response, Problem> {
    if is_form(request.headers()) {
        let tasks = state.tasks().clone();
        let receiving = upload::receive(state, authorized.caller, key, witness, request);
        // In a task of its own: a caller who leaves does not stop it half-way.
        return match tasks.spawn(trace::carry(receiving)).await {
            Ok(answer) => answer,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_canceled) => Err(Problem::new(
                    codes::UNAVAILABLE,
                    "the gateway is shutting down",
                )),
            },
        };
    }
    let tenant = authorized.caller.tenant;
    let ApiJson(input) = ApiJson::<AnalysisInput>::from_request(request, &state).await?;
    let connection_id = input.connection_id;
    let order = input.check(None)?;
    let mut tx = state.store().tenant(tenant).await?;
    let connection = connections::find(&mut tx, connection_id.0)
        .await
        .map_err(|problem| problem.at_member("/connection_id"))?;
    tx.commit().await?;
    let requester = jobs::requester(&authorized.caller, key, &witness);
    let accepted = Box::pin(state.jobs().accept_analysis(&connection, &requester, order)).await?;
    jobs::answer(&state, tenant, &witness, accepted).await
}
