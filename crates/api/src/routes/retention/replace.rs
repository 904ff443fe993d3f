//! `PUT /v1/retention`.

use axum::{extract::State, response::Response};

use super::ADDRESS;
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, Authorized},
    problem::{BadBody, Problem, Secured},
    respond,
    scope::CallsErase,
    wire::{
        input::Check,
        retention::{LONGEST, RetentionDocument},
    },
};

/// Says how long what is kept.
///
/// All kinds at once: one that is left out, or `null`, is kept as the operator configured it, or for
/// good. What is older goes within minutes, in small batches, and is not taken in again.
#[utoipa::path(
    put,
    path = "/v1/retention",
    tag = "calls",
    request_body(content = RetentionDocument, example = json!({"transcripts_days": 180, "documents_days": 90})),
    responses((status = 200, description = "The days of each kind.", body = RetentionDocument), Secured, BadBody),
    security(("bearer" = ["calls:erase"])),
)]
pub(crate) async fn replace_retention(
    authorized: Authorized<CallsErase>,
    State(state): State<ApiState>,
    effect: Effect,
    ApiJson(input): ApiJson<RetentionDocument>,
) -> Result<Response, Problem> {
    let mut check = Check::default();
    let rules = input.rules();
    for (member, days) in input.members() {
        if days.is_some_and(|days| days == 0 || days > LONGEST) {
            check.fail(&format!("/{member}"), format!("must be 1 to {LONGEST}"));
        }
    }
    check.finish()?;
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    tx.set_retention(&rules, state.now()).await?;
    effect
        .note(&mut tx, "retention.changed", ADDRESS, rules.shown())
        .await?;
    let response = respond::ok(&RetentionDocument::from(&rules))?;
    effect.commit(tx, response).await
}
