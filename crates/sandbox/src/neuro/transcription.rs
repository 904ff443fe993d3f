//! The transcription of a call (NN-32): a log of what the agent did and heard, or a text file.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use http::{
    StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    answer::other_error,
    auth::Authorized,
    dialog::{Attempt, Dialog, Speech, attempt_index},
    query::Parameters,
    rows::date_form,
    view::View,
};
use crate::{
    call::{Call, Line, Speaker},
    vendor::Vendor,
    world::Shared,
};

/// NN-32: what was said, as a log of actions (`json`, the default) or as a text file.
pub(crate) async fn transcription(
    State(world): State<Shared>,
    _: Authorized,
    Path(call_id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let kind = parameters.get("type").map_or("json", String::as_str);
    if kind != "json" && kind != "text" {
        return other_error("type must be json or text");
    }
    let view = View::of(&world);
    let found = find(&view, &call_id).and_then(|(dialog, attempt)| {
        let call = world.call(Vendor::Neuro, attempt.index)?;
        let lines = spoken(&view, &attempt, &call)?;
        Some((dialog, attempt, call, lines))
    });
    let Some((dialog, attempt, call, lines)) = found else {
        return (StatusCode::NOT_FOUND, Json(json!({ "data": [] }))).into_response();
    };
    if kind == "text" {
        return text_file(&attempt, &lines);
    }
    let rows = log(&view, &dialog, &attempt, &call, &lines);
    Json(json!({ "data": rows })).into_response()
}

/// The attempt with this id, where the vendor shows ids and already has its statistics.
pub(crate) fn find(view: &View<'_>, call_id: &str) -> Option<(Dialog, Attempt)> {
    let (index, ordinal) = attempt_index(view.seed, call_id)?;
    let dialog = view.dialog(index)?;
    let attempt = dialog
        .ready(view.now)
        .find(|attempt| attempt.ordinal == ordinal && attempt.shows_call_id)
        .copied()?;
    Some((dialog, attempt))
}

/// The lines that were spoken in the attempt; none when nobody answered.
fn spoken(view: &View<'_>, attempt: &Attempt, call: &Call) -> Option<Vec<Line>> {
    match attempt.speech(view.seed, call) {
        Speech::Whole => Some(call.lines.clone()),
        Speech::GreetingOnly => {
            let greeting = call
                .lines
                .iter()
                .find(|line| line.speaker == Speaker::Agent);
            greeting.cloned().map(|line| vec![line])
        }
        Speech::None => None,
    }
}

fn log(
    view: &View<'_>,
    dialog: &Dialog,
    attempt: &Attempt,
    call: &Call,
    lines: &[Line],
) -> Vec<Value> {
    let form = date_form(view, attempt);
    let row = |alias: &str, data: Value, at: Timestamp| {
        json!({
            "action_alias": alias,
            "agent_uuid": dialog.agent_id(view.seed),
            "call_uuid": attempt.call_id,
            "data": data,
            "date": form.write(at),
            "dialog_uuid": dialog.id,
        })
    };
    let mut rows = Vec::with_capacity(lines.len() + 3);
    rows.push(row("call_started", Value::Null, attempt.at));
    for line in lines {
        let at = moment(attempt, line.start_ms);
        rows.push(match line.speaker {
            Speaker::Agent => row("bot_say", json!({ "text": line.text }), at),
            Speaker::Client => row(
                "human_say",
                json!({ "text": line.text, "duration_ms": line.end_ms - line.start_ms }),
                at,
            ),
        });
    }
    let end = moment(attempt, lines.last().map_or(0, |line| line.end_ms));
    let result = attempt.result(view.seed, call);
    rows.push(row(
        "set_output",
        json!({ "name": "result", "value": result }),
        end,
    ));
    rows.push(row("call_finished", Value::Null, end));
    rows
}

fn text_file(attempt: &Attempt, lines: &[Line]) -> Response {
    let written: Vec<String> = lines
        .iter()
        .map(|line| match line.speaker {
            Speaker::Agent => {
                let at = moment(attempt, line.start_ms).to_zoned(TimeZone::UTC);
                format!("bot({}): {}", at.strftime("%H:%M:%S"), line.text)
            }
            Speaker::Client => format!("human: {}", line.text),
        })
        .collect();
    let text = written.join("\n");
    let disposition = format!("attachment; filename=\"{}.txt\"", attempt.call_id);
    (
        [
            (CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
            (CONTENT_DISPOSITION, disposition),
        ],
        text,
    )
        .into_response()
}

fn moment(attempt: &Attempt, offset_ms: i64) -> Timestamp {
    attempt
        .at
        .checked_add(SignedDuration::from_millis(offset_ms))
        .unwrap_or(attempt.at)
}
