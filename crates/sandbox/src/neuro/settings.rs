//! Agents, their settings, keys and calling rules (NN-07 to NN-15).

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    agents,
    answer::{message, other_error},
    auth::Authorized,
    query::{self, Parameters},
    state::note,
};
use crate::{
    call::hash_texts,
    identity::Kind,
    world::{Shared, ledger::Action},
};

/// The settings that may be changed, as the answer to a change shows them.
const CHANGEABLE: [&str; 9] = [
    "delay",
    "recall_count",
    "flag",
    "company_uuid",
    "routing_channel_limit",
    "total_channel_limit",
    "language",
    "asr",
    "tts",
];

/// NN-07: the agents of the company.
pub(crate) async fn company_agents(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    let seed = world.config.seed;
    match parameters.get("company_uuid") {
        None => other_error("company_uuid is required"),
        Some(company) if *company == agents::company(seed).to_string() => {
            let state = world.neuro.lock();
            // An agent whose company was changed is another company's.
            let stayed = |place: usize| {
                let moved = state
                    .agents
                    .get(place)
                    .and_then(|agent| agent.general.get("company_uuid"));
                moved.is_none_or(|moved| *moved == company.as_str())
            };
            let listed: Vec<Value> = agents::list(seed)
                .into_iter()
                .enumerate()
                .filter(|(place, _)| stayed(*place))
                .map(|(_, agent)| agent)
                .collect();
            Json(listed).into_response()
        }
        Some(_) => message(StatusCode::FORBIDDEN, "Access denied"),
    }
}

/// NN-08: the general settings of an agent.
pub(crate) async fn general(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    let place = match query::agent(world.config.seed, &parameters) {
        Ok((place, _)) => place,
        Err(error) => return other_error(error),
    };
    let state = world.neuro.lock();
    let mut shown = state
        .agents
        .get(place)
        .map(|agent| agent.general.clone())
        .unwrap_or_default();
    // It may be changed, yet it is not among what is shown.
    shown.remove("company_uuid");
    Json(shown).into_response()
}

