//! Transcripto: transcription and analysis of calls, chats and uploads.
//!
//! Errors are HTTP 200 with a code in the body, and the same code means different things on
//! different operations. `success` and `error_code` are missing here and there, as in the document.

mod account;
mod analysis;
mod answer;
mod auth;
mod catalog;
mod checklist;
mod criteria;
mod docx;
mod files;
mod instants;
mod lists;
mod search;
mod task;

use std::sync::Mutex;

use axum::{
    Router,
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{
    call::Call,
    config::SandboxConfig,
    operation::{op, op_by},
    vendor::Vendor,
    vendors::RecordFacts,
    world::{Shared, World, lock, tokens::TokenKind},
};

/// What changes in the account besides the tasks.
#[derive(Debug)]
pub(crate) struct TranscriptoState {
    /// The token that the control surface hands out, so that each look at it gives the same one.
    shown_token: Mutex<Option<String>>,
}

impl TranscriptoState {
    /// An account as it is at the start.
    pub(crate) const fn new(_: &SandboxConfig) -> Self {
        Self {
            shown_token: Mutex::new(None),
        }
    }
}

/// The vendor's HTTP surface.
pub(crate) fn router(world: &Shared) -> Router {
    let on = |id, handler| op(world, Vendor::Transcripto, id, handler);
    let search = on("TR-09", post(search::by_body)).merge(on("TR-10", get(search::by_query)));
    Router::new()
        .route("/auth/login", on("TR-01", post(auth::log_in)))
        .route("/user/tariff", on("TR-02", get(account::tariff)))
        .route("/tasks/filter", search)
        .route("/gettask", on("TR-11", get(search::task)))
        .route(
            "/api/calls_analysis_v2/{task_code}",
            on("TR-12", get(analysis::calls_analysis)),
        )
        .route("/checklist", on("TR-13", get(checklist::questions)))
        .route("/checklist/{id}", on("TR-14", get(checklist::questions_of)))
        .route(
            "/checklist/answer/{task_id}",
            on("TR-18", get(checklist::answers)),
        )
        .route("/user/directories", on("TR-19", get(account::directories)))
        .route(
            "/user/call_categories/list",
            on("TR-22", post(lists::categories)),
        )
        .route(
            "/tasks/filters/list",
            on("TR-27", get(lists::saved_searches)),
        )
        .route(
            "/user/call_check_scripts/list",
            on("TR-29", post(lists::scripts)),
        )
        .route(
            "/get_file",
            op_by(
                world,
                Vendor::Transcripto,
                files::operation,
                get(files::get_file),
            ),
        )
        .with_state(world.clone())
}

/// The task of this call.
pub(crate) fn records(world: &World, call: &Call) -> Vec<RecordFacts> {
    let Some(head) = world.call_head(Vendor::Transcripto, call.index) else {
        return Vec::new();
    };
    let view = task::View::of(world);
    let task = task::Task::of(&view, &head);
    let code = task.code.to_string();
    let scores = analysis::Scores::of(&view, &task, call);
    let text = analysis::original_text(&view, &task, call);
    let mut facts = call.facts();
    if let Some(members) = facts.as_object_mut() {
        if text.is_none() {
            members.insert("text_sha256".to_owned(), Value::Null);
            members.insert("lines".to_owned(), Value::Null);
        }
        if scores.is_none() {
            for name in [
                "points_met",
                "points_total",
                "score_percent",
                "summary_topic",
                "tags",
            ] {
                members.insert(name.to_owned(), Value::Null);
            }
        }
        // The vendor tells no times inside a call.
        members.insert("first_start_ms".to_owned(), Value::Null);
        members.insert("last_end_ms".to_owned(), Value::Null);
        members.insert("task_id".to_owned(), json!(task.id));
        members.insert("type".to_owned(), json!(task.type_text));
        members.insert("status".to_owned(), json!(task.status_text));
        members.insert("created_at".to_owned(), json!(task.created_at));
        members.insert("updated_at".to_owned(), json!(task.updated_at));
        members.insert("started_at".to_owned(), json!(task.call_datetime));
        members.insert("duration_ms".to_owned(), json!(task.seconds(call) * 1_000));
        members.insert(
            "operator_name".to_owned(),
            json!(task.operator_name(view.seed, call)),
        );
        members.insert("directory_id".to_owned(), json!(task.directory_id));
        members.insert("analysed".to_owned(), json!(scores.is_some()));
        members.insert(
            "csat".to_owned(),
            json!(scores.and_then(|scores| scores.shown_csat)),
        );
    }
    // A period report is a task like any other, but it is no conversation.
    let kind = if task.kind == task::Type::Report {
        "report"
    } else {
        "task"
    };
    vec![RecordFacts {
        kind,
        id: code.clone(),
        call_id: code,
        facts,
    }]
}

/// The call behind a task code or an integer id.
pub(crate) fn find_call(world: &World, id: &str) -> Option<u32> {
    let by_code = task::index_of_code(world.config.seed, id);
    by_code.or_else(|| task::index_of_id(id.parse().ok()?))
}

/// What opens the sandbox account.
pub(crate) fn credentials(world: &World) -> Value {
    let mut shown = lock(&world.transcripto.shown_token);
    let alive = shown.take().filter(|value| {
        world
            .check_token(Vendor::Transcripto, TokenKind::Access, value)
            .is_ok()
    });
    let token = alive.unwrap_or_else(|| {
        world
            .issue_token(Vendor::Transcripto, TokenKind::Access, "control")
            .value
    });
    *shown = Some(token.clone());
    json!({
        "base_path": "/transcripto",
        "email": auth::EMAIL,
        "password_hash": auth::password_hash(world),
        "captcha_token": auth::captcha_token(world),
        "token": token,
    })
}

/// The body of an error that a fault puts in the place of an answer.
pub(crate) fn error_body(status: u16) -> (&'static str, String) {
    let text = match status {
        429 => "Too many requests",
        500..=599 => "Internal error",
        _ => "Request failed",
    };
    let body = json!({ "success": false, "error_code": 5000, "error_message": text });
    ("application/json", body.to_string())
}
