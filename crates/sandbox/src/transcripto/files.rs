//! Downloads of one task (TR-34 to TR-38): one path, five kinds of file.

use std::collections::HashMap;

use axum::{
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::{
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    request::Parts,
};

use super::{
    analysis::{Scores, original_text, sentiment, tags},
    answer::Failure,
    auth::Authorized,
    checklist, docx,
    task::{Task, Type, View},
};
use crate::{audio, call::Call, world::Shared};

/// Nobody listens to the end.
const LONGEST_AUDIO_S: i64 = 12;
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Tells which of the five operations is meant.
pub(crate) fn operation(parts: &Parts, _: &Bytes) -> &'static str {
    let query = parts.uri.query().unwrap_or_default();
    let kind = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("file_type="));
    match kind {
        Some("docx_call") => "TR-34",
        Some("txt_call") => "TR-35",
        Some("docx_youtube") => "TR-36",
        Some("txt_youtube") => "TR-37",
        _ => "TR-38",
    }
}

/// TR-34 to TR-38: a file, or an error as JSON where the file should be.
pub(crate) async fn get_file(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<HashMap<String, String>>,
) -> Response {
    file(&View::of(&world), &parameters).unwrap_or_else(Failure::into_response)
}

fn file(view: &View<'_>, parameters: &HashMap<String, String>) -> Result<Response, Failure> {
    let kind = parameters
        .get("file_type")
        .map(String::as_str)
        .unwrap_or_default();
    let code = parameters
        .get("task_code")
        .filter(|code| !code.is_empty())
        .ok_or_else(|| Failure::new(4045, "Missing task_code"))?;
    if ![
        "audio",
        "docx_call",
        "txt_call",
        "docx_youtube",
        "txt_youtube",
    ]
    .contains(&kind)
    {
        return Err(Failure::new(4047, "Unsupported file_type"));
    }
    let task = view.by_code(code).ok_or_else(Failure::task_not_found)?;
    let call = view.call(&task).ok_or_else(Failure::task_not_found)?;
    match kind {
        "audio" => recording(view, &task, &call),
        "docx_call" => {
            let text = call_report(view, &task, &call)?;
            Ok(download(
                DOCX,
                &format!("call_report_task{}.docx", task.id),
                docx::document(&text),
            ))
        }
        "txt_call" => {
            let text = call_report(view, &task, &call)?;
            let name = format!("call_report_task{}.txt", task.id);
            Ok(download(
                "text/plain; charset=utf-8",
                &name,
                text.into_bytes(),
            ))
        }
        "docx_youtube" => {
            let text = video_report(view, &task, &call)?;
            let name = format!("youtube_report_task{}.docx", task.id);
            Ok(download(DOCX, &name, docx::document(&text)))
        }
        _ => {
            let text = video_report(view, &task, &call)?;
            let name = format!("youtube_report_task{}.txt", task.id);
            Ok(download(
                "text/plain; charset=utf-8",
                &name,
                text.into_bytes(),
            ))
        }
    }
}

fn recording(view: &View<'_>, task: &Task, call: &Call) -> Result<Response, Failure> {
    if let Some(bytes) = view
        .world
        .transcripto
        .lock()
        .files
        .of(&task.code.to_string())
    {
        let name = task.file_name(view.seed).unwrap_or_default();
        return Ok(download(sound_type(&name), &name, bytes));
    }
    let lost = task.chance(view.seed, 81).is_multiple_of(100);
    if !task.kind.has_audio() || lost {
        return Err(Failure::new(4046, "File not found on disk"));
    }
    let seconds =
        u32::try_from((task.duration_ms(call) / 1_000).clamp(2, LONGEST_AUDIO_S)).unwrap_or(2);
    let sound = audio::wav(task.chance(view.seed, 82), 2, seconds);
    let name = task
        .file_name(view.seed)
        .unwrap_or_else(|| format!("task{}.wav", task.id));
    Ok(download("audio/wav", &name, sound))
}

/// "Based on the original file."
fn sound_type(name: &str) -> &'static str {
    match name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase())
        .as_deref()
    {
        Some("mp3") => "audio/mpeg",
        Some("ogg" | "oga" | "opus") => "audio/ogg",
        Some("m4a") => "audio/mp4",
        Some("flac") => "audio/flac",
        Some("webm") => "audio/webm",
        Some("aac") => "audio/aac",
        _ => "audio/wav",
    }
}

fn call_report(view: &View<'_>, task: &Task, call: &Call) -> Result<String, Failure> {
    if !matches!(task.kind, Type::Call | Type::Other) {
        return Err(Failure::new(4056, "Invalid task type (call expected)"));
    }
    let scores = Scores::of(view, task, call)
        .ok_or_else(|| Failure::new(4057, "No analysis/checklist data"))?;
    let mut text = format!(
        "Call report, task {}\n\nOperator: {}\nSummary: {}\nSentiment: {}\nTags: {}\nCSAT: {}\n\
         Script alignment: {}\n\nChecklist\n",
        task.id,
        task.operator_name(view.seed, call).unwrap_or_default(),
        call.summary.brief,
        sentiment(call),
        tags(call).join(", "),
        scores.inner_csat,
        scores.script_alignment,
    );
    for (_, question, answer) in checklist::answers_of(view, task, call) {
        text.push_str(&[question, " ", &answer, "\n"].concat());
    }
    text.push_str("\nText\n");
    text.push_str(&original_text(view, task, call).unwrap_or_default());
    text.push('\n');
    Ok(text)
}

fn video_report(view: &View<'_>, task: &Task, call: &Call) -> Result<String, Failure> {
    if task.kind != Type::Youtube {
        return Err(Failure::new(
            4061,
            "Invalid task type (youtubenew expected)",
        ));
    }
    if !task.status.is_done() {
        return Err(Failure::new(
            4062,
            "Invalid task status (completed expected)",
        ));
    }
    let text = original_text(view, task, call)
        .ok_or_else(|| Failure::new(4057, "No data (TaskResult is empty)"))?;
    Ok(format!(
        "{}\n\nSummary: {}\n\n{text}\n",
        call.summary.topic, call.summary.brief
    ))
}

pub(crate) fn download(content_type: &str, name: &str, bytes: impl Into<Bytes>) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type.to_owned()),
        (CONTENT_DISPOSITION, disposition(name)),
    ];
    (headers, bytes.into()).into_response()
}

/// A name outside ASCII travels in the extended form beside a plain stand-in.
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_graphic() && letter != '"' {
                letter
            } else {
                '_'
            }
        })
        .collect();
    if plain == name {
        return format!("attachment; filename=\"{name}\"");
    }
    let extended: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{extended}")
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_name_outside_ascii_is_sent_in_both_forms() {
        assert_eq!(
            disposition("rec_1.wav"),
            "attachment; filename=\"rec_1.wav\""
        );
        assert_eq!(
            disposition("Звук 1.wav"),
            "attachment; filename=\"_____1.wav\"; filename*=UTF-8''%D0%97%D0%B2%D1%83%D0%BA%201.wav"
        );
    }
}
