//! Changes of questions, folders, categories, searches and scripts (TR-15 to TR-32). The ledger
//! takes down each of them.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    answer::Failure, auth::Authorized, catalog::QUESTIONS, criteria::Members, instants::Form,
    state::row,
};
use crate::{
    vendor::Vendor,
    world::{
        Shared, World,
        ledger::{Action, LedgerEvent},
    },
};

type Outcome = Result<Value, Failure>;

fn answer(outcome: Outcome) -> Response {
    match outcome {
        Ok(body) => Json(body).into_response(),
        Err(failure) => failure.into_response(),
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body)
        .ok()
        .ok_or_else(|| Failure::invalid("The body must be a JSON object"))
}

fn id_of(path: &str) -> Result<i64, Failure> {
    path.parse()
        .ok()
        .ok_or_else(|| Failure::invalid("The id must be an integer"))
}

/// The id that counts: one in the body wins over the one in the path, as the document has it.
fn id_in_body(path: &str, body: &Map<String, Value>, name: &str) -> Result<i64, Failure> {
    match Members(body).integer(name)? {
        Some(id) => Ok(id),
        None => id_of(path),
    }
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty())
}

fn required<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Failure> {
    text(body, name)
        .ok_or_else(|| Failure::new(4045, &format!("Required fields are missing: {name}")))
}

/// Copies the members that the body has, `null` included.
fn overwrite(target: &mut Value, body: &Map<String, Value>, names: &[&str]) {
    if let Some(members) = target.as_object_mut() {
        for name in names {
            if let Some(value) = body.get(*name) {
                members.insert((*name).to_owned(), value.clone());
            }
        }
    }
}

/// Writes a row down as it is now, or as it was.
fn note(world: &World, kind: &'static str, action: Action, row: &Value) {
    let event = LedgerEvent {
        vendor: Vendor::Transcripto,
        kind,
        id: row["id"].to_string(),
        call_id: None,
        version: 1,
        action,
        facts: row.clone(),
    };
    world.ledger.append(world.now(), event);
}

/// Takes a row out of its list.
fn remove(rows: &mut Vec<Value>, id: i64) -> Option<Value> {
    let place = rows.iter().position(|row| row["id"] == id)?;
    Some(rows.remove(place))
}

fn touch(target: &mut Value, form: Form, now: Timestamp) {
    if let Some(members) = target.as_object_mut() {
        members.insert("updated_at".to_owned(), json!(form.write(now)));
    }
}

/// TR-15: a new question.
pub(crate) async fn create_question(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    answer(object(&body).and_then(|body| {
        let question = required(&body, "question")?;
        let mut state = world.transcripto.lock();
        if state
            .questions
            .iter()
            .any(|row| row["question"] == question)
        {
            return Err(Failure::new(4054, "Duplicate checklist question"));
        }
        let row = json!({ "id": state.new_id(), "question": question, "is_active": true });
        state.questions.push(row.clone());
        note(&world, "question", Action::Added, &row);
        Ok(json!({
            "success": true, "error_code": 0, "message": "Checklist question created", "data": row,
        }))
    }))
}

/// TR-16: another wording, as long as nobody answered.
pub(crate) async fn edit_question(
    State(world): State<Shared>,
    _: Authorized,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    answer(object(&body).and_then(|body| {
        let id = id_of(&id)?;
        required(&body, "question")?;
        let mut state = world.transcripto.lock();
        let question = row(&mut state.questions, id)
            .ok_or_else(|| Failure::new(4053, "Checklist not found"))?;
        if QUESTIONS.iter().any(|(seeded, _, _)| *seeded == id) {
            return Err(Failure::new(4055, "Cannot edit: answers already exist"));
        }
        overwrite(question, &body, &["question"]);
        note(&world, "question", Action::Changed, question);
        Ok(json!({
            "success": true,
            "error_code": 0,
            "message": "Checklist question updated",
            "data": question,
        }))
    }))
}

