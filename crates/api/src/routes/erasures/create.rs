//! `POST /v1/erasures`.

use axum::{extract::State, response::Response};
use callweave_store::erasure::{NewErasure, Subject};
use serde_json::json;

use super::address;
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, Authorized},
    problem::{BadBody, NotFound, Problem, Secured},
    respond,
    scope::CallsErase,
    wire::{
        erasure::{ErasureDocument, ErasureInput},
        input::Check,
    },
};

/// Erases a call, or everything about a person.
///
/// Calls with their transcripts, analyses, versions and events, the vendors' documents and records,
/// what is in quarantine, what jobs still hold, and answers kept for repeated requests go in one
/// transaction; each call leaves a `call.deleted` event. Keyed hashes keep it from coming back with
/// any sync, registration, import or submission. The vendor is not asked to delete anything. The
/// receipt and the audit log say who, when and how much, and not whom.
#[utoipa::path(
    post,
    path = "/v1/erasures",
    tag = "calls",
    request_body(content = ErasureInput, example = json!({"phone": "+99990001122"})),
    responses(
        (status = 201, description = "It is erased; the receipt.", body = ErasureDocument, headers(("Location" = String, description = "Its address."))),
        Secured,
        BadBody,
        NotFound,
    ),
    security(("bearer" = ["calls:erase"])),
)]
pub(crate) async fn create_erasure(
    authorized: Authorized<CallsErase>,
    State(state): State<ApiState>,
    effect: Effect,
    ApiJson(input): ApiJson<ErasureInput>,
) -> Result<Response, Problem> {
    let subject = subject(&input)?;
    let caller = authorized.caller;
    let actor = caller.actor();
    let erasure = NewErasure {
        id: state.ids().next(),
        subject: &subject,
        actor: &actor,
        key_id: state.ids().next(),
    };
    let mut tx = state.store().tenant(caller.tenant).await?;
    let erased = tx.erase(erasure, state.now()).await?;
    let erased = erased.ok_or_else(|| Problem::not_found("call").at_member("/call_id"))?;
    let detail = json!({"subject_type": erased.subject_type, "counts": erased.counts});
    effect
        .note(&mut tx, "erasure.created", address(erased.id), detail)
        .await?;
    let location = address(erased.id);
    let response = respond::created(&location, None, &ErasureDocument::from(erased))?;
    effect.commit(tx, response).await
}

fn subject(input: &ErasureInput) -> Result<Subject, Problem> {
    let mut check = Check::default();
    let given = [
        input.call_id.is_some(),
        input.phone.is_some(),
        input.client_id.is_some(),
    ];
    let mut found = input.call_id.map(Subject::Call);
    check.text_if_given("/phone", input.phone.as_deref(), 40);
    if let Some(phone) = &input.phone {
        found = Subject::phone(phone);
        if found.is_none() {
            check.fail("/phone", "must be a phone of 5 to 20 digits");
        }
    }
    check.text_if_given("/client_id", input.client_id.as_deref(), 200);
    if let Some(id) = &input.client_id {
        found = Subject::client(id);
    }
    if given.iter().filter(|given| **given).count() != 1 {
        check.fail(
            "",
            "exactly one of `call_id`, `phone` and `client_id` must be given",
        );
    }
    check.finish()?;
    found.ok_or_else(|| Problem::invalid_member("/client_id", "must not be blank"))
}