/// NN-09: changes some of the settings and shows all that may be changed.
pub(crate) async fn change_general(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Response {
    let (place, changes) = match (
        query::agent(world.config.seed, &parameters),
        query::object(&body),
    ) {
        (Ok((place, _)), Ok(changes)) => (place, changes),
        (Err(error), _) | (_, Err(error)) => return other_error(error),
    };
    let mut state = world.neuro.lock();
    let Some(agent) = state.agents.get_mut(place) else {
        return other_error("Agent not found");
    };
    for name in CHANGEABLE {
        if let Some(value) = changes.get(name) {
            agent.general.insert(name.to_owned(), as_number(value));
        }
    }
    let company = json!(agents::company(world.config.seed));
    agent.general.entry("company_uuid").or_insert(company);
    let id = agents::agent_id(world.config.seed, place).to_string();
    note(&world, "agent", &id, Action::Changed, json!(agent.general));
    let shown: Map<String, Value> = CHANGEABLE
        .into_iter()
        .map(|name| {
            (
                name.to_owned(),
                agent.general.get(name).cloned().unwrap_or_default(),
            )
        })
        .collect();
    Json(shown).into_response()
}

/// Numbers may be sent as strings.
fn as_number(value: &Value) -> Value {
    let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
    number.map_or_else(|| value.clone(), |number| json!(number))
}

/// NN-10: the keys of an agent, in clear.
pub(crate) async fn credentials(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    let place = match query::agent(world.config.seed, &parameters) {
        Ok((place, _)) => place,
        Err(error) => return other_error(error),
    };
    let kind = parameters.get("key_type");
    let state = world.neuro.lock();
    let data: Vec<&Value> = state
        .agents
        .get(place)
        .into_iter()
        .flat_map(|agent| &agent.credentials)
        .filter(|key| kind.is_none_or(|kind| key["key_type"] == kind.as_str()))
        .collect();
    Json(json!({ "data": data })).into_response()
}

/// NN-11: changes a key.
pub(crate) async fn change_credential(
    State(world): State<Shared>,
    _: Authorized,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let changes = match query::object(&body) {
        Ok(changes) => changes,
        Err(error) => return other_error(error),
    };
    let mut state = world.neuro.lock();
    let mut keys = state
        .agents
        .iter_mut()
        .flat_map(|agent| &mut agent.credentials);
    let Some(key) = keys
        .find(|key| key["uuid"] == id.as_str())
        .and_then(Value::as_object_mut)
    else {
        return other_error("Credential not found");
    };
    for name in ["name", "platform", "key_type", "value"] {
        if let Some(value) = changes.get(name) {
            key.insert(name.to_owned(), value.clone());
        }
    }
    let mut facts = key.clone();
    let value = facts.remove("value").unwrap_or_default();
    let hash = hash_texts(std::iter::once(value.as_str().unwrap_or_default()));
    facts.insert("value_sha256".to_owned(), json!(hash));
    note(&world, "speech_key", &id, Action::Changed, json!(facts));
    Json(key.clone()).into_response()
}

/// NN-12: when an agent may call; an empty list means at any time.
pub(crate) async fn time_slots(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    match query::agent(world.config.seed, &parameters) {
        Ok((place, _)) => {
            let state = world.neuro.lock();
            let slots = state
                .agents
                .get(place)
                .map(|agent| agent.time_slots.clone());
            Json(slots.unwrap_or_default()).into_response()
        }
        Err(error) => other_error(error),
    }
}

/// NN-13: adds a calling rule.
pub(crate) async fn add_time_slot(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Response {
    let rule = query::object(&body).and_then(|body| rule(&body));
    let (place, mut rule) = match (query::agent(world.config.seed, &parameters), rule) {
        (Ok((place, _)), Ok(rule)) => (place, rule),
        (Err(error), _) | (_, Err(error)) => return other_error(error),
    };
    let mut state = world.neuro.lock();
    let id = state.new_id(Kind::TimeSlot);
    rule.insert("time_slot_uuid".to_owned(), json!(id));
    if let Some(agent) = state.agents.get_mut(place) {
        agent.time_slots.push(Value::Object(rule.clone()));
    }
    note_slot(&world, Action::Added, &Value::Object(rule.clone()));
    (StatusCode::CREATED, Json(rule)).into_response()
}

/// NN-14: changes a calling rule.
pub(crate) async fn change_time_slot(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    let body = match query::object(&body) {
        Ok(body) => body,
        Err(error) => return other_error(error),
    };
    let mut changed = match rule(&body) {
        Ok(rule) => rule,
        Err(error) => return other_error(error),
    };
    let status = world.options().neuro_time_slot_put_status;
    let mut state = world.neuro.lock();
    let mut slots = state
        .agents
        .iter_mut()
        .flat_map(|agent| &mut agent.time_slots);
    let wanted = body.get("time_slot_uuid").filter(|id| id.is_string());
    let Some(slot) = slots.find(|slot| wanted.is_some_and(|id| slot["time_slot_uuid"] == *id))
    else {
        return other_error("Time slot not found");
    };
    changed.insert("time_slot_uuid".to_owned(), slot["time_slot_uuid"].clone());
    *slot = Value::Object(changed.clone());
    note_slot(&world, Action::Changed, slot);
    (
        StatusCode::from_u16(status).unwrap_or(StatusCode::CREATED),
        Json(changed),
    )
        .into_response()
}

/// NN-15: deletes the calling rule that the body names.
pub(crate) async fn delete_time_slot(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    let body = match query::object(&body) {
        Ok(body) => body,
        Err(error) => return other_error(error),
    };
    let mut state = world.neuro.lock();
    let lists = state.agents.iter_mut().map(|agent| &mut agent.time_slots);
    let id = body.get("time_slot_uuid");
    let (response, deleted) = query::remove(lists, "time_slot_uuid", id, "Time slot not found");
    if let Some(slot) = deleted {
        note_slot(&world, Action::Deleted, &slot);
    }
    response
}

fn note_slot(world: &Shared, action: Action, slot: &Value) {
    let id = slot["time_slot_uuid"].as_str().unwrap_or_default();
    note(world, "time_slot", id, action, slot.clone());
}

/// A calling rule out of a body.
fn rule(body: &Map<String, Value>) -> Result<Map<String, Value>, &'static str> {
    let day = body.get("day").map(as_number).and_then(|day| day.as_i64());
    let day = day
        .filter(|day| (0..=6).contains(day))
        .ok_or("day must be from 0 to 6")?;
    let time = |name| body.get(name).and_then(Value::as_str).and_then(whole_time);
    let not_before = time("not_before").ok_or("not_before must be hh:mm")?;
    let not_after = time("not_after").ok_or("not_after must be hh:mm")?;
    if not_before >= not_after {
        return Err("not_before must be before not_after");
    }
    let rule = [
        ("day", json!(day)),
        ("not_before", json!(not_before)),
        ("not_after", json!(not_after)),
    ];
    Ok(rule
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

/// Takes `hh:mm` and `hh:mm:ss`, gives the latter.
fn whole_time(text: &str) -> Option<String> {
    let time: jiff::civil::Time = text.parse().ok()?;
    (text.len() <= 8).then(|| time.strftime("%H:%M:%S").to_string())
}
