//! `POST /v1/auth/token`.

use std::time::Duration;

use axum::{extract::State, response::Response};
use callweave_identity::Request;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{
        Array,
        schema::{SchemaType, Type},
    },
};

use crate::{
    ApiState,
    extract::{ApiJson, Authorized},
    problem::{BadBody, Problem, Secured, codes},
    respond,
    scope::{self, Anything},
    wire::input::Check,
};

/// The shortest life of a token.
const SHORTEST: u64 = 60;

/// What a token is to be good for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenInput {
    /// What it may do; all that the key may do unless told.
    #[schema(schema_with = scope_words)]
    pub(crate) scopes: Option<Vec<String>>,
    /// How long it lives, in seconds; at most what the gateway's operator allows (600 unless told).
    #[schema(minimum = 60, maximum = 86_400, example = 300)]
    pub(crate) expires_in_s: Option<u64>,
}

fn scope_words() -> Array {
    scope::words("What it may do; all that the key may do unless told.")
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .examples([serde_json::json!(["calls:read"])])
        .build()
}

/// A token, as OAuth 2 writes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenDocument {
    /// To be sent as `Authorization: Bearer`.
    access_token: String,
    /// `Bearer`
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long it lives, in seconds.
    #[schema(example = 300)]
    expires_in: u64,
    /// What it may do, words separated by spaces.
    #[schema(example = "calls:read")]
    scope: String,
}

/// Exchanges an API key for a short-lived token.
///
/// A signed JWT (EdDSA) that opens the same tenant, for places where the key itself should not go:
/// browsers, jobs. Whoever has the keys of `GET /.well-known/jwks.json` can check it. It is worth
/// nothing any more as soon as the key is revoked, and no other token can be made with it.
#[utoipa::path(
    post,
    path = "/v1/auth/token",
    tag = "auth",
    request_body(content = TokenInput, example = json!({"expires_in_s": 300, "scopes": ["calls:read"]})),
    responses((status = 201, description = "The token.", body = TokenDocument), Secured, BadBody),
    security(("bearer" = [])),
)]
pub(crate) async fn create_token(
    authorized: Authorized<Anything>,
    State(state): State<ApiState>,
    ApiJson(input): ApiJson<TokenInput>,
) -> Result<Response, Problem> {
    let caller = authorized.caller;
    if !caller.shows_key() {
        return Err(Problem::new(
            codes::INSUFFICIENT_SCOPE,
            "a token cannot make another one; show an API key",
        ));
    }
    let longest = state.options().token_life.as_secs();
    let life = input.expires_in_s.unwrap_or(longest.min(600));
    let mut check = Check::default();
    if !(SHORTEST..=longest).contains(&life) {
        check.fail("/expires_in_s", format!("must be {SHORTEST} to {longest}"));
    }
    let scopes = input.scopes.unwrap_or_else(|| caller.scopes().to_vec());
    check.scopes(&scopes);
    check.finish()?;
    let words: Vec<&str> = scopes.iter().map(String::as_str).collect();
    caller.require(&words)?;
    let request = Request {
        tenant: caller.tenant.0,
        api_key: caller.key.0,
        scopes: &scopes,
        id: state.ids().next(),
        life: Duration::from_secs(life),
    };
    let made = state.verifier().own().make(&request, state.now());
    let access_token =
        made.ok_or_else(|| Problem::new(codes::INTERNAL, "the token could not be signed"))?;
    let document = TokenDocument {
        access_token,
        token_type: "Bearer",
        expires_in: life,
        scope: scopes.join(" "),
    };
    respond::json(StatusCode::CREATED, &document)
}
