//! `POST /v1/api-keys/{id}/rotate`.

use std::time::Duration;

use axum::{extract::State, response::Response};
use callweave_model::ApiKeyId;
use callweave_store::api_keys::ApiKey;
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use super::{address, create::refuse_more_than_own};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, ApiPath, Authorized},
    keys,
    problem::{BadBody, NotFound, Problem, Secured},
    respond,
    scope::KeysManage,
    wire::{
        input::Check,
        key::{NewKeyDocument, RotationInput},
    },
};

/// How long the old key goes on unless told.
const OVERLAP: u64 = 3_600;
/// How long it may go on at most.
const LONGEST: u64 = 30 * 86_400;

/// Replaces an API key.
///
/// A new key with the same name, scopes and end is made and shown this once; the old one ends after
/// `keep_old_s`, so that whoever uses it has time to take the new one.
#[utoipa::path(
    post,
    path = "/v1/api-keys/{id}/rotate",
    tag = "api-keys",
    params(("id" = Uuid, Path, description = "The id of the key that is replaced.")),
    request_body(content = RotationInput, example = json!({"keep_old_s": 3600})),
    responses(
        (status = 201, description = "The new key.", body = NewKeyDocument, headers(("Location" = String, description = "Its address."))),
        Secured,
        BadBody,
        NotFound,
    ),
    security(("bearer" = ["keys:manage"])),
)]
pub(crate) async fn rotate_api_key(
    authorized: Authorized<KeysManage>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    effect: Effect,
    ApiJson(input): ApiJson<RotationInput>,
) -> Result<Response, Problem> {
    let caller = authorized.caller;
    let keep = input.keep_old_s.unwrap_or(OVERLAP);
    let mut check = Check::default();
    if keep > LONGEST {
        check.fail("/keep_old_s", format!("must be 0 to {LONGEST}"));
    }
    check.finish()?;
    let now = state.now();
    let (old, new) = (ApiKeyId(id), ApiKeyId(state.ids().next()));
    let mut tx = state.store().tenant(caller.tenant).await?;
    let in_force = |key: &ApiKey| key.expires_at.is_none_or(|end| now < end);
    let known = tx.find_own_api_key(old).await?.filter(in_force);
    let known = known.ok_or_else(|| Problem::not_found("key in force"))?;
    refuse_more_than_own(&caller, &known.scopes)?;
    if !tx
        .end_api_key(old, now.plus(Duration::from_secs(keep)))
        .await?
    {
        return Err(Problem::not_found("key in force"));
    }
    let made = keys::generate(new, &mut rand::rng());
    let key = ApiKey {
        id: new,
        secret_hash: made.secret_hash,
        created_at: now,
        last_used_at: None,
        ..known
    };
    tx.insert_api_key(&key).await?;
    let detail = json!({"replaced_by": new, "keep_old_s": keep});
    effect
        .note(&mut tx, "key.rotated", address(old), detail)
        .await?;
    let document = NewKeyDocument {
        stored: key.into(),
        key: made.text.expose_secret().to_owned(),
    };
    let response = respond::created(&address(new), None, &document)?;
    let response = effect.commit(tx, response).await?;
    state.authenticator().forget(old);
    Ok(response)
}
