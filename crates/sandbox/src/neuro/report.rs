//! The report over a stretch of time (NN-29).

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    agents,
    answer::{message, other_error},
    auth::Authorized,
    dates,
    dialog::{Attempt, Dialog},
    query::{DEFAULT_LIMIT, Page},
    rows::report_row,
    view::View,
};
use crate::{random::mix, vendor::Vendor, world::Shared};

/// The body as it is sent. Types are checked by hand: this method answers 500 to what it cannot
/// read, with a description.
#[derive(Debug, Deserialize)]
struct Body {
    agent_uuid: Option<Value>,
    start: Option<Value>,
    end: Option<Value>,
    limit: Option<Value>,
    offset: Option<Value>,
}

/// What is asked for, once it is understood.
struct Question {
    agent: usize,
    start: Timestamp,
    end: Timestamp,
    limit: usize,
    offset: usize,
}

/// NN-29: the outputs of all attempts between two instants.
pub(crate) async fn dialog_report(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    let question = match understand(world.config.seed, &body) {
        Ok(question) => question,
        Err(error) => return message(StatusCode::INTERNAL_SERVER_ERROR, &error),
    };
    let page = match Page::new(question.limit, question.offset) {
        Ok(page) => page,
        Err(error) => return other_error(error),
    };
    let view = View::of(&world);
    let most = match view.options.neuro_page_cap {
        0 => page.limit,
        cap => page.limit.min(usize::try_from(cap).unwrap_or(usize::MAX)),
    };
    let mut found = attempts(&view, &question);
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    if found.len() > most && view.options.neuro_shuffle_pages {
        shuffle(view.seed, &question, &mut found);
    }
    let rows: Vec<Value> = found
        .iter()
        .skip(page.offset)
        .take(most)
        .filter_map(|(dialog, attempt)| {
            let call = world.call(Vendor::Neuro, dialog.index)?;
            Some(report_row(&view, dialog, attempt, &call))
        })
        .collect();
    let total = total.saturating_add(view.options.neuro_total_skew).max(0);
    Json(json!({ "result": rows, "total": total })).into_response()
}

fn understand(seed: u64, body: &[u8]) -> Result<Question, String> {
    let body: Body =
        serde_json::from_slice(body).map_err(|error| format!("Cannot read the body: {error}"))?;
    let text = |value: Option<Value>, name: &str| match value {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("{name} must be a string")),
        None => Err(format!("{name} is required")),
    };
    let number = |value: Option<Value>, name: &str, default: usize| match value {
        None => Ok(default),
        Some(value) => value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .ok_or_else(|| format!("{name} must be an integer")),
    };
    let instant = |text: String| {
        dates::parse(&text)
            .ok_or_else(|| format!("time data '{text}' does not match any of the known formats"))
    };
    let agent = text(body.agent_uuid, "agent_uuid")?;
    let (agent, _) = agents::find(seed, &agent).ok_or("Agent not found")?;
    Ok(Question {
        agent,
        start: instant(text(body.start, "start")?)?,
        end: instant(text(body.end, "end")?)?,
        limit: number(body.limit, "limit", DEFAULT_LIMIT)?,
        offset: number(body.offset, "offset", 0)?,
    })
}

fn attempts(view: &View<'_>, question: &Question) -> Vec<(Dialog, Attempt)> {
    let inside = |attempt: &Attempt| {
        let early_enough = if view.options.neuro_end_inclusive {
            attempt.at <= question.end
        } else {
            attempt.at < question.end
        };
        attempt.at >= question.start && early_enough
    };
    view.dialogs_between(question.agent, question.start, question.end)
        .flat_map(|dialog| {
            let chosen: Vec<Attempt> = dialog
                .ready(view.now)
                .filter(|attempt| inside(attempt))
                .copied()
                .collect();
            chosen
                .into_iter()
                .map(move |attempt| (dialog.clone(), attempt))
        })
        .collect()
}

/// The document promises no order, so each page comes out of an order of its own: the same request
/// gives the same rows, but one page says nothing about the next.
fn shuffle(seed: u64, question: &Question, found: &mut [(Dialog, Attempt)]) {
    let request = mix(&[
        seed,
        question.offset as u64,
        question.limit as u64,
        found.len() as u64,
    ]);
    found.sort_by_cached_key(|(_, attempt)| mix(&[request, attempt.key()]));
}
