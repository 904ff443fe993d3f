//! Login and the check of the bearer token (TR-01).

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
};
use http::{header::AUTHORIZATION, request::Parts};
use serde_json::{Value, json};

use super::{
    account::{self, USER_ID},
    answer::Failure,
    task::{Task, View},
};
use crate::{
    random::Random,
    vendor::Vendor,
    world::{Shared, World, tokens::TokenKind},
};

/// The e-mail address of the sandbox account.
pub(crate) const EMAIL: &str = "sandbox@transcripto.example";
/// The login answer shows so many tasks.
const LAST_TASKS: usize = 5;

/// Proof that the request carried a token that opens something now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Authorized;

impl FromRequestParts<Shared> for Authorized {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, world: &Shared) -> Result<Self, Failure> {
        let forced = world.options().transcripto_token_code;
        let value = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::trim)
            .ok_or_else(|| Failure::new(forced.unwrap_or(4023), "Unauthorized"))?;
        world
            .check_token(Vendor::Transcripto, TokenKind::Access, value)
            .map(|_| Self)
            .ok()
            .ok_or_else(|| Failure::new(forced.unwrap_or(4012), "Invalid or expired token"))
    }
}

/// The "hash" of the password that login compares. The document names no algorithm.
pub(crate) fn password_hash(world: &World) -> String {
    world.password(Vendor::Transcripto)
}

/// What a person who solved the captcha would hand in.
pub(crate) fn captcha_token(world: &World) -> String {
    Random::new(&[world.config.seed, Vendor::Transcripto.number(), 0xca97]).hex(24)
}

/// TR-01: e-mail, password hash and captcha for a token.
pub(crate) async fn log_in(State(world): State<Shared>, body: Bytes) -> Response {
    let body = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let outcome = check(&world, &body);
    world.note_login(Vendor::Transcripto, outcome.is_ok());
    match outcome {
        Ok(()) => Json(welcome(&world)).into_response(),
        Err(failure) => failure.into_response(),
    }
}

fn check(world: &World, body: &Value) -> Result<(), Failure> {
    let options = world.options();
    let member = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let (Some(email), Some(hash)) = (member("email"), member("password_hash")) else {
        return Err(Failure::new(4002, "email and password_hash are required"));
    };
    if !options.transcripto_captcha_waived {
        let given = member("captcha_token")
            .ok_or_else(|| Failure::new(4002, "captcha_token is required"))?;
        if given != captcha_token(world) {
            return Err(Failure::new(4030, "CAPTCHA verification failed"));
        }
    }
    if options.reject_logins || email != EMAIL || hash != password_hash(world) {
        return Err(Failure::new(4033, "User not found or wrong password"));
    }
    Ok(())
}

/// The answer to a login: the one answer about an account without `success`.
fn welcome(world: &World) -> Value {
    let token = world.issue_token(Vendor::Transcripto, TokenKind::Access, "");
    let view = View::of(world);
    let tasks: Vec<Task> = view
        .newest_first()
        .into_iter()
        .filter_map(|index| view.task(index))
        .collect();
    let mut tree: BTreeMap<String, BTreeMap<String, BTreeMap<String, u32>>> = BTreeMap::new();
    for at in tasks.iter().filter_map(|task| task.call_datetime) {
        let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        *tree
            .entry(date.year().to_string())
            .or_default()
            .entry(format!("{:02}", date.month()))
            .or_default()
            .entry(format!("{:02}", date.day()))
            .or_default() += 1;
    }
    let last_tasks: Vec<Value> = tasks
        .iter()
        .filter(|task| task.kind.has_audio())
        .take(LAST_TASKS)
        .filter_map(|task| {
            let call = view.call(task)?;
            Some(json!({
                "directory_id": task.directory_id,
                "status": task.status_text,
                "id": task.code,
                "created_at": super::instants::Form::ZuluMicros.write(task.created_at),
                "file_path": task.file_name(view.seed),
                "task_length": task.minutes(&call),
            }))
        })
        .collect();
    let directories = world.transcripto.lock().directories.clone();
    json!({
        "message": "Login successful",
        "error_code": 0,
        "token": token.value,
        "locale": "en",
        "user_id": USER_ID,
        "email": EMAIL,
        "tariff": account::short_tariff(world),
        "directories": directories,
        "last_tasks": last_tasks,
        "call_activity_tree": tree,
    })
}
