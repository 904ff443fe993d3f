//! What the agents have to do and did lately, and the lists it came from (NN-33 to NN-39).

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    answer::{message, other_error},
    auth::Authorized,
    dates::DateForm,
    dialog::{Attempt, Dialog},
    query::{self, Page, Parameters},
    rows::{date_form, phone_of},
    state::{Hold, Selection},
    view::View,
};
use crate::{
    identity::{Kind, uuid},
    vendor::Vendor,
    world::Shared,
};

/// The queue shows the newest dialogs of an agent; older ones left it.
const QUEUE_LENGTH: usize = 240;
/// The selections of an agent divide the time before the epoch evenly.
const SELECTIONS: u8 = 12;
const SELECTION_SPAN: SignedDuration = SignedDuration::from_hours(5 * 24);

/// NN-33: the dialogs of an agent.
pub(crate) async fn dialogs(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    list(&View::of(&world), &parameters, |view, dialog| {
        let call = view.world.call(Vendor::Neuro, dialog.index)?;
        let state = state_of(view, dialog);
        Some(vec![
            json!({ "msisdn": phone_of(&call), "uuid": dialog.id, "result": state }),
        ])
    })
}

/// NN-34: the calls of an agent.
pub(crate) async fn calls(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    list(&View::of(&world), &parameters, |view, dialog| {
        let call = view.world.call(Vendor::Neuro, dialog.index)?;
        let row = |attempt: &Attempt| {
            let mut row = json!({
                "msisdn": phone_of(&call),
                "uuid": attempt.call_id,
                "result": if attempt.ready_at <= view.now { "done" } else { state_of(view, dialog) },
                "date_added": date_form(view, attempt).write(attempt.at),
            });
            if view.options.neuro_wrapped_lists
                && let Some(members) = row.as_object_mut()
            {
                let dialog = json!({ "msisdn": phone_of(&call), "uuid": dialog.id });
                members.insert("dialog".to_owned(), dialog);
            }
            row
        };
        Some(dialog.attempts.iter().map(row).collect())
    })
}

/// Tells removing one dialog from removing all of them.
pub(crate) fn remove_operation(parts: &Parts, _: &Bytes) -> &'static str {
    let query = parts.uri.query().unwrap_or_default();
    let one = query.split('&').any(|pair| {
        pair.strip_prefix("dialog_uuid=")
            .is_some_and(|id| !id.is_empty())
    });
    if one { "NN-38" } else { "NN-37" }
}

/// NN-35: stops all dialogs of an agent that wait.
pub(crate) async fn stop(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    hold(&world, &parameters, |_| Hold::Stopped)
}

/// NN-36: returns the stopped dialogs of an agent to the queue.
pub(crate) async fn put_back(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    hold(&world, &parameters, |view| Hold::Returned(view.now))
}

/// NN-37 and NN-38: deletes what waits: without a `dialog_uuid` everything, as the document has it.
pub(crate) async fn remove(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    let view = View::of(&world);
    let Ok(waiting) = waiting(&view, &parameters) else {
        return no_access();
    };
    let wanted = parameters.get("dialog_uuid").filter(|id| !id.is_empty());
    for dialog in waiting {
        if wanted.is_none_or(|id| dialog.id.to_string() == *id) {
            world.delete_call(Vendor::Neuro, dialog.index);
        }
    }
    Json(Value::Null).into_response()
}

/// These methods document no other refusal than of the token.
fn no_access() -> Response {
    message(StatusCode::FORBIDDEN, "Access denied")
}

