//! Checklist questions and their answers (TR-13, TR-14, TR-18).

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    account::USER_ID,
    analysis::has_analysis,
    answer::Failure,
    auth::Authorized,
    catalog::QUESTIONS,
    task::{Task, View},
};
use crate::{
    call::Call,
    world::{Shared, World},
};

/// The checklist that the analyst goes through on each call; not one of the account's questions.
pub(crate) const GROUP: (i64, &str) = (7, "Greeting script");

/// TR-13: the active questions of the account.
pub(crate) async fn questions(State(world): State<Shared>, _: Authorized) -> Response {
    Json(json!({ "success": true, "error_code": 0, "data": active(&world) })).into_response()
}

/// TR-14: the active questions of a user; the account has one.
pub(crate) async fn questions_of(
    State(world): State<Shared>,
    _: Authorized,
    Path(user_id): Path<String>,
) -> Response {
    let Ok(user_id) = user_id.parse::<i64>() else {
        return Failure::invalid("user_id must be an integer").into_response();
    };
    let data = if user_id == USER_ID {
        active(&world)
    } else {
        Vec::new()
    };
    Json(json!({ "success": true, "error_code": 0, "data": data })).into_response()
}

/// TR-18: the answers of a task, by its integer id.
pub(crate) async fn answers(
    State(world): State<Shared>,
    _: Authorized,
    Path(task_id): Path<String>,
) -> Response {
    let Ok(id) = task_id.parse::<i64>() else {
        return Failure::invalid("task_id must be an integer").into_response();
    };
    let view = View::of(&world);
    let found = view.by_id(id).and_then(|task| {
        let call = view.call(&task)?;
        Some((task, call))
    });
    let Some((task, call)) = found else {
        return Failure::task_not_found().into_response();
    };
    let data: Vec<Value> = answers_of(&view, &task, &call)
        .into_iter()
        .map(|(id, question, answer)| {
            json!({ "checklist_id": id, "question": question, "answer": answer })
        })
        .collect();
    Json(json!({ "success": true, "error_code": 0, "data": data })).into_response()
}

/// The answers of a task: question, its text, the answer. None before the analysis is there.
pub(crate) fn answers_of(
    view: &View<'_>,
    task: &Task,
    call: &Call,
) -> Vec<(i64, &'static str, String)> {
    if !has_analysis(task) {
        return Vec::new();
    }
    let active = QUESTIONS.iter().filter(|(_, _, is_active)| *is_active);
    active
        .enumerate()
        .map(|(place, (id, question, _))| {
            let met = call.points.get(place).is_some_and(|point| point.met);
            let answer = match (*id, task.chance(view.seed, 70 + id.unsigned_abs()) % 12) {
                (9, _) => call.summary.result.clone(),
                (_, 0) => "Partially".to_owned(),
                (_, 1) => call.summary.interaction.clone(),
                _ if met => "Yes".to_owned(),
                _ => "No".to_owned(),
            };
            (*id, *question, answer)
        })
        .collect()
}

fn active(world: &World) -> Vec<Value> {
    let state = world.transcripto.lock();
    state
        .questions
        .iter()
        .filter(|row| row["is_active"] == true)
        .cloned()
        .collect()
}