/// TR-17: hides a question.
pub(crate) async fn delete_question(
    State(world): State<Shared>,
    _: Authorized,
    Path(id): Path<String>,
) -> Response {
    answer(id_of(&id).and_then(|id| {
        let mut state = world.transcripto.lock();
        let question = row(&mut state.questions, id)
            .filter(|row| row["is_active"] == true)
            .ok_or_else(|| Failure::new(4053, "Checklist not found"))?;
        let hidden = Map::from_iter([("is_active".to_owned(), json!(false))]);
        overwrite(question, &hidden, &["is_active"]);
        note(&world, "question", Action::Deleted, question);
        Ok(json!({
            "success": true, "error_code": 0, "message": "Checklist question deleted", "id": id,
        }))
    }))
}

/// TR-20: a new folder.
pub(crate) async fn create_directory(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    answer(object(&body).and_then(|body| {
        let name = required(&body, "name")?;
        let mut state = world.transcripto.lock();
        let row = json!({ "id": state.new_id(), "name": name });
        state.directories.push(row.clone());
        note(&world, "directory", Action::Added, &row);
        Ok(json!({ "success": true, "error_code": 0, "directory": row }))
    }))
}

/// TR-21: deletes a folder. The answer has no `success`.
pub(crate) async fn delete_directory(
    State(world): State<Shared>,
    _: Authorized,
    Path(id): Path<String>,
) -> Response {
    answer(id_of(&id).and_then(|id| {
        let mut state = world.transcripto.lock();
        let gone = remove(&mut state.directories, id)
            .ok_or_else(|| Failure::new(4041, "Directory not found"))?;
        note(&world, "directory", Action::Deleted, &gone);
        Ok(json!({ "error_code": 0, "message": "Directory deleted successfully" }))
    }))
}

/// TR-23: a new category.
pub(crate) async fn create_category(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    answer(object(&body).and_then(|body| {
        let name = required(&body, "name")?;
        let now = Form::Offset.write(world.now());
        let mut state = world.transcripto.lock();
        check_parent(&state.categories, &body)?;
        let row = json!({
            "id": state.new_id(),
            "name": name,
            "description": body.get("description"),
            "parent_id": body.get("parent_id"),
            "created_at": now,
            "updated_at": now,
        });
        state.categories.push(row.clone());
        note(&world, "category", Action::Added, &row);
        Ok(saved(&row))
    }))
}

/// TR-24: changes a category.
pub(crate) async fn edit_category(
    State(world): State<Shared>,
    _: Authorized,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    answer(object(&body).and_then(|body| {
        let id = id_in_body(&id, &body, "category_id")?;
        if body.contains_key("name") && text(&body, "name").is_none() {
            return Err(Failure::invalid("name must not be empty"));
        }
        let mut state = world.transcripto.lock();
        check_parent(&state.categories, &body)?;
        let category = row(&mut state.categories, id)
            .ok_or_else(|| Failure::new(4059, "Category not found"))?;
        overwrite(category, &body, &["name", "description", "parent_id"]);
        touch(category, Form::Offset, world.now());
        note(&world, "category", Action::Changed, category);
        Ok(saved(category))
    }))
}

/// A parent has to be one of the account's categories.
fn check_parent(categories: &[Value], body: &Map<String, Value>) -> Result<(), Failure> {
    let parent = Members(body).integer("parent_id")?;
    let known = parent.is_none_or(|id| categories.iter().any(|row| row["id"] == id));
    if known {
        Ok(())
    } else {
        Err(Failure::new(4059, "Category not found"))
    }
}

/// TR-25: deletes a category that has no children.
pub(crate) async fn delete_category(
    State(world): State<Shared>,
    _: Authorized,
    Path(id): Path<String>,
) -> Response {
    answer(id_of(&id).and_then(|id| {
        let mut state = world.transcripto.lock();
        if row(&mut state.categories, id).is_none() {
            return Err(Failure::new(4059, "Category not found"));
        }
        if state.categories.iter().any(|row| row["parent_id"] == id) {
            return Err(Failure::new(
                4045,
                "Cannot delete a category that has child records",
            ));
        }
        if let Some(gone) = remove(&mut state.categories, id) {
            note(&world, "category", Action::Deleted, &gone);
        }
        Ok(deleted())
    }))
}