fn hold(world: &Shared, parameters: &Parameters, new: fn(&View<'_>) -> Hold) -> Response {
    let view = View::of(world);
    let Ok(waiting) = waiting(&view, parameters) else {
        return no_access();
    };
    let mut state = world.neuro.lock();
    for dialog in waiting {
        let known = state.holds.get(&dialog.index).copied();
        // Only what was stopped can be returned.
        if new(&view) == Hold::Stopped || known == Some(Hold::Stopped) {
            state.holds.insert(dialog.index, new(&view));
        }
    }
    Json(Value::Null).into_response()
}

/// The dialogs of the agent that still wait. They are among those that were added.
fn waiting(view: &View<'_>, parameters: &Parameters) -> Result<Vec<Dialog>, &'static str> {
    let (place, _) = query::agent(view.seed, parameters)?;
    let dialogs = view.world.edited_calls(Vendor::Neuro).into_iter();
    let mine = dialogs
        .filter_map(|index| view.dialog(index))
        .filter(|one| one.agent == place);
    Ok(mine.filter(|dialog| dialog.is_queued(view.now)).collect())
}

/// NN-39: the lists of contacts that were given to an agent.
pub(crate) async fn selections(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    let view = View::of(&world);
    let (place, _) = match query::agent(view.seed, &parameters) {
        Ok(agent) => agent,
        Err(error) => return other_error(error),
    };
    let wanted = match parameters
        .get("is_completed")
        .map(|text| text.to_lowercase())
    {
        None => None,
        Some(text) if text == "true" => Some(true),
        Some(text) if text == "false" => Some(false),
        Some(_) => return other_error("is_completed must be true or false"),
    };
    let rows: Vec<Value> = (0..SELECTIONS)
        .map(|number| (number, number != 0))
        .filter(|(_, completed)| wanted.is_none_or(|wanted| wanted == *completed))
        .map(|(number, completed)| selection(&view, place, number, completed))
        .chain(uploaded_selections(&view, place, wanted))
        .collect();
    Json(rows).into_response()
}

/// The selection that began so many spans ago; the newest goes on.
fn selection(view: &View<'_>, place: usize, number: u8, completed: bool) -> Value {
    let back = SELECTION_SPAN
        .checked_mul(i32::from(number) + 1)
        .unwrap_or(SELECTION_SPAN);
    let from = shifted(view.world.epoch(), -back);
    let until = if completed {
        shifted(from, SELECTION_SPAN)
    } else {
        view.now
    };
    let inside = |dialog: &Dialog| {
        dialog
            .attempts
            .last()
            .is_some_and(|attempt| (from..until).contains(&attempt.at))
    };
    let count = view
        .dialogs_between(place, from, until)
        .filter(inside)
        .count();
    let id = ((place as u64) << 8) | u64::from(number);
    json!({
        "uuid": uuid(view.seed, Kind::Selection, id),
        "name": if number % 3 == 1 { "API".to_owned() } else { format!("База {}", 40 - number) },
        "started_on": DateForm::DayFirst.write(from),
        "is_completed": completed,
        "dialogs_count": count,
    })
}

/// The selections that uploads made; each is over as soon as it is uploaded.
fn uploaded_selections(view: &View<'_>, place: usize, wanted: Option<bool>) -> Vec<Value> {
    let shown = |selection: &Selection| {
        json!({
            "uuid": selection.id,
            "name": selection.name,
            "started_on": DateForm::DayFirst.write(selection.started_at),
            "is_completed": true,
            "dialogs_count": selection.dialogs,
        })
    };
    let state = view.world.neuro.lock();
    let mine = state
        .selections
        .iter()
        .filter(|selection| selection.agent == place);
    mine.filter(|_| wanted != Some(false)).map(shown).collect()
}

/// One list of the queue: bare, or with its total count, as the option has it.
fn list(
    view: &View<'_>,
    parameters: &Parameters,
    rows_of: impl Fn(&View<'_>, &Dialog) -> Option<Vec<Value>>,
) -> Response {
    let page = match Page::of(parameters) {
        Ok(page) => page,
        Err(error) => return other_error(error),
    };
    let (place, _) = match query::agent(view.seed, parameters) {
        Ok(agent) => agent,
        Err(error) => return other_error(error),
    };
    let mut dialogs = view.newest_of(place, QUEUE_LENGTH);
    if let Some(bulk) = parameters.get("bulk_uuid") {
        dialogs.retain(|dialog| dialog.bulk_id.to_string() == *bulk);
    }
    let rows: Vec<Value> = dialogs
        .iter()
        .filter_map(|dialog| rows_of(view, dialog))
        .flatten()
        .collect();
    let total = rows.len();
    let rows: Vec<Value> = rows
        .into_iter()
        .skip(page.offset)
        .take(page.limit)
        .collect();
    if view.options.neuro_wrapped_lists {
        Json(json!({ "data": rows, "total_count": total })).into_response()
    } else {
        Json(rows).into_response()
    }
}

/// Where a dialog stands: the queue is worked off one step after the other.
fn state_of(view: &View<'_>, dialog: &Dialog) -> &'static str {
    if !dialog.is_queued(view.now) {
        return "done";
    }
    if view.holds.get(&dialog.index) == Some(&Hold::Stopped) {
        return "stopped";
    }
    match dialog.index % 3 {
        0 => "created",
        1 => "queued",
        _ => "active",
    }
}

fn shifted(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_add(by).unwrap_or(instant)
}
