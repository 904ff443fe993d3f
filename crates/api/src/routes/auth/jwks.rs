//! `GET /.well-known/jwks.json`.

use axum::{extract::State, response::Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    ApiState,
    problem::{Problem, Public},
    respond,
};

/// A set of public keys (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKeys)]
pub(crate) struct SigningKeysDocument {
    /// The keys; the first one signs, the others have signed.
    #[schema(value_type = Vec<Object>)]
    keys: Value,
}

/// The public keys of the gateway's tokens.
///
/// A set of RFC 7517; whoever is shown a token of `POST /v1/auth/token` verifies it with them.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "auth",
    responses((status = 200, description = "The keys.", body = SigningKeysDocument), Public),
)]
pub(crate) async fn get_signing_keys(State(state): State<ApiState>) -> Result<Response, Problem> {
    let mut published = state.verifier().own().published();
    let keys = published
        .get_mut("keys")
        .map_or(Value::Array(Vec::new()), Value::take);
    let mut response = respond::json(StatusCode::OK, &SigningKeysDocument { keys })?;
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    Ok(response)
}
