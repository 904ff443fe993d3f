//! Login, refresh, and the check of the bearer token (NN-01, NN-02).

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION, request::Parts};
use serde_json::{Value, json};

use super::answer::message;
use crate::{
    vendor::Vendor,
    world::{
        Shared,
        tokens::{Token, TokenKind},
    },
};

/// The user name of the sandbox account.
pub(crate) const LOGIN: &str = "sandbox-neuro";

/// Proof that the request carried an access token that opens something now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Authorized;

impl FromRequestParts<Shared> for Authorized {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, world: &Shared) -> Result<Self, Response> {
        bearer(&parts.headers)
            .and_then(|value| {
                world
                    .check_token(Vendor::Neuro, TokenKind::Access, value)
                    .ok()
            })
            .map(|_| Self)
            .ok_or_else(|| message(StatusCode::UNAUTHORIZED, "Invalid authToken"))
    }
}

/// NN-01: Basic credentials for a pair of tokens.
pub(crate) async fn log_in(State(world): State<Shared>, headers: HeaderMap) -> Response {
    let expected = format!("{LOGIN}:{}", world.password(Vendor::Neuro));
    let options = world.options();
    let accepted = !options.reject_logins && basic(&headers).is_some_and(|given| given == expected);
    world.note_login(Vendor::Neuro, accepted);
    if accepted {
        return pair(&world.issue_pair(Vendor::Neuro));
    }
    let status = StatusCode::from_u16(options.neuro_login_status)
        .unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    message(status, "Invalid login or password")
}

/// NN-02: a refresh token for a new pair. The old refresh token is used up by it.
pub(crate) async fn refresh(State(world): State<Shared>, body: Bytes) -> Response {
    let given = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let value = given
        .get("refresh_token")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match world.spend_refresh(Vendor::Neuro, value) {
        Ok(tokens) => pair(&tokens),
        Err(_) => message(StatusCode::UNAUTHORIZED, "Invalid refresh_token"),
    }
}

fn pair((access, refresh): &(Token, Token)) -> Response {
    Json(json!({ "token": access.value, "refresh_token": refresh.value })).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
        .map(str::trim)
}

fn basic(headers: &HeaderMap) -> Option<String> {
    let encoded = headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()
}
