//! Log-in and tokens.

use axum::{
    extract::{FromRequestParts, Path, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header, request::Parts};
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Refusal, json as answer};
use crate::{
    vendor::Vendor,
    world::{
        Shared,
        tokens::{Token, TokenKind},
    },
};

/// The one account.
pub(super) const USERNAME: &str = "sandbox@callgear.example";

/// Proof that the request carries a token that opens the account.
///
/// The document shows four ways to carry it: the cookie `access_token`, `Authorization: Bearer`,
/// the header `access_token` and the header `key`.
#[derive(Debug)]
pub(super) struct Caller;

impl FromRequestParts<Shared> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, world: &Shared) -> Result<Self, Refusal> {
        let token =
            carried_token(&parts.headers).ok_or(Refusal::Unauthorized("Token is missing"))?;
        world
            .check_token(Vendor::CallGear, TokenKind::Access, &token)
            .map(|_| Self)
            .map_err(|_problem| Refusal::Unauthorized("Token is invalid or expired"))
    }
}

fn carried_token(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(header::AUTHORIZATION.as_str()).and_then(|value| {
        value
            .strip_prefix("Bearer ")
            .or_else(|| value.strip_prefix("bearer "))
    });
    let cookie = text(header::COOKIE.as_str()).and_then(|cookies| {
        cookies
            .split(';')
            .find_map(|cookie| cookie.trim().strip_prefix("access_token="))
    });
    let found = bearer
        .or(cookie)
        .or_else(|| text("access_token"))
        .or_else(|| text("key"));
    found.map(|token| token.trim().to_owned())
}

#[derive(Deserialize)]
struct LoginBody {
    username: String,
    password: String,
}

/// CG-33
pub(super) async fn login(State(world): State<Shared>, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<LoginBody>(&body) else {
        return Refusal::BadRequest("username and password are required".into()).into_response();
    };
    let accepted = !world.options().reject_logins
        && body.username == USERNAME
        && body.password == world.password(Vendor::CallGear);
    world.note_login(Vendor::CallGear, accepted);
    if !accepted {
        return Refusal::Unauthorized("Incorrect login or password").into_response();
    }
    let token = world.issue_token(Vendor::CallGear, TokenKind::Access, "");
    answer(StatusCode::OK, &shown(&token))
}

/// CG-34: in clear, as the document has it.
pub(super) async fn list_tokens(_caller: Caller, State(world): State<Shared>) -> Response {
    let tokens: Vec<Value> = world
        .tokens
        .list(Vendor::CallGear)
        .iter()
        .map(shown)
        .collect();
    answer(StatusCode::OK, &Value::Array(tokens))
}

#[derive(Deserialize)]
struct TokenBody {
    name: String,
}

/// CG-35
pub(super) async fn create_token(
    _caller: Caller,
    State(world): State<Shared>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body: TokenBody = serde_json::from_slice(&body)
        .map_err(|_error| Refusal::BadRequest("name is required".into()))?;
    let token = world.issue_token(Vendor::CallGear, TokenKind::Access, &body.name);
    Ok(answer(StatusCode::OK, &shown(&token)))
}

/// CG-36
pub(super) async fn delete_token(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    if world.revoke_token(Vendor::CallGear, &id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::NotFound("Token is not found"))
    }
}

fn shown(token: &Token) -> Value {
    json!({
        "name": token.name,
        "id": token.id,
        "access_token": token.value,
        "token_type": "Bearer",
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "expires_in": naive(token.expires_at),
        "created_at": naive(token.issued_at),
        "is_active": true,
    })
}

/// An instant without its zone and with microseconds: `2025-05-14T10:46:55.182817`.
fn naive(instant: Timestamp) -> String {
    instant
        .to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S.%6f")
        .to_string()
}
