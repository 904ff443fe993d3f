//! Scenarios, their points and scores.

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
    catalogue,
    paging::ListQuery,
    store::{check_types, integer, note, overlay, put_over},
};
use crate::world::{Shared, World, ledger::Action, lock};

const NOT_FOUND: Refusal = Refusal::NotFound("Scenario is not found");

fn number(text: &str) -> Result<i64, Refusal> {
    text.parse()
        .map_err(|_error| Refusal::BadRequest("id is invalid".into()))
}

fn object(body: &Bytes) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body)
        .map_err(|_error| Refusal::BadRequest("the body is no JSON object".into()))
}

/// The document wants a flat array in requests and shows an array of arrays in answers.
fn nest_filters(members: &mut Map<String, Value>) {
    if let Some(filters) = members.get_mut("filters") {
        let flat = filters
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_object));
        if flat && filters.as_array().is_some_and(|items| !items.is_empty()) {
            *filters = json!([filters.take()]);
        }
    }
}

fn scenario(world: &World, id: &str) -> Result<Value, Refusal> {
    let id = number(id)?;
    lock(&world.callgear.scenarios)
        .get(&id)
        .cloned()
        .ok_or(NOT_FOUND)
}

/// The points of a scenario: those of the catalogue, or the numbered lines of its text.
fn points_of(shown: &Value) -> Vec<Value> {
    let known = integer(shown, "id").and_then(catalogue::scenario_by_id);
    if let Some(known) = known {
        return known.shown_points();
    }
    let text = shown
        .get("scenario_text")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let named = lines.map(|line| {
        line.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
            .trim()
    });
    (1..)
        .zip(named)
        .map(|(id, name): (u32, _)| json!({"id": id, "point": name}))
        .collect()
}

/// CG-01
pub(super) async fn list(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let query = ListQuery::new(query);
    query.sort(&["id"])?;
    let window = query.window(&world.options())?;
    let mut scenarios: Vec<Value> = lock(&world.callgear.scenarios).values().cloned().collect();
    if query.descending()? {
        scenarios.reverse();
    }
    Ok(answer(
        StatusCode::OK,
        &Value::Array(window.of(scenarios.into_iter())),
    ))
}

/// A scenario of which nothing is said.
fn fresh() -> Value {
    json!({
        "state": "active", "scenario_text": "", "scenario_name": "", "scenario_score": 0,
        "tags": [], "filters": [],
    })
}

/// CG-02
pub(super) async fn create(
    _caller: Caller,
    State(world): State<Shared>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let mut members = object(&body)?;
    check_types(&members)?;
    nest_filters(&mut members);
    let mut scenarios = lock(&world.callgear.scenarios);
    let id = scenarios.keys().next_back().map_or(1, |last| last + 1);
    members.insert("id".into(), json!(id));
    let created = overlay(&fresh(), members);
    scenarios.insert(id, created.clone());
    note(&world, "scenario", id, Action::Added, &created);
    Ok(answer(StatusCode::OK, &created))
}

/// CG-03
pub(super) async fn read(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &scenario(&world, &id)?))
}

/// CG-04
pub(super) async fn update(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let known = scenario(&world, &id)?;
    let id = number(&id)?;
    let mut members = object(&body)?;
    check_types(&members)?;
    nest_filters(&mut members);
    members.insert("id".into(), json!(id));
    let updated = put_over(&world, &known, &fresh(), members);
    lock(&world.callgear.scenarios).insert(id, updated.clone());
    note(&world, "scenario", id, Action::Changed, &updated);
    Ok(answer(StatusCode::OK, &updated))
}

/// CG-05: the document tells neither the body nor the answer; a scenario's id is taken under either
/// of the names the document uses for it.
pub(super) async fn toggle(
    _caller: Caller,
    State(world): State<Shared>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = Value::Object(object(&body)?);
    let id = integer(&body, "id")
        .or_else(|| integer(&body, "scenario_id"))
        .ok_or_else(|| Refusal::BadRequest("id is required".into()))?;
    let mut scenarios = lock(&world.callgear.scenarios);
    let known = scenarios.get_mut(&id).ok_or(NOT_FOUND)?;
    let active = known.get("state").and_then(Value::as_str) == Some("active");
    if let Some(members) = known.as_object_mut() {
        members.insert(
            "state".into(),
            json!(if active { "inactive" } else { "active" }),
        );
    }
    note(&world, "scenario", id, Action::Changed, known);
    Ok(answer(StatusCode::OK, known))
}

/// CG-06
pub(super) async fn points(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Ok(answer(
        StatusCode::OK,
        &Value::Array(points_of(&scenario(&world, &id)?)),
    ))
}

/// CG-07
pub(super) async fn point(
    _caller: Caller,
    State(world): State<Shared>,
    Path((id, point_id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let wanted = number(&point_id)?;
    points_of(&scenario(&world, &id)?)
        .into_iter()
        .find(|point| integer(point, "id") == Some(wanted))
        .map(|point| answer(StatusCode::OK, &point))
        .ok_or(Refusal::NotFound("Point is not found"))
}

/// CG-08: only the shape of its error is documented, `{text}`; the answer has the same.
pub(super) async fn text_points(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let scenario = scenario(&world, &id)?;
    Ok(answer(
        StatusCode::OK,
        &json!({"text": scenario.get("scenario_text")}),
    ))
}

/// CG-09: a flat list without the scenarios' ids, as the document's example shows it, or a list of
/// such lists, as its text has it. Points are counted, or scenarios.
pub(super) async fn all_points(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let query = ListQuery::new(query);
    query.sort(&["id"])?;
    let only: Option<i64> = query.number("id__eq")?;
    let options = world.options();
    let window = query.window(&options)?;
    let scenarios = lock(&world.callgear.scenarios).clone();
    if only.is_some_and(|id| !scenarios.contains_key(&id)) {
        return Err(NOT_FOUND);
    }
    let mut chosen: Vec<Vec<Value>> = scenarios
        .iter()
        .filter(|(id, _)| only.is_none_or(|only| only == **id))
        .map(|(_, scenario)| points_of(scenario))
        .collect();
    if query.descending()? {
        chosen.reverse();
        for points in &mut chosen {
            points.reverse();
        }
    }
    let shown = if options.callgear_nested_points {
        window.of(chosen.into_iter().map(Value::Array))
    } else {
        window.of(chosen.into_iter().flatten())
    };
    Ok(answer(StatusCode::OK, &Value::Array(shown)))
}

/// CG-10
pub(super) async fn score(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &score_of(&scenario(&world, &id)?)))
}

/// CG-11
pub(super) async fn scores(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let window = ListQuery::new(query).window(&world.options())?;
    let scores: Vec<Value> = lock(&world.callgear.scenarios)
        .values()
        .map(score_of)
        .collect();
    Ok(answer(
        StatusCode::OK,
        &Value::Array(window.of(scores.into_iter())),
    ))
}

fn score_of(scenario: &Value) -> Value {
    json!({"scenario_score": scenario.get("scenario_score")})
}
