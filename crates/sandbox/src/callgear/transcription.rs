//! Transcripts by session: only the newer edition has them.

use axum::{
    extract::{Query, State},
    response::Response,
};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    answer::Refusal,
    auth::Caller,
    ids,
    paging::ListQuery,
    render::{self, PhraseShape, seconds},
    results::array,
};
use crate::{
    call::{Call, Speaker},
    vendor::Vendor,
    world::{Shared, World},
};

/// CG-37
pub(super) async fn list(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let options = world.options();
    if options.callgear_edition < 2026 {
        return Err(Refusal::NotFound("The requested resource was not found."));
    }
    let query = ListQuery::new(query);
    query.sort(&["id", "call_session_id"])?;
    let window = query.window(&options)?;
    let mut calls = matching(&world, &query)?;
    if query.descending()? {
        calls.reverse();
    }
    let total = calls.len();
    let chosen = window.of(calls.into_iter().map(i64::from));
    Ok(array(&world, chosen, total, |world, index| {
        let call = u32::try_from(index)
            .ok()
            .and_then(|index| world.call(Vendor::CallGear, index));
        call.iter().map(|call| shown(world, call)).collect()
    }))
}

fn matching(world: &World, query: &ListQuery) -> Result<Vec<u32>, Refusal> {
    let from = instant(query, "date_from")?;
    let till = instant(query, "date_till")?;
    let session: Option<i64> = query.number("call_session_id__eq")?;
    let mut calls = world.live_calls(Vendor::CallGear);
    if let Some(session) = session {
        let wanted = ids::call_of_session(world, session);
        calls.retain(|index| Some(*index) == wanted);
    }
    if from.is_some() || till.is_some() {
        calls.retain(|index| {
            world
                .call_head(Vendor::CallGear, *index)
                .is_some_and(|head| {
                    from.is_none_or(|from| head.started_at >= from)
                        && till.is_none_or(|till| head.started_at <= till)
                })
        });
    }
    if let Some(words) = query.get("_q") {
        let words = words.to_lowercase();
        calls.retain(|index| {
            let call = world.call(Vendor::CallGear, *index);
            call.is_some_and(|call| call.text().to_lowercase().contains(&words))
        });
    }
    Ok(calls)
}

/// ISO 8601 with a zone, without one (UTC is meant), or a date alone.
fn instant(query: &ListQuery, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    let naive = || {
        text.parse::<civil::DateTime>()
            .ok()?
            .to_zoned(TimeZone::UTC)
            .ok()
    };
    let found = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| naive().map(|zoned| zoned.timestamp()));
    found
        .map(Some)
        .ok_or_else(|| Refusal::BadRequest(format!("{name} is invalid")))
}

fn shown(world: &World, call: &Call) -> Value {
    let mut document = json!({
        "app_id": ids::app_id(world.config.seed),
        "call_session_id": ids::session_id(world, call.index),
        "result": {
            "phrase_list": render::phrases(call, PhraseShape::Role),
            "call_segments": segments(call),
        },
    });
    call.edit(&mut document);
    document
}

/// Who held the floor from when to when.
fn segments(call: &Call) -> Vec<Value> {
    let mut floors: Vec<(Speaker, i64, i64)> = Vec::new();
    for line in &call.lines {
        match floors.last_mut() {
            Some((speaker, _, end)) if *speaker == line.speaker => *end = line.end_ms,
            _ => floors.push((line.speaker, line.start_ms, line.end_ms)),
        }
    }
    floors
        .into_iter()
        .map(|(speaker, start, end)| {
            json!({"role": speaker.key(), "start": seconds(start), "end": seconds(end)})
        })
        .collect()
}
