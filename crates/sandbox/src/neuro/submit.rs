//! Dialogs that are handed in: one, or a group (NN-03 to NN-06). On a real account each of them
//! rings somebody's phone, so that the ledger counts every single one.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    agents::agent_id,
    answer::{message, other_error},
    auth::Authorized,
    dialog::bulk_indexes,
    query::{self, Parameters},
    state::{Selection, Upload},
};
use crate::{
    call::patch::CallPatch,
    identity::{Kind, uuid},
    vendor::Vendor,
    world::{
        Shared, World,
        ledger::{Action, LedgerEvent},
    },
};

/// A phone number has so many digits.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 10..=15;

/// Where the dialogs of one request go.
struct Target {
    agent: usize,
    bulk: Option<Uuid>,
    /// The name of the selection that is to be made.
    selection: Option<String>,
}

/// NN-03: one dialog.
pub(crate) async fn dialog_initial(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Response {
    let target = match target(&world, &parameters) {
        Ok(target) => target,
        Err((status, error)) => return message(status, error),
    };
    let entities = match query::object(&body) {
        Ok(entities) => entities,
        Err(error) => return other_error(error),
    };
    if let Some(response) = unreadable(&entities) {
        return response;
    }
    let phone = match phone(&entities) {
        Ok(phone) => phone,
        Err(error) => return other_error(error),
    };
    let id = place(&world, &target, &phone, entities);
    make_selection(&world, &target, 1);
    if world.options().neuro_bare_dialog_uuid {
        Json(json!(id)).into_response()
    } else {
        Json(json!({ "dialog_uuid": id })).into_response()
    }
}

/// NN-04: a group of dialogs.
pub(crate) async fn dialogs_group_initial(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Response {
    let mut target = match target(&world, &parameters) {
        Ok(target) => target,
        Err((status, error)) => return message(status, error),
    };
    let Ok(dialogs) = serde_json::from_slice::<Vec<Map<String, Value>>>(&body) else {
        return other_error("The body must be a list of objects");
    };
    if let Some(response) = dialogs.iter().find_map(unreadable) {
        return response;
    }
    let bulk = target
        .bulk
        .unwrap_or_else(|| world.neuro.lock().new_id(Kind::Bulk));
    target.bulk = Some(bulk);
    let mut accepted = 0;
    let rows: Vec<Value> = dialogs
        .into_iter()
        .map(|entities| match phone(&entities) {
            Ok(phone) => {
                accepted += 1;
                let id = place(&world, &target, &phone, entities);
                json!({ "status": true, "msisdn": phone, "message": "", "dialog_uuid": id })
            }
            Err(error) => json!({
                "status": false,
                "msisdn": entities.get("msisdn").or_else(|| entities.get("phone")),
                "message": error,
                "dialog_uuid": null,
            }),
        })
        .collect();
    make_selection(&world, &target, accepted);
    let status = world.options().neuro_group_status;
    let mut state = world.neuro.lock();
    let task = state.new_id(Kind::Upload);
    state.uploads.insert(
        task,
        Upload {
            begun_at: world.now(),
            rows,
        },
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (
        status,
        Json(json!({ "bulk_uuid": bulk, "task_uuid": task })),
    )
        .into_response()
}

/// NN-05: how far an upload is.
pub(crate) async fn group_status(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    match upload(&world, &parameters) {
        Ok((upload, done)) => {
            let state = if done { "SUCCESS" } else { "PENDING" };
            let shown = if done {
                upload.rows.len()
            } else {
                upload.rows.len() / 2
            };
            let info = format!("{shown} of {}", upload.rows.len());
            Json(json!({ "state": state, "info": info })).into_response()
        }
        Err(error) => other_error(error),
    }
}

/// NN-06: what became of each dialog of an upload. Read too early, a part is missing.
pub(crate) async fn group_result(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    match upload(&world, &parameters) {
        Ok((mut upload, done)) => {
            if !done {
                upload.rows.truncate(upload.rows.len() / 2);
            }
            Json(upload.rows).into_response()
        }
        Err(error) => other_error(error),
    }
}

/// The upload that the query names, and whether it is over.
fn upload(world: &World, parameters: &Parameters) -> Result<(Upload, bool), &'static str> {
    let id = parameters.get("task_uuid").ok_or("task_uuid is required")?;
    let id = Uuid::try_parse(id).ok().ok_or("task_uuid is not a UUID")?;
    let upload = world
        .neuro
        .lock()
        .uploads
        .get(&id)
        .cloned()
        .ok_or("Task not found")?;
    let delay = SignedDuration::try_from(world.config.analysis_delay / 4).unwrap_or_default();
    let done = upload
        .begun_at
        .checked_add(delay)
        .is_ok_and(|end| end <= world.now());
    Ok((upload, done))
}

fn target(world: &World, parameters: &Parameters) -> Result<Target, (StatusCode, &'static str)> {
    let seed = world.config.seed;
    let (agent, _) =
        query::agent(seed, parameters).map_err(|error| (StatusCode::CONFLICT, error))?;
    let bulk = match parameters.get("bulk_uuid").filter(|id| !id.is_empty()) {
        None => None,
        Some(text) => {
            let id = Uuid::try_parse(text)
                .ok()
                .ok_or((StatusCode::BAD_REQUEST, "bulk_uuid is not a UUID"))?;
            let known = world.neuro.lock().groups.contains_key(&id)
                || bulk_indexes(seed, text).is_some_and(|mut indexes| {
                    indexes.any(|index| world.call_head(Vendor::Neuro, index).is_some())
                });
            if !known {
                return Err((StatusCode::CONFLICT, "bulk_uuid not found"));
            }
            Some(id)
        }
    };
    let wants = parameters
        .get("with_selection")
        .is_some_and(|text| text == "true");
    let name = parameters
        .get("selection_name")
        .cloned()
        .unwrap_or_else(|| "API".to_owned());
    Ok(Target {
        agent,
        bulk,
        selection: wants.then_some(name),
    })
}

/// Values that are no strings make the vendor stumble.
fn unreadable(entities: &Map<String, Value>) -> Option<Response> {
    let (name, _) = entities.iter().find(|(_, value)| !value.is_string())?;
    let text = format!("Value of {name} is not a string");
    Some(message(StatusCode::INTERNAL_SERVER_ERROR, &text))
}

fn phone(entities: &Map<String, Value>) -> Result<String, &'static str> {
    let phone = entities
        .get("msisdn")
        .or_else(|| entities.get("phone"))
        .and_then(Value::as_str)
        .ok_or("msisdn or phone is required")?;
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    if PHONE_DIGITS.contains(&digits) {
        Ok(phone.to_owned())
    } else {
        Err("Invalid phone number")
    }
}

/// Puts one dialog into the queue and gives its id.
fn place(world: &World, target: &Target, phone: &str, entities: Map<String, Value>) -> Uuid {
    let facts = json!({
        "msisdn": phone,
        "bulk_uuid": target.bulk,
        "agent_uuid": agent_id(world.config.seed, target.agent),
        "selection_name": target.selection,
        "initial_entities": entities,
    });
    let mut extra = Map::new();
    extra.insert("agent".to_owned(), json!(target.agent));
    extra.insert("msisdn".to_owned(), json!(phone));
    extra.insert("initial_entities".to_owned(), Value::Object(entities));
    if let Some(bulk) = target.bulk {
        extra.insert("bulk_uuid".to_owned(), json!(bulk));
    }
    let now = world.now();
    let patch = CallPatch {
        started_at: Some(now),
        extra,
        ..CallPatch::default()
    };
    let index = world.add_call(Vendor::Neuro, patch);
    if let Some(bulk) = target.bulk {
        world
            .neuro
            .lock()
            .groups
            .entry(bulk)
            .or_default()
            .push(index);
    }
    let id = uuid(world.config.seed, Kind::Dialog, u64::from(index));
    let event = LedgerEvent {
        vendor: Vendor::Neuro,
        kind: "submission",
        id: id.to_string(),
        call_id: Some(id.to_string()),
        version: 1,
        action: Action::Submitted,
        facts,
    };
    world.ledger.append(now, event);
    id
}

fn make_selection(world: &World, target: &Target, dialogs: usize) {
    let Some(name) = target.selection.clone() else {
        return;
    };
    let mut state = world.neuro.lock();
    let id = state.new_id(Kind::Selection);
    let started_at = world.now();
    state.selections.push(Selection {
        id,
        agent: target.agent,
        name,
        started_at,
        dialogs,
    });
}
