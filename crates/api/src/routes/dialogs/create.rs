//! `POST /v1/dialogs`.

use axum::{extract::State, response::Response};
use callweave_jobs::DialogOrder;

use crate::{
    ApiState,
    audit::Witness,
    extract::{ApiJson, Authorized},
    idempotency::RequiredKey,
    problem::{BadBody, Conflict, NotFound, OptionalFeature, Problem, Secured},
    routes::{connections, jobs},
    scope::JobsWrite,
    wire::{
        input::Check,
        job::JobDocument,
        order::{BatchDialogInput, DialogInput},
    },
};

/// Has a voice agent call somebody.
///
/// The dialog is recorded and started soon, once. The job is completed when the outcome of the
/// call is stored; while the dialog waits in the vendor's queue it can be taken back.
#[utoipa::path(
    post,
    path = "/v1/dialogs",
    tag = "jobs",
    params(RequiredKey),
    request_body(
        content = DialogInput,
        example = json!({
            "connection_id": "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d",
            "agent": "6f1c2f0e-0000-4000-8000-000000000001",
            "phone": "+99990001122",
            "script": "reminder",
            "inputs": {"name": "Nadia Example", "debt": 120},
            "external_refs": [{"system": "crm", "type": "deal", "id": "4711"}]
        }),
    ),
    responses(
        (status = 202, description = "It will be started.", body = JobDocument, headers(("Location" = String, description = "Where to follow it."))),
        Secured,
        BadBody,
        NotFound,
        Conflict,
        OptionalFeature,
    ),
    security(("bearer" = ["jobs:write"])),
)]
pub(crate) async fn create_dialog(
    authorized: Authorized<JobsWrite>,
    State(state): State<ApiState>,
    key: RequiredKey,
    witness: Witness,
    ApiJson(input): ApiJson<DialogInput>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let mut check = Check::default();
    let target = check.target(input.agent, input.batch, input.campaign);
    let (request, attachment) = check.dialog(
        "",
        BatchDialogInput {
            phone: input.phone,
            script: input.script,
            script_entry_point: input.script_entry_point,
            inputs: input.inputs,
            external_refs: input.external_refs,
            client_metadata: input.client_metadata,
        },
    );
    check.finish()?;
    let mut tx = state.store().tenant(tenant).await?;
    let connection = connections::find(&mut tx, input.connection_id.0)
        .await
        .map_err(|problem| problem.at_member("/connection_id"))?;
    tx.commit().await?;
    let requester = jobs::requester(&authorized.caller, key, &witness);
    let order = DialogOrder {
        target,
        request,
        attachment,
    };
    let accepted = state
        .jobs()
        .accept_dialog(&connection, &requester, order)
        .await?;
    jobs::answer(&state, tenant, &witness, accepted).await
}
