//! Work that is handed in (TR-03 to TR-07). None of it is idempotent, so that the ledger counts it.

use axum::{
    Json,
    body::Bytes,
    extract::{Multipart, State, multipart::MultipartRejection},
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{
    answer::Failure,
    auth::Authorized,
    given::{Given, Sound},
    plan::{self, Resource},
    task::{Task, View},
};
use crate::{
    call::patch::{CallPatch, LinePatch},
    vendor::Vendor,
    world::{
        Shared, World,
        ledger::{Action, LedgerEvent},
    },
};

/// Hosts that a video link may name.
const VIDEO_HOSTS: [&str; 6] = [
    "youtube.com",
    "youtu.be",
    "vk.com",
    "vkvideo.ru",
    "tiktok.com",
    "video.example",
];

/// TR-03: a call as a file.
pub(crate) async fn call_file(
    State(world): State<Shared>,
    _: Authorized,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let given = Given::form(form).await;
    created(call_of_file(&world, &given))
}

fn call_of_file(world: &World, given: &Given) -> Result<Task, Failure> {
    let sound = given.sound()?;
    let patch = call_patch(world, given, &sound.name)?;
    plan::active(world, 4044)?;
    let new = world
        .transcripto
        .lock()
        .uploaded_names
        .insert(sound.name.clone());
    if !new {
        return Err(Failure::new(4091, "Duplicate file"));
    }
    let outcome = sent_file(world, given, &sound, patch, Resource::CallMinutes);
    if outcome.is_err() {
        world.transcripto.lock().uploaded_names.remove(&sound.name);
    }
    outcome
}

/// TR-05: any sound file.
pub(crate) async fn audio_file(
    State(world): State<Shared>,
    _: Authorized,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let given = Given::form(form).await;
    let outcome = given.sound().and_then(|sound| {
        let mut patch = base_patch(&world, &given)?;
        plan::active(&world, 4044)?;
        patch.extra.insert("type".to_owned(), json!("audio"));
        let name = json!(sound.name);
        patch.extra.insert("file_name".to_owned(), name);
        patch.extra.insert("undated".to_owned(), json!(true));
        sent_file(&world, &given, &sound, patch, Resource::AudioMinutes)
    });
    created(outcome)
}

/// A file that was found good becomes a task, and can be fetched as it came.
fn sent_file(
    world: &World,
    given: &Given,
    sound: &Sound,
    mut patch: CallPatch,
    resource: Resource,
) -> Result<Task, Failure> {
    if let Some(length) = sound.length_ms {
        patch.extra.insert("duration_ms".to_owned(), json!(length));
    }
    let hundredths = sound.length_ms.map(in_hundredths);
    plan::take(world, resource, hundredths)?;
    let told = json!({
        "fields": given.fields,
        "file_name": sound.name,
        "file_bytes": sound.size,
        "file_sha256": sound.sha256,
    });
    let task = submit(world, patch, &told)?;
    let mut state = world.transcripto.lock();
    state.files.keep(task.code.to_string(), sound.bytes.clone());
    drop(state);
    if hundredths.is_none() {
        settle(world, &task, resource);
    }
    Ok(task)
}

/// Minutes in hundredths.
const fn in_hundredths(length_ms: i64) -> i64 {
    (length_ms + 300) / 600
}

/// Takes from the plan what a task turned out to be.
fn settle(world: &World, task: &Task, resource: Resource) {
    if let Some(call) = View::of(world).call(task) {
        plan::settle(world, resource, in_hundredths(task.duration_ms(&call)));
    }
}

/// TR-04: a call by its URL. The sandbox downloads nothing.
pub(crate) async fn call_url(State(world): State<Shared>, _: Authorized, body: Bytes) -> Response {
    let outcome = Given::json(&body).and_then(|(given, _)| {
        let url = given
            .field("file_url")
            .ok_or_else(|| Failure::new(4002, "file_url not provided"))?;
        let place = ["https://", "http://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .and_then(|rest| rest.split(['?', '#']).next())
            .filter(|place| place.contains('/'))
            .ok_or_else(|| Failure::new(4024, "Failed to download the file by URL"))?;
        let name = place.rsplit('/').next().unwrap_or_default();
        let patch = call_patch(&world, &given, name)?;
        plan::active(&world, 4044)?;
        plan::take(&world, Resource::CallMinutes, None)?;
        let task = submit(&world, patch, &json!({ "fields": given.fields }))?;
        settle(&world, &task, Resource::CallMinutes);
        Ok(task)
    });
    created(outcome)
}

/// TR-06: a video by its URL.
pub(crate) async fn video_url(State(world): State<Shared>, _: Authorized, body: Bytes) -> Response {
    let outcome = Given::json(&body).and_then(|(given, _)| {
        let url = given.field("file_path").unwrap_or_default();
        let host = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"))
            .and_then(|rest| rest.split(['/', '?']).next())
            .unwrap_or_default();
        let known = VIDEO_HOSTS.iter().any(|name| {
            host == *name
                || host
                    .strip_suffix(name)
                    .is_some_and(|sub| sub.ends_with('.'))
        });
        if !known {
            return Err(Failure::new(4017, "Invalid/unsupported URL"));
        }
        let mut patch = base_patch(&world, &given)?;
        plan::active(&world, 4044)?;
        plan::take(&world, Resource::VideoMinutes, None)?;
        patch.extra.insert("type".to_owned(), json!("youtubenew"));
        patch.extra.insert("file_name".to_owned(), json!(url));
        patch.extra.insert("undated".to_owned(), json!(true));
        let task = submit(&world, patch, &json!({ "fields": given.fields }))?;
        settle(&world, &task, Resource::VideoMinutes);
        Ok(task)
    });
    match outcome {
        Ok(task) => Json(json!({
            "id": task.id, "error_code": 0, "code": task.code, "demo": false,
        }))
        .into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// TR-07: a chat as text or as chunks.
pub(crate) async fn chat(State(world): State<Shared>, _: Authorized, body: Bytes) -> Response {
    match chat_task(&world, &body) {
        Ok(task) => Json(json!({
            "success": true,
            "error_code": 0,
            "success_message": "Chat analysis task created",
            "task_code": task.code,
        }))
        .into_response(),
        Err(failure) => failure.into_response(),
    }
}

fn chat_task(world: &World, body: &[u8]) -> Result<Task, Failure> {
    let (given, members) = Given::json(body)?;
    let chunks: Vec<String> = match members.get("chunks") {
        Some(Value::Array(chunks)) => chunks.iter().filter_map(chunk_text).collect(),
        _ => Vec::new(),
    };
    // What was sent is the text of the task, as it was sent.
    let text = match given.field("text") {
        Some(text) => text.to_owned(),
        None => chunks.join("\n"),
    };
    let lines: Vec<LinePatch> = text.lines().filter_map(line).collect();
    if lines.is_empty() {
        return Err(Failure::new(4002, "text or chunks must be provided"));
    }
    let mut patch = base_patch(world, &given)?;
    match given.field("call_date") {
        None => {}
        Some(text) => {
            let day: Date = text
                .parse()
                .ok()
                .ok_or_else(|| Failure::invalid("call_date is not a date"))?;
            patch.started_at = day
                .to_zoned(TimeZone::UTC)
                .ok()
                .map(|zoned| zoned.timestamp());
        }
    }
    plan::active(world, 4044)?;
    plan::take(world, Resource::Chats, Some(100))?;
    patch.lines = Some(lines);
    patch.extra.insert("type".to_owned(), json!("chat"));
    patch.extra.insert("original_text".to_owned(), json!(text));
    submit(world, patch, &json!({ "fields": members }))
}

/// A chunk is a text, or an object with a text in it.
fn chunk_text(chunk: &Value) -> Option<String> {
    match chunk {
        Value::String(text) => Some(text.clone()),
        Value::Object(members) => members
            .get("text")
            .and_then(Value::as_str)
            .map(str::to_owned),
        _ => None,
    }
}

/// A line of a dialogue: a label and a text, or a text alone.
fn line(text: &str) -> Option<LinePatch> {
    let text = text.trim();
    let (label, said) = text.split_once(':').unwrap_or(("", text));
    let speaker = match label.trim().to_lowercase().as_str() {
        "operator" | "оператор" | "agent" => "operator",
        _ => "client",
    };
    (!said.trim().is_empty()).then(|| LinePatch {
        speaker: speaker.to_owned(),
        text: said.trim().to_owned(),
    })
}

/// What all uploads have in common.
fn base_patch(world: &World, given: &Given) -> Result<CallPatch, Failure> {
    let mut extra = Map::new();
    extra.insert("uploaded_at".to_owned(), json!(world.now()));
    if let Some(text) = given.field("directory_id") {
        let id: i64 = text
            .parse()
            .ok()
            .filter(|id| {
                let state = world.transcripto.lock();
                *id == 0
                    || state
                        .directories
                        .iter()
                        .any(|directory| directory["id"] == *id)
            })
            .ok_or_else(|| Failure::invalid("Invalid directory_id"))?;
        // "0 is treated as null".
        if id != 0 {
            extra.insert("directory_id".to_owned(), json!(id));
        }
    }
    let operator = given.field("operator_name").unwrap_or("global");
    extra.insert("operator_name".to_owned(), json!(operator));
    Ok(CallPatch {
        started_at: Some(world.now()),
        extra,
        ..CallPatch::default()
    })
}

fn call_patch(world: &World, given: &Given, name: &str) -> Result<CallPatch, Failure> {
    let mut patch = base_patch(world, given)?;
    let date = match given.field("call_date") {
        None => None,
        Some(text) => {
            let day: Option<Date> = text.parse().ok();
            Some(day.ok_or_else(|| Failure::invalid("Invalid call_date"))?)
        }
    };
    match given.field("call_datetime") {
        // A time without a zone is refused; `Timestamp` does not read such.
        Some(text) => {
            let at: Option<Timestamp> = text.parse().ok();
            patch.started_at =
                Some(at.ok_or_else(|| Failure::invalid("call_datetime without TZ"))?);
        }
        None => {
            patch.extra.insert("undated".to_owned(), json!(true));
        }
    }
    if let Some(date) = date {
        patch
            .extra
            .insert("call_date".to_owned(), json!(date.to_string()));
    }
    for name in ["call_type", "client_id", "processing_type"] {
        if let Some(text) = given.field(name) {
            patch.extra.insert(name.to_owned(), json!(text));
        }
    }
    patch.extra.insert("type".to_owned(), json!("call"));
    patch.extra.insert("file_name".to_owned(), json!(name));
    Ok(patch)
}

/// Adds the task and writes down that it was handed in, and with which members.
pub(crate) fn submit(world: &World, patch: CallPatch, given: &Value) -> Result<Task, Failure> {
    let client_id = patch.extra.get("client_id").cloned();
    let index = world.add_call(Vendor::Transcripto, patch);
    let task = world
        .call_head(Vendor::Transcripto, index)
        .map(|head| Task::of(&View::of(world), &head))
        .ok_or_else(|| Failure::new(5000, "Internal server error"))?;
    let code = task.code.to_string();
    let event = LedgerEvent {
        vendor: Vendor::Transcripto,
        kind: "submission",
        id: code.clone(),
        call_id: Some(code),
        version: 1,
        action: Action::Submitted,
        facts: json!({ "type": task.type_text, "client_id": client_id, "given": given }),
    };
    world.ledger.append(world.now(), event);
    Ok(task)
}

fn created(outcome: Result<Task, Failure>) -> Response {
    match outcome {
        Ok(task) => {
            Json(json!({ "id": task.id, "error_code": 0, "code": task.code })).into_response()
        }
        Err(failure) => failure.into_response(),
    }
}
