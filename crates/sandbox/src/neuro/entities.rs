//! Inputs and outputs of agents (NN-16 to NN-27).

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use serde_json::{Map, Value, json};

use super::{
    answer::other_error,
    auth::Authorized,
    query::{self, Parameters},
    state::{AgentState, Inner, note},
};
use crate::{
    identity::Kind,
    world::{Shared, ledger::Action},
};

/// Inputs and outputs differ in a few names only.
#[derive(Debug, Clone, Copy)]
struct Side {
    kind: Kind,
    id: &'static str,
    /// The member of a body that lists ids to delete.
    ids: &'static str,
    /// What the ledger calls one.
    noted: &'static str,
    /// The one member of an entity that the other side does not have.
    own: &'static str,
    /// What a list shows of an entity.
    listed: &'static [&'static str],
    entities: fn(&mut AgentState) -> &mut Vec<Value>,
}

const INPUTS: Side = Side {
    kind: Kind::InitialEntity,
    id: "initial_entity_uuid",
    ids: "initial_entities_uuid",
    noted: "input",
    own: "synthesis",
    listed: &["initial_entity_uuid", "name", "synthesis", "agent_uuid"],
    entities: |agent| &mut agent.inputs,
};

const OUTPUTS: Side = Side {
    kind: Kind::OutputEntity,
    id: "output_entity_uuid",
    ids: "output_entities_uuid",
    noted: "output",
    own: "entity_type",
    listed: &["output_entity_uuid", "name", "agent_uuid"],
    entities: |agent| &mut agent.outputs,
};

/// Tells the two operations apart that share one path: adding many outputs and deleting many.
pub(crate) fn bulk_operation(_: &Parts, body: &Bytes) -> &'static str {
    let deletes = query::object(body).is_ok_and(|body| body.contains_key(OUTPUTS.ids));
    if deletes { "NN-27" } else { "NN-24" }
}

/// NN-16.
pub(crate) async fn list_inputs(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    list(&world, INPUTS, &parameters)
}

/// NN-22.
pub(crate) async fn list_outputs(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    list(&world, OUTPUTS, &parameters)
}

