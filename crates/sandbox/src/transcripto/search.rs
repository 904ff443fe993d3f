//! The task search and the single task (TR-09, TR-10, TR-11).

use std::collections::HashMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    analysis::{normalized_text, original_text},
    answer::Failure,
    auth::Authorized,
    criteria::{Criteria, Members},
    task::{Task, Type, View},
};
use crate::{call::Call, world::Shared};

const DEFAULT_PAGE_SIZE: i64 = 10;

/// TR-09: the search with a JSON body.
pub(crate) async fn by_body(State(world): State<Shared>, _: Authorized, body: Bytes) -> Response {
    if world.options().transcripto_intro_paths {
        return StatusCode::NOT_FOUND.into_response();
    }
    if body.is_empty() {
        return answer(&View::of(&world), &Map::new());
    }
    match serde_json::from_slice::<Map<String, Value>>(&body) {
        Ok(members) => answer(&View::of(&world), &members),
        Err(_) => Failure::invalid("The body must be a JSON object").into_response(),
    }
}

/// TR-10: the search with a query; lists are separated by commas.
pub(crate) async fn by_query(
    State(world): State<Shared>,
    auth: Authorized,
    query: Query<HashMap<String, String>>,
) -> Response {
    if world.options().transcripto_intro_paths {
        return StatusCode::NOT_FOUND.into_response();
    }
    of_user(State(world), auth, query).await
}

/// The same under the path that only the introduction names.
pub(crate) async fn of_user(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<HashMap<String, String>>,
) -> Response {
    let members: Map<String, Value> = parameters
        .into_iter()
        .map(|(name, text)| (name, Value::String(text)))
        .collect();
    answer(&View::of(&world), &members)
}

fn answer(view: &View<'_>, members: &Map<String, Value>) -> Response {
    match search(view, &Members(members)) {
        Ok(body) => Json(body).into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// The answer without `success` and without a code.
fn search(view: &View<'_>, members: &Members<'_>) -> Result<Value, Failure> {
    let criteria = Criteria::read(members)?;
    let cap = i64::from(view.options.transcripto_page_cap.max(1));
    let per_page = members
        .integer("per_page")?
        .unwrap_or(DEFAULT_PAGE_SIZE)
        .clamp(1, cap);
    let page = members.integer("page")?.unwrap_or(1).max(1);
    let mut found = view.newest_first();
    if !criteria.is_open() {
        found.retain(|index| {
            let task = view.task(*index);
            task.is_some_and(|task| {
                criteria.admits(&task) && matches_in_full(view, &criteria, &task)
            })
        });
    }
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let skip = usize::try_from((page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX);
    let tasks: Vec<Value> = found
        .into_iter()
        .skip(skip)
        .take(usize::try_from(per_page).unwrap_or(1))
        .filter_map(|index| view.task(index))
        .filter_map(|task| Some(task.row(view, &view.call(&task)?)))
        .collect();
    Ok(json!({
        "tasks": tasks,
        "pagination": {
            "current_page": page,
            "per_page": per_page,
            "total_tasks": total,
            "total_pages": (total + per_page - 1) / per_page,
        },
    }))
}

fn matches_in_full(view: &View<'_>, criteria: &Criteria, task: &Task) -> bool {
    if !criteria.needs_call() {
        return true;
    }
    view.call(task)
        .is_some_and(|call| criteria.matches(view, task, &call))
}

/// TR-11: a single task with its texts.
pub(crate) async fn task(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<HashMap<String, String>>,
) -> Response {
    let Some(code) = parameters.get("task_code").filter(|code| !code.is_empty()) else {
        return Failure::new(4020, "task_code is not specified").into_response();
    };
    let view = View::of(&world);
    let found = view.by_code(code).and_then(|task| {
        let call = view.call(&task)?;
        Some((task, call))
    });
    match found {
        Some((task, call)) => Json(detail(&view, &task, &call)).into_response(),
        None => Failure::task_not_found().into_response(),
    }
}

fn detail(view: &View<'_>, task: &Task, call: &Call) -> Value {
    let seed = view.seed;
    let original = original_text(view, task, call);
    let result = original.map(|text| {
        let video = task.kind == Type::Youtube && task.status.is_done();
        json!({
            "blog_post": video.then(|| format!("{}\n\n{}", call.summary.topic, call.summary.brief)),
            "image_prompt": video.then(|| format!("Poster: {}", call.summary.topic)),
            "normalized_text": normalized_text(view, task, call),
            "original_text": text,
        })
    });
    let mut document = json!({
        "success": true,
        "error_code": 0,
        "id": task.id,
        "type": task.type_text,
        "status": task.status_text,
        "file_name": task.file_name(seed),
        "created_at": task.write(seed, 41, task.created_at),
        "updated_at": task.write(seed, 42, task.updated_at),
        "call_date": task.call_date(),
        "error_message": task.error_message(seed),
        "directory_id": task.directory_id,
        "report_type": task.report_type(),
        "task_code": task.code,
        "task_length": task.minutes(call),
        "task_result": result,
    });
    call.edit(&mut document);
    document
}
