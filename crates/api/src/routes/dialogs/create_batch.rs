//! `POST /v1/dialog-batches`.

use axum::{extract::State, response::Response};
use callweave_jobs::BatchOrder;

use crate::{
    ApiState,
    audit::Witness,
    extract::{ApiJson, Authorized},
    idempotency::RequiredKey,
    problem::{BadBody, Conflict, NotFound, OptionalFeature, Problem, Secured},
    routes::{connections, jobs},
    scope::JobsWrite,
    wire::{input::Check, job::JobDocument, order::DialogBatchInput},
};

/// The most dialogs of one batch.
const MOST: usize = 10_000;

/// Has a voice agent call many.
///
/// Every dialog is checked before anything is recorded; `errors` points at the wrong ones, such as
/// `/dialogs/17/phone`. The batch is then sent in as many requests as the vendor needs for so many,
/// each once: a part whose outcome is unknown does not stop the others, and is not sent again by
/// itself. What became of each dialog is at `GET /v1/dialog-batches/{id}/dialogs`. Up to 10,000
/// dialogs, 16 MiB.
#[utoipa::path(
    post,
    path = "/v1/dialog-batches",
    tag = "jobs",
    params(RequiredKey),
    request_body(
        content = DialogBatchInput,
        example = json!({
            "connection_id": "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d",
            "agent": "6f1c2f0e-0000-4000-8000-000000000001",
            "campaign": "Spring reminders",
            "dialogs": [
                {"phone": "+99990001122", "inputs": {"name": "Nadia Example"}},
                {"phone": "+99990001123", "external_refs": [{"system": "crm", "type": "deal", "id": "4712"}]}
            ]
        }),
    ),
    responses(
        (status = 202, description = "They will be started.", body = JobDocument, headers(("Location" = String, description = "Where to follow them."))),
        Secured,
        BadBody,
        NotFound,
        Conflict,
        OptionalFeature,
    ),
    security(("bearer" = ["jobs:write"])),
)]
pub(crate) async fn create_dialog_batch(
    authorized: Authorized<JobsWrite>,
    State(state): State<ApiState>,
    key: RequiredKey,
    witness: Witness,
    ApiJson(input): ApiJson<DialogBatchInput>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let mut check = Check::default();
    let target = check.target(input.agent, input.batch, input.campaign);
    if input.dialogs.is_empty() || input.dialogs.len() > MOST {
        check.fail("/dialogs", format!("must be 1 to {MOST}"));
    }
    let dialogs = input
        .dialogs
        .into_iter()
        .take(MOST)
        .enumerate()
        .map(|(index, dialog)| check.dialog(&format!("/dialogs/{index}"), dialog))
        .collect();
    check.finish()?;
    let mut tx = state.store().tenant(tenant).await?;
    let connection = connections::find(&mut tx, input.connection_id.0)
        .await
        .map_err(|problem| problem.at_member("/connection_id"))?;
    tx.commit().await?;
    let requester = jobs::requester(&authorized.caller, key, &witness);
    let order = BatchOrder { target, dialogs };
    let accepted = state
        .jobs()
        .accept_batch(&connection, &requester, order)
        .await?;
    jobs::answer(&state, tenant, &witness, accepted).await
}
