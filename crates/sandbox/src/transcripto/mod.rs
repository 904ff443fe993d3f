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
mod edits;
mod files;
mod given;
mod instants;
mod lists;
mod plan;
mod reports;
mod search;
mod state;
mod task;
mod upload;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{delete, get, post},
};
use serde_json::{Value, json};

pub(crate) use state::TranscriptoState;

use crate::{
    call::Call,
    operation::{op, op_by},
    vendor::Vendor,
    vendors::RecordFacts,
    world::{Shared, World, tokens::TokenKind},
};

/// The largest upload that is taken; the document names no limit.
const LARGEST_UPLOAD: usize = 4 * 1024 * 1024 * 1024;

/// The vendor's HTTP surface.
pub(crate) fn router(world: &Shared) -> Router {
    let on = |id, handler| op(world, Vendor::Transcripto, id, handler);
    let search = on("TR-09", post(search::by_body)).merge(on("TR-10", get(search::by_query)));
    Router::new()
        .route("/auth/login", on("TR-01", post(auth::log_in)))
        .route("/user/tariff", on("TR-02", get(account::tariff)))
        .merge(upload_routes(world))
        .route("/tasks/filter", search)
        .route("/user/tasks/filter", on("TR-10", get(search::of_user)))
        .route("/gettask", on("TR-11", get(search::task)))
        .route(
            "/api/calls_analysis_v2/{task_code}",
            on("TR-12", get(analysis::calls_analysis)),
        )
        .route(
            "/api/calls_analysis/{task_code}",
            on("TR-12", get(analysis::of_task)),
        )
        .merge(checklist_routes(world))
        .merge(list_routes(world))
        .route("/user/callreport/file", on("TR-33", get(reports::file)))
        .route(
            "/get_file",
            op_by(
                world,
                Vendor::Transcripto,
                files::operation,
                get(files::get_file),
            ),
        )
        .layer(DefaultBodyLimit::max(LARGEST_UPLOAD))
        .with_state(world.clone())
}

fn upload_routes(world: &Shared) -> Router<Shared> {
    let on = |id, handler| op(world, Vendor::Transcripto, id, handler);
    Router::new()
        .route("/addtaskcall", on("TR-03", post(upload::call_file)))
        .route("/addtaskcallbyurl", on("TR-04", post(upload::call_url)))
        .route("/addtaskaudio", on("TR-05", post(upload::audio_file)))
        .route("/addtaskyoutube", on("TR-06", post(upload::video_url)))
        .route("/add_chat_analysis_task", on("TR-07", post(upload::chat)))
        .route("/user/callreport", on("TR-08", post(reports::create)))
}

fn checklist_routes(world: &Shared) -> Router<Shared> {
    let on = |id, handler| op(world, Vendor::Transcripto, id, handler);
    let all =
        on("TR-13", get(checklist::questions)).merge(on("TR-15", post(edits::create_question)));
    // The number in the path is a user when it is read, and a question when it is written.
    let one =
        on("TR-14", get(checklist::questions_of)).merge(on("TR-16", post(edits::edit_question)));
    Router::new()
        .route("/checklist", all)
        .route("/checklist/{id}", one)
        .route(
            "/checklist/delete/{id}",
            on("TR-17", post(edits::delete_question)),
        )
        .route(
            "/checklist/answer/{task_id}",
            on("TR-18", get(checklist::answers)),
        )
}

fn list_routes(world: &Shared) -> Router<Shared> {
    let on = |id, handler| op(world, Vendor::Transcripto, id, handler);
    let directories =
        on("TR-19", get(account::directories)).merge(on("TR-20", post(edits::create_directory)));
    Router::new()
        .route("/user/directories", directories)
        .route(
            "/user/directories/delete/{id}",
            on("TR-21", delete(edits::delete_directory)),
        )
        .route(
            "/user/call_categories/list",
            on("TR-22", post(lists::categories)),
        )
        .route(
            "/user/call_categories/create",
            on("TR-23", post(edits::create_category)),
        )
        .route(
            "/user/call_categories/edit/{id}",
            on("TR-24", post(edits::edit_category)),
        )
        .route(
            "/user/call_categories/delete/{id}",
            on("TR-25", post(edits::delete_category)),
        )
        .route("/tasks/filters/save", on("TR-26", post(edits::save_search)))
        .route(
            "/tasks/filters/list",
            on("TR-27", get(lists::saved_searches)),
        )
        .route(
            "/tasks/filters/delete/{id}",
            on("TR-28", post(edits::delete_search)),
        )
        .route(
            "/user/call_check_scripts/list",
            on("TR-29", post(lists::scripts)),
        )
        .route(
            "/user/call_check_scripts/create",
            on("TR-30", post(edits::create_script)),
        )
        .route(
            "/user/call_check_scripts/edit/{id}",
            on("TR-31", post(edits::edit_script)),
        )
        .route(
            "/user/call_check_scripts/delete/{id}",
            on("TR-32", post(edits::delete_script)),
        )
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
    let shown = world.transcripto.lock().shown_token.clone();
    let alive = shown.filter(|value| {
        world
            .check_token(Vendor::Transcripto, TokenKind::Access, value)
            .is_ok()
    });
    // One of an earlier run, where a journal was kept.
    let kept = || {
        let tokens = world.tokens.list(Vendor::Transcripto).into_iter();
        tokens.map(|token| token.value).rfind(|value| {
            world
                .check_token(Vendor::Transcripto, TokenKind::Access, value)
                .is_ok()
        })
    };
    let token = alive.or_else(kept).unwrap_or_else(|| {
        world
            .issue_token(Vendor::Transcripto, TokenKind::Access, "control")
            .value
    });
    world.transcripto.lock().shown_token = Some(token.clone());
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
