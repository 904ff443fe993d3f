//! The account's tags.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    answer::{Refusal, json as answer},
    auth::Caller,
    paging::ListQuery,
    store::{integer, note, overlay, put_over},
};
use crate::world::{Shared, ledger::Action, lock};

const NOT_FOUND: Refusal = Refusal::NotFound("Tag is not found");

fn object(body: &Bytes) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body)
        .map_err(|_error| Refusal::BadRequest("the body is no JSON object".into()))
}

fn number(text: &str) -> Result<i64, Refusal> {
    text.parse()
        .map_err(|_error| Refusal::BadRequest("id is invalid".into()))
}

/// A tag as it is read: `is_active` can be written and is never shown.
fn shown(tag: &Value) -> Value {
    let mut shown = tag.clone();
    if let Some(members) = shown.as_object_mut() {
        members.remove("is_active");
    }
    shown
}

/// CG-12: without paging the document's default is the first ten.
pub(super) async fn list(
    _caller: Caller,
    State(world): State<Shared>,
    Query(mut query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let options = world.options();
    if !query.iter().any(|(name, _)| name == "_end") {
        query.push(("_end".into(), "10".into()));
    }
    let query = ListQuery::new(query);
    query.sort(&["id"])?;
    let window = query.window(&options)?;
    let mut tags: Vec<Value> = lock(&world.callgear.tags).values().map(shown).collect();
    if query.descending()? {
        tags.reverse();
    }
    Ok(answer(
        StatusCode::OK,
        &Value::Array(window.of(tags.into_iter())),
    ))
}

/// A tag of which nothing is said.
fn fresh(id: i64) -> Value {
    json!({
        "id": id, "comagic_tag_id": 3_700 + id, "performer": "operator", "condition": "discuss",
        "color": "special-1", "description": "", "name": "",
    })
}

/// CG-13: the client may choose the id, and so take over another tag, as the document's example
/// does.
pub(super) async fn create(
    _caller: Caller,
    State(world): State<Shared>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let mut members = object(&body)?;
    let mut tags = lock(&world.callgear.tags);
    let free = tags.keys().next_back().map_or(1, |last| last + 1);
    let id = integer(&Value::Object(members.clone()), "id").unwrap_or(free);
    members.insert("id".into(), json!(id));
    let taken = tags.contains_key(&id);
    let created = overlay(&fresh(id), members);
    tags.insert(id, created.clone());
    let action = if taken {
        Action::Changed
    } else {
        Action::Added
    };
    note(&world, "tag", id, action, &created);
    Ok(answer(StatusCode::OK, &created))
}

/// CG-14
pub(super) async fn read(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = number(&id)?;
    let tags = lock(&world.callgear.tags);
    tags.get(&id)
        .map(|tag| answer(StatusCode::OK, &shown(tag)))
        .ok_or(NOT_FOUND)
}

/// CG-15
pub(super) async fn update(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let id = number(&id)?;
    let mut members = object(&body)?;
    members.insert("id".into(), json!(id));
    let mut tags = lock(&world.callgear.tags);
    let known = tags.get(&id).ok_or(NOT_FOUND)?;
    let updated = put_over(&world, known, &fresh(id), members);
    tags.insert(id, updated.clone());
    note(&world, "tag", id, Action::Changed, &updated);
    Ok(answer(StatusCode::OK, &updated))
}