/// TR-26: saves a search; the name decides whether it is a new one. The answer has no code.
pub(crate) async fn save_search(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    answer(object(&body).and_then(|body| {
        let missing = || Failure::new(4045, "Required fields are missing");
        let name = text(&body, "name").ok_or_else(missing)?;
        let criteria = body
            .get("criteria")
            .filter(|value| value.is_object())
            .ok_or_else(missing)?;
        let created_at = Form::Naive.write(world.now());
        let mut state = world.transcripto.lock();
        if let Some(known) = state.searches.iter_mut().find(|row| row["name"] == name) {
            overwrite(known, &body, &["criteria"]);
            note(&world, "filter", Action::Changed, known);
        } else {
            let row = json!({
                "id": state.new_id(),
                "name": name,
                "criteria": criteria,
                "created_at": created_at,
            });
            note(&world, "filter", Action::Added, &row);
            state.searches.push(row);
        }
        Ok(json!({ "success": true, "message": "Filter created or updated" }))
    }))
}

/// TR-28: deletes a saved search.
pub(crate) async fn delete_search(
    State(world): State<Shared>,
    _: Authorized,
    Path(id): Path<String>,
) -> Response {
    answer(id_of(&id).and_then(|id| {
        let mut state = world.transcripto.lock();
        let gone = remove(&mut state.searches, id)
            .ok_or_else(|| Failure::new(4066, "Filter not found"))?;
        note(&world, "filter", Action::Deleted, &gone);
        Ok(json!({ "success": true, "message": "Filter deleted" }))
    }))
}

const SCRIPT_MEMBERS: [&str; 6] = [
    "identifier",
    "title",
    "description",
    "is_active",
    "version",
    "script_body",
];

/// TR-30: a new check script.
pub(crate) async fn create_script(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    answer(object(&body).and_then(|body| {
        let identifier = required(&body, "identifier")?;
        let (title, script_body) = (required(&body, "title")?, required(&body, "script_body")?);
        let now = Form::Zulu.write(world.now());
        let mut state = world.transcripto.lock();
        if state
            .scripts
            .iter()
            .any(|row| row["identifier"] == identifier)
        {
            return Err(Failure::invalid("identifier must be unique"));
        }
        let row = json!({
            "id": state.new_id(),
            "identifier": identifier,
            "title": title,
            "description": body.get("description"),
            "is_active": body.get("is_active").cloned().unwrap_or(json!(true)),
            "version": body.get("version").cloned().unwrap_or(json!(1)),
            "script_body": script_body,
            "created_at": now,
            "updated_at": now,
        });
        state.scripts.push(row.clone());
        note(&world, "script", Action::Added, &row);
        Ok(saved(&row))
    }))
}

/// TR-31: changes a check script.
pub(crate) async fn edit_script(
    State(world): State<Shared>,
    _: Authorized,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    answer(object(&body).and_then(|body| {
        let id = id_in_body(&id, &body, "script_id")?;
        for name in ["identifier", "title", "script_body"] {
            if body.contains_key(name) && text(&body, name).is_none() {
                return Err(Failure::invalid(&format!("{name} must not be empty")));
            }
        }
        let mut state = world.transcripto.lock();
        let taken = text(&body, "identifier").is_some_and(|identifier| {
            let mut others = state.scripts.iter().filter(|row| row["id"] != id);
            others.any(|row| row["identifier"] == identifier)
        });
        if taken {
            return Err(Failure::invalid("identifier must be unique"));
        }
        let script =
            row(&mut state.scripts, id).ok_or_else(|| Failure::new(4053, "Script not found"))?;
        overwrite(script, &body, &SCRIPT_MEMBERS);
        touch(script, Form::Zulu, world.now());
        note(&world, "script", Action::Changed, script);
        Ok(saved(script))
    }))
}

/// TR-32: deletes a check script.
pub(crate) async fn delete_script(
    State(world): State<Shared>,
    _: Authorized,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    answer(object(&body).and_then(|body| {
        let id = id_in_body(&id, &body, "script_id")?;
        let mut state = world.transcripto.lock();
        let gone =
            remove(&mut state.scripts, id).ok_or_else(|| Failure::new(4053, "Script not found"))?;
        note(&world, "script", Action::Deleted, &gone);
        Ok(deleted())
    }))
}

fn saved(row: &Value) -> Value {
    json!({ "success": true, "error_code": 0, "success_message": "Saved successfully", "data": row })
}

fn deleted() -> Value {
    json!({ "success": true, "error_code": 0, "message": "Deleted successfully" })
}
