//! Work that is handed in (TR-03 to TR-07). None of it is idempotent, so that the ledger counts it.

use std::collections::HashMap;

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

const FORMATS: [&str; 9] = [
    "wav", "mp3", "ogg", "oga", "opus", "m4a", "flac", "webm", "aac",
];
const SHORTEST_MS: u64 = 2_000;
/// Hosts that a video link may name.
const VIDEO_HOSTS: [&str; 6] = [
    "youtube.com",
    "youtu.be",
    "vk.com",
    "vkvideo.ru",
    "tiktok.com",
    "video.example",
];

/// The fields of a form or of a JSON body, and the file if there was one.
#[derive(Default)]
struct Given {
    fields: HashMap<String, String>,
    file: Option<(String, Bytes)>,
}

impl Given {
    /// A form. A form that cannot be read has no file.
    async fn form(form: Result<Multipart, MultipartRejection>) -> Self {
        let mut given = Self::default();
        let Ok(mut form) = form else { return given };
        while let Ok(Some(field)) = form.next_field().await {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            let Ok(bytes) = field.bytes().await else {
                continue;
            };
            match file_name {
                Some(file_name) if name == "file" => given.file = Some((file_name, bytes)),
                _ => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    given.fields.insert(name, text);
                }
            }
        }
        given
    }

    fn json(body: &[u8]) -> Result<(Self, Map<String, Value>), Failure> {
        let members: Map<String, Value> = serde_json::from_slice(body)
            .ok()
            .ok_or_else(|| Failure::invalid("The body must be a JSON object"))?;
        let fields = members
            .iter()
            .filter_map(|(name, value)| match value {
                Value::String(text) => Some((name.clone(), text.clone())),
                Value::Number(number) => Some((name.clone(), number.to_string())),
                _ => None,
            })
            .collect();
        Ok((Self { fields, file: None }, members))
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// A sound file that the vendor takes.
    fn sound(&self) -> Result<&str, Failure> {
        let (name, bytes) = self
            .file
            .as_ref()
            .filter(|(_, bytes)| !bytes.is_empty())
            .ok_or_else(|| Failure::new(4024, "File not provided"))?;
        let known = name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| FORMATS.contains(&ending.to_lowercase().as_str()));
        if !known {
            return Err(Failure::new(4025, "Unsupported file format"));
        }
        match wav_length_ms(bytes) {
            Some(length) if length < SHORTEST_MS => {
                Err(Failure::new(4092, "Audio is too short (< 2 sec)"))
            }
            None if name.to_lowercase().ends_with(".wav") => {
                Err(Failure::new(4026, "File decoding error"))
            }
            _ => Ok(name),
        }
    }
}

/// TR-03: a call as a file.
pub(crate) async fn call_file(
    State(world): State<Shared>,
    _: Authorized,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let given = Given::form(form).await;
    let outcome = given.sound().and_then(|name| {
        let mut patch = call_patch(&world, &given, name)?;
        if !world
            .transcripto
            .lock()
            .uploaded_names
            .insert(name.to_owned())
        {
            return Err(Failure::new(4091, "Duplicate file"));
        }
        patch.extra.insert("type".to_owned(), json!("call"));
        submit(&world, patch)
    });
    created(outcome)
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
        let mut patch = call_patch(&world, &given, name)?;
        patch.extra.insert("type".to_owned(), json!("call"));
        submit(&world, patch)
    });
    created(outcome)
}

/// TR-05: any sound file.
pub(crate) async fn audio_file(
    State(world): State<Shared>,
    _: Authorized,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let given = Given::form(form).await;
    let outcome = given.sound().and_then(|name| {
        let mut patch = base_patch(&world, &given)?;
        patch.extra.insert("type".to_owned(), json!("audio"));
        patch.extra.insert("file_name".to_owned(), json!(name));
        patch.extra.insert("undated".to_owned(), json!(true));
        submit(&world, patch)
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
        patch.extra.insert("type".to_owned(), json!("youtubenew"));
        patch.extra.insert("file_name".to_owned(), json!(url));
        patch.extra.insert("undated".to_owned(), json!(true));
        submit(&world, patch)
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
    let lines: Vec<LinePatch> = match given.field("text") {
        Some(text) => text.lines().filter_map(line).collect(),
        None => chunks
            .iter()
            .flat_map(|chunk| chunk.lines())
            .filter_map(line)
            .collect(),
    };
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
    patch.lines = Some(lines);
    patch.extra.insert("type".to_owned(), json!("chat"));
    submit(world, patch)
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
    patch.extra.insert("file_name".to_owned(), json!(name));
    Ok(patch)
}

/// Adds the task and writes down that it was handed in.
pub(crate) fn submit(world: &World, patch: CallPatch) -> Result<Task, Failure> {
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
        facts: json!({ "type": task.type_text, "client_id": client_id }),
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

/// The length of a WAV file by its header; `None` for anything else.
fn wav_length_ms(bytes: &[u8]) -> Option<u64> {
    let word = |at: usize| -> Option<u64> {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_le_bytes(four)))
    };
    (bytes.get(..4)? == b"RIFF" && bytes.get(8..12)? == b"WAVE").then_some(())?;
    let bytes_per_second = word(28).filter(|rate| *rate > 0)?;
    let data = bytes.windows(4).position(|four| four == b"data")?;
    let given = u64::try_from(bytes.len() - data).ok()?.saturating_sub(8);
    Some(word(data + 4)?.min(given) * 1_000 / bytes_per_second)
}
