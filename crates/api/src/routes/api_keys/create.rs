//! `POST /v1/api-keys`.

use axum::{extract::State, response::Response};
use callweave_model::ApiKeyId;
use callweave_store::api_keys::ApiKey;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::address;
use crate::{
    ApiState, Caller,
    audit::Effect,
    extract::{ApiJson, Authorized},
    keys,
    problem::{BadBody, Problem, Secured},
    respond,
    scope::KeysManage,
    wire::{
        input::Check,
        key::{KeyInput, NewKeyDocument},
    },
};

/// Makes an API key.
///
/// The key is shown this once. It cannot be given a scope that the key which makes it lacks.
#[utoipa::path(
    post,
    path = "/v1/api-keys",
    tag = "api-keys",
    request_body(content = KeyInput, example = json!({"name": "CRM", "scopes": ["calls:read", "transcripts:read"]})),
    responses((status = 201, description = "The key.", body = NewKeyDocument), Secured, BadBody),
    security(("bearer" = ["keys:manage"])),
)]
pub(crate) async fn create_api_key(
    authorized: Authorized<KeysManage>,
    State(state): State<ApiState>,
    effect: Effect,
    ApiJson(input): ApiJson<KeyInput>,
) -> Result<Response, Problem> {
    let caller = authorized.caller;
    let now = state.now();
    let mut check = Check::default();
    check.text("/name", &input.name, 200);
    check.scopes(&input.scopes);
    if input.expires_at.is_some_and(|end| end <= now) {
        check.fail("/expires_at", "must lie in the future");
    }
    check.finish()?;
    refuse_more_than_own(&caller, &input.scopes)?;
    let id = ApiKeyId(state.ids().next());
    let made = keys::generate(id, &mut rand::rng());
    let key = ApiKey {
        tenant_id: caller.tenant,
        id,
        name: input.name,
        secret_hash: made.secret_hash,
        scopes: input.scopes,
        created_at: now,
        expires_at: input.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let mut tx = state.store().tenant(caller.tenant).await?;
    tx.insert_api_key(&key).await?;
    let detail = json!({"name": key.name, "scopes": key.scopes, "expires_at": key.expires_at});
    effect
        .note(&mut tx, "key.created", address(id), detail)
        .await?;
    let document = NewKeyDocument {
        stored: key.into(),
        key: made.text.expose_secret().to_owned(),
    };
    let response = respond::created(&address(id), None, &document)?;
    effect.commit(tx, response).await
}
/// Nobody gives away what it does not hold.
pub(super) fn refuse_more_than_own(caller: &Caller, scopes: &[String]) -> Result<(), Problem> {
    let words: Vec<&str> = scopes.iter().map(String::as_str).collect();
    caller.require(&words)
}
