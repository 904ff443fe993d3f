//! `PATCH /v1/calls/{id}`.

use axum::{extract::State, response::Response};
use callweave_model::patch::Patch;
use callweave_store::calls::CallPatch;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{address, find, render_one, scope_of};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, ApiPath, Authorized, Conditions, stale},
    problem::{BadBody, Conflict, NotFound, Problem, Secured, Stale},
    respond,
    scope::CallsWrite,
    wire::{
        call::{CallDocument, Shown},
        input::{CallChange, Check},
    },
};

/// Annotates a call, or tells what its vendor does not.
///
/// `client_metadata` and `external_refs` are the caller's own and never touched by a sync. Start,
/// direction and parties fill what the vendor leaves unknown; what the vendor tells is not
/// replaced. A member that is `null` takes back what was given before.
#[utoipa::path(
    patch,
    path = "/v1/calls/{id}",
    tag = "calls",
    params(
        ("id" = Uuid, Path, description = "The id of the call."),
        Conditions,
    ),
    request_body(
        content = CallChange,
        example = json!({
            "client_metadata": {"deal": {"id": 4711, "stage": "won"}},
            "external_refs": [{"system": "crm", "type": "deal", "id": "4711"}],
            "direction": "inbound",
            "parties": [{"role": "agent", "name": "Nadia Example", "external_id": "u-7"}]
        }),
    ),
    responses(
        (status = 200, description = "The call.", body = CallDocument, headers(("ETag" = String, description = "Its version."))),
        Secured,
        BadBody,
        NotFound,
        Conflict,
        Stale,
    ),
    security(("bearer" = ["calls:write"])),
)]
pub(crate) async fn update_call(
    authorized: Authorized<CallsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    conditions: Conditions,
    effect: Effect,
    ApiJson(change): ApiJson<CallChange>,
) -> Result<Response, Problem> {
    let patch = checked(change)?;
    let now = state.now();
    if let Some(at) = patch.facts.started_at.value() {
        state.store().prepare_month(*at, now).await?;
    }
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let stored = find(&mut tx, id, false).await?;
    conditions.require_match(stored.version)?;
    let if_version = conditions.has_if_match().then_some(stored.version);
    let scope = scope_of(&mut tx, &stored).await?;
    if !tx
        .patch_call(&scope, stored.id, if_version, patch, now)
        .await?
    {
        return Err(stale());
    }
    let shown = Shown {
        analyses: true,
        ..Shown::default()
    };
    let rendered = render_one(&mut tx, id, false, shown).await?;
    effect
        .note(&mut tx, "call.updated", address(id), json!({}))
        .await?;
    let mut response = respond::ok(&rendered.document()?)?;
    rendered.complete(&mut response);
    effect.commit(tx, response).await
}

fn checked(change: CallChange) -> Result<CallPatch, Problem> {
    let mut check = Check::default();
    check.object("/client_metadata", change.client_metadata.value());
    check.refs(change.external_refs.value().map(Vec::as_slice));
    let facts = check.facts_patch(change.started_at, change.direction, change.parties);
    check.finish()?;
    Ok(CallPatch {
        client_metadata: replaced(change.client_metadata.map(Value::Object), || json!({})),
        external_refs: replaced(change.external_refs.map(|refs| json!(refs)), || json!([])),
        facts,
    })
}

/// A member that is cleared becomes empty.
fn replaced(patch: Patch<Value>, empty: impl FnOnce() -> Value) -> Option<Value> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => Some(empty()),
        Patch::Set(value) => Some(value),
    }
}