/// NN-17.
pub(crate) async fn add_input(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Response {
    add(&world, INPUTS, &parameters, &body)
}

/// NN-23.
pub(crate) async fn add_output(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Response {
    add(&world, OUTPUTS, &parameters, &body)
}

/// NN-18.
pub(crate) async fn add_inputs(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Response {
    add_many(&world, INPUTS, &parameters, &body)
}

/// NN-24 and NN-27: the body tells which.
pub(crate) async fn outputs_in_bulk(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Response {
    if query::object(&body).is_ok_and(|body| body.contains_key(OUTPUTS.ids)) {
        return delete_many(&world, OUTPUTS, &body);
    }
    add_many(&world, OUTPUTS, &parameters, &body)
}

/// NN-19.
pub(crate) async fn change_input(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    change(&world, INPUTS, &body)
}

/// NN-25.
pub(crate) async fn change_output(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    change(&world, OUTPUTS, &body)
}

/// NN-20.
pub(crate) async fn delete_input(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    delete(&world, INPUTS, &body)
}

/// NN-26.
pub(crate) async fn delete_output(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    delete(&world, OUTPUTS, &body)
}

/// NN-21.
pub(crate) async fn delete_inputs(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    delete_many(&world, INPUTS, &body)
}

fn list(world: &Shared, side: Side, parameters: &Parameters) -> Response {
    let place = match query::agent(world.config.seed, parameters) {
        Ok((place, _)) => place,
        Err(error) => return other_error(error),
    };
    let mut state = world.neuro.lock();
    let entities = state.agents.get_mut(place).map(side.entities);
    let data: Vec<Value> = entities
        .into_iter()
        .flatten()
        .map(|entity| {
            let shown = side.listed.iter().map(|name| {
                (
                    (*name).to_owned(),
                    entity.get(*name).cloned().unwrap_or_default(),
                )
            });
            Value::Object(shown.collect())
        })
        .collect();
    Json(json!({ "data": data })).into_response()
}

fn add(world: &Shared, side: Side, parameters: &Parameters, body: &[u8]) -> Response {
    let (place, body) = match (
        query::agent(world.config.seed, parameters),
        query::object(body),
    ) {
        (Ok((place, _)), Ok(body)) => (place, body),
        (Err(error), _) | (_, Err(error)) => return other_error(error),
    };
    let inserted = insert(
        &mut world.neuro.lock(),
        world.config.seed,
        side,
        place,
        &body,
    );
    match inserted {
        Ok(entity) => {
            record(world, side, Action::Added, &entity);
            (StatusCode::CREATED, Json(entity)).into_response()
        }
        Err(error) => other_error(error),
    }
}

fn add_many(world: &Shared, side: Side, parameters: &Parameters, body: &[u8]) -> Response {
    let (place, body) = match (
        query::agent(world.config.seed, parameters),
        query::object(body),
    ) {
        (Ok((place, _)), Ok(body)) => (place, body),
        (Err(error), _) | (_, Err(error)) => return other_error(error),
    };
    let Some(entities) = body.get("entities").and_then(Value::as_array) else {
        return other_error("entities must be a list");
    };
    let mut state = world.neuro.lock();
    let (mut added, mut skipped) = (Vec::new(), Vec::new());
    for entity in entities {
        let Some(members) = entity.as_object() else {
            return other_error("entities must be a list of objects");
        };
        match insert(&mut state, world.config.seed, side, place, members) {
            Ok(entity) => {
                record(world, side, Action::Added, &entity);
                added.push(entity);
            }
            Err(_) => skipped.push(members.get("name").cloned().unwrap_or_default()),
        }
    }
    Json(json!({ "added_entities": added, "skipped": skipped })).into_response()
}

/// Adds one entity, unless its name is taken.
fn insert(
    state: &mut Inner,
    seed: u64,
    side: Side,
    place: usize,
    body: &Map<String, Value>,
) -> Result<Value, &'static str> {
    let name = body
        .get("name")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty());
    let name = name.ok_or("name is required")?;
    let id = state.new_id(side.kind);
    let entities = state
        .agents
        .get_mut(place)
        .map(side.entities)
        .ok_or("Agent not found")?;
    if entities.iter().any(|entity| entity["name"] == name) {
        return Err("An entity with this name exists");
    }
    let default = if side.own == "synthesis" {
        json!(false)
    } else {
        json!("string")
    };
    let entity = json!({
        side.id: id,
        "name": name,
        side.own: body.get(side.own).cloned().unwrap_or(default),
        "number_cell": body.get("number_cell").cloned().unwrap_or_else(|| json!(entities.len())),
        "agent_uuid": super::agents::agent_id(seed, place),
    });
    entities.push(entity.clone());
    Ok(entity)
}

fn change(world: &Shared, side: Side, body: &[u8]) -> Response {
    let body = match query::object(body) {
        Ok(body) => body,
        Err(error) => return other_error(error),
    };
    let mut state = world.neuro.lock();
    let wanted = body.get(side.id).filter(|id| id.is_string());
    let found = state
        .agents
        .iter_mut()
        .flat_map(side.entities)
        .find(|entity| wanted.is_some_and(|id| entity[side.id] == *id))
        .and_then(Value::as_object_mut);
    let Some(entity) = found else {
        return other_error("Entity not found");
    };
    for name in ["name", side.own] {
        if let Some(value) = body.get(name) {
            entity.insert(name.to_owned(), value.clone());
        }
    }
    let entity = Value::Object(entity.clone());
    record(world, side, Action::Changed, &entity);
    Json(entity).into_response()
}

fn delete(world: &Shared, side: Side, body: &[u8]) -> Response {
    let body = match query::object(body) {
        Ok(body) => body,
        Err(error) => return other_error(error),
    };
    let mut state = world.neuro.lock();
    let lists = state.agents.iter_mut().map(side.entities);
    let (response, deleted) = query::remove(lists, side.id, body.get(side.id), "Entity not found");
    if let Some(entity) = deleted {
        record(world, side, Action::Deleted, &entity);
    }
    response
}

fn record(world: &Shared, side: Side, action: Action, entity: &Value) {
    let id = entity[side.id].as_str().unwrap_or_default();
    note(world, side.noted, id, action, entity.clone());
}

fn delete_many(world: &Shared, side: Side, body: &[u8]) -> Response {
    let body = match query::object(body) {
        Ok(body) => body,
        Err(error) => return other_error(error),
    };
    let Some(ids) = body.get(side.ids).and_then(Value::as_array) else {
        return other_error("A list of ids is required");
    };
    let mut state = world.neuro.lock();
    let (mut deleted, mut skipped) = (Vec::new(), Vec::new());
    for id in ids {
        let taken = state
            .agents
            .iter_mut()
            .map(side.entities)
            .find_map(|entities| {
                let place = entities.iter().position(|entity| entity[side.id] == *id)?;
                Some(entities.remove(place))
            });
        match taken {
            Some(entity) => {
                record(world, side, Action::Deleted, &entity);
                deleted.push(entity);
            }
            None => skipped.push(id.clone()),
        }
    }
    Json(json!({ "deleted_entities": deleted, "skipped": skipped })).into_response()
}
