//! Results of scenarios: the list, one by its id, and what the owner may write.

use std::convert::Infallible;

use axum::{
    body::Body,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    answer::{Refusal, json as answer, with_type},
    auth::Caller,
    catalogue, ids,
    paging::ListQuery,
    render,
    store::{self, Found, find_result, integer},
};
use crate::{
    vendor::Vendor,
    world::{
        Shared, World,
        ledger::{Action, LedgerEvent},
    },
};

const SORTABLE: [&str; 3] = ["id", "call_session_id", "scenario_id"];

pub(super) const NOT_FOUND: Refusal = Refusal::NotFound("Scenario result is not found");

/// The id in a path; anything but a number is a bad request.
pub(super) fn id_of(text: &str) -> Result<i64, Refusal> {
    text.parse()
        .map_err(|_error| Refusal::BadRequest("id is invalid".into()))
}

/// The results a list means, in its order, and how many there are in all.
pub(super) fn chosen(world: &World, query: &ListQuery) -> Result<(Vec<i64>, usize), Refusal> {
    let sort = query.sort(&SORTABLE)?;
    let descending = query.descending()?;
    let window = query.window(&world.options())?;
    let mut all = matching(world, query)?;
    if sort == "scenario_id" {
        all.sort_by_key(|id| scenario_id(world, *id));
    }
    // Sessions and results ascend together, so two of the three fields need no sorting.
    if descending {
        all.reverse();
    }
    let total = all.len();
    Ok((window.of(all.into_iter()), total))
}

/// The results of the session that was asked for, or all of them.
pub(super) fn matching(world: &World, query: &ListQuery) -> Result<Vec<i64>, Refusal> {
    let Some(session) = query.number::<i64>("call_session_id__eq")? else {
        return Ok(store::result_ids(world));
    };
    let found = store::result_ids_of_session(world, session);
    if found.is_empty() && world.options().callgear_empty_is_404 {
        return Err(Refusal::NotFound("Call session is not found"));
    }
    Ok(found)
}

fn scenario_id(world: &World, id: i64) -> i64 {
    match find_result(world, id) {
        Some(Found::Generated { call, part }) => catalogue::scenario_of(&call, part).id,
        Some(Found::Stored(body)) => integer(&body, "scenario_id").unwrap_or(0),
        None => 0,
    }
}

/// An array whose items are made while it is sent: without paging a list is everything there is.
pub(super) fn array<F>(world: &Shared, ids: Vec<i64>, total: usize, items: F) -> Response
where
    F: Fn(&World, i64) -> Vec<Value> + Send + 'static,
{
    let shared = world.clone();
    let mut separator = '[';
    let rows = ids.into_iter().map(move |id| {
        let mut text = String::new();
        for item in items(&shared, id) {
            text.push(separator);
            separator = ',';
            text.push_str(&item.to_string());
        }
        text
    });
    let mut empty = true;
    let mut rows = rows.map(Some).chain([None]);
    let pieces = std::iter::from_fn(move || {
        let text = match rows.next()? {
            Some(text) => {
                empty &= text.is_empty();
                text
            }
            None if empty => "[]".to_owned(),
            None => "]".to_owned(),
        };
        Some(Ok::<_, Infallible>(Bytes::from(text)))
    });
    let mut response = with_type(Body::from_stream(stream::iter(pieces)).into_response());
    if world.options().callgear_total_header {
        response
            .headers_mut()
            .insert("X-Total-Count", HeaderValue::from(total));
    }
    response
}

/// CG-16
pub(super) async fn list(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let (ids, total) = chosen(&world, &ListQuery::new(query))?;
    Ok(array(&world, ids, total, |world, id| {
        short(world, id).into_iter().collect()
    }))
}

fn short(world: &World, id: i64) -> Option<Value> {
    let (call, part) = match find_result(world, id)? {
        Found::Stored(body) => return Some(body),
        Found::Generated { call, part } => (call, part),
    };
    let result = if ids::is_empty_result(call.index, part) {
        json!({})
    } else {
        render::short_result(&call, &catalogue::scenario_of(&call, part))
    };
    let session = ids::session_id(world, call.index);
    Some(render::envelope(
        world.config.seed,
        session,
        &call,
        part,
        &result,
    ))
}

/// CG-18: nested once more in the older edition.
pub(super) async fn read(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let found = find_result(&world, id_of(&id)?).ok_or(NOT_FOUND)?;
    let nested = world.options().callgear_edition < 2026;
    let body = match found {
        Found::Stored(body) => body,
        Found::Generated { call, part } => {
            let seed = world.config.seed;
            let result = if ids::is_empty_result(call.index, part) {
                json!({})
            } else {
                let full = render::full_result(seed, &call, &catalogue::scenario_of(&call, part));
                if nested {
                    json!({"result": full})
                } else {
                    full
                }
            };
            let session = ids::session_id(&world, call.index);
            render::envelope(seed, session, &call, part, &result)
        }
    };
    Ok(answer(StatusCode::OK, &body))
}

fn members_of(body: &Bytes) -> Result<Map<String, Value>, Refusal> {
    let members: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_error| Refusal::BadRequest("the body is no JSON object".into()))?;
    for name in [
        "call_session_id",
        "scenario_id",
        "scenario_name",
        "id",
        "app_id",
    ] {
        if members.get(name).is_none_or(Value::is_null) {
            return Err(Refusal::BadRequest(format!("{name} is required")));
        }
    }
    Ok(members)
}

/// What is kept of a written result: the documented members, numbers as numbers.
fn stored_body(members: Map<String, Value>) -> Value {
    let body = Value::Object(members);
    json!({
        "id": integer(&body, "id"),
        "app_id": integer(&body, "app_id"),
        "call_session_id": integer(&body, "call_session_id"),
        "scenario_id": integer(&body, "scenario_id"),
        "scenario_name": body.get("scenario_name"),
        "result": body.get("result").cloned().unwrap_or_else(|| json!({})),
    })
}

fn note(world: &World, id: i64, version: u32, action: Action, body: &Value) {
    let event = LedgerEvent {
        vendor: Vendor::CallGear,
        kind: "result",
        id: id.to_string(),
        call_id: integer(body, "call_session_id").map(|session| session.to_string()),
        version,
        action,
        facts: json!({"stored": true, "scenario_id": integer(body, "scenario_id")}),
    };
    world.ledger.append(world.now(), event);
}

/// CG-17: an id that is taken is overwritten.
pub(super) async fn create(
    _caller: Caller,
    State(world): State<Shared>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = stored_body(members_of(&body)?);
    let id = integer(&body, "id").ok_or_else(|| Refusal::BadRequest("id is invalid".into()))?;
    let version = world.callgear.store_result(id, body.clone());
    note(&world, id, version, Action::Added, &body);
    Ok(answer(StatusCode::OK, &body))
}

/// CG-19
pub(super) async fn update(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let id = id_of(&id)?;
    find_result(&world, id).ok_or(NOT_FOUND)?;
    let mut members = members_of(&body)?;
    members.insert("id".into(), json!(id));
    let body = stored_body(members);
    let version = world.callgear.store_result(id, body.clone());
    note(&world, id, version, Action::Changed, &body);
    Ok(answer(StatusCode::OK, &body))
}

/// CG-20
pub(super) async fn remove(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let id = id_of(&id)?;
    let body = short(&world, id).ok_or(NOT_FOUND)?;
    let version = world.callgear.delete_result(id);
    note(&world, id, version, Action::Deleted, &body);
    Ok(StatusCode::NO_CONTENT)
}
