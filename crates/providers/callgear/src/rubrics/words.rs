//! Scenarios in the gateway's words, and what callers write in the vendor's.

use callweave_model::{
    owned::{Rubric, RubricChange, RubricDraft, RubricItem, RubricKind, RubricScore},
    patch::Patch,
};
use callweave_provider::{ProviderError, Result, number};
use serde_json::{Map, Value};

use crate::{
    client::bad_response,
    error::invalid,
    members::{Members, plain_number},
};

pub(super) fn translated(scenario: Value) -> Result<Rubric> {
    rubric(scenario).ok_or_else(|| bad_response("CG-03", "the answer is no scenario"))
}

/// A scenario; `None` where it has no id.
pub(super) fn rubric(scenario: Value) -> Option<Rubric> {
    let mut members = Members::of(scenario)?;
    let id = members.id("id")?;
    let name = members.text("scenario_name").unwrap_or_default();
    let mut rubric = Rubric::new(id, RubricKind::Scenario, name);
    rubric.text = members.text("scenario_text");
    rubric.active = members.take("state", |state| match state.as_str()?.trim() {
        "active" => Some(true),
        "inactive" => Some(false),
        _ => None,
    });
    rubric.pass_threshold_pct = members.take("scenario_score", percent);
    rubric.tags = members.list("tags").unwrap_or_default();
    rubric.filters = members.any("filters");
    rubric.extra = members.rest();
    Some(rubric)
}

fn percent(score: &Value) -> Option<f64> {
    number::as_f64(score).filter(|percent| (0.0..=100.0).contains(percent))
}

/// A point: an object, or only its text.
pub(super) fn item(point: Value, rubric: &str) -> RubricItem {
    let mut item = RubricItem {
        remote_id: None,
        rubric_remote_id: Some(rubric.to_owned()),
        text: String::new(),
        active: None,
        extra: Map::new(),
    };
    match point {
        Value::Object(members) => {
            let mut members = Members::of(Value::Object(members)).unwrap_or_default();
            item.remote_id = members.id("id");
            let text = members.text("point").or_else(|| members.text("text"));
            item.text = text.unwrap_or_default();
            item.extra = members.rest();
        }
        Value::String(text) => item.text = text,
        other => item.text = other.to_string(),
    }
    item
}

/// A score: the object of the document's model, or only its value.
pub(super) fn score(answer: &Value, rubric: Option<String>) -> RubricScore {
    let alone = answer.as_object().is_some_and(|members| {
        let known = ["scenario_score", "id", "scenario_id"];
        members.keys().all(|name| known.contains(&name.as_str()))
    });
    let value = answer.get("scenario_score").unwrap_or(answer);
    RubricScore {
        rubric_remote_id: rubric,
        pass_threshold_pct: percent(value),
        score_raw: if alone { value } else { answer }.clone(),
    }
}

/// A new scenario in the vendor's words: what the caller named, and nothing made up for the rest.
pub(super) fn written(draft: &RubricDraft) -> Result<Map<String, Value>> {
    let refused = |pointer| Err(no_place(pointer));
    if draft.identifier.is_some() {
        return refused("/identifier");
    }
    if draft.description.is_some() {
        return refused("/description");
    }
    if draft.version.is_some() {
        return refused("/version");
    }
    if draft.name.trim().is_empty() {
        return Err(invalid("CG-02", "/name", "must not be empty"));
    }
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("scenario_name", Value::from(draft.name.as_str()));
    if let Some(text) = &draft.text {
        put("scenario_text", Value::from(text.as_str()));
    }
    if let Some(active) = draft.active {
        put("state", state(active));
    }
    if let Some(percent) = draft.pass_threshold_pct {
        put("scenario_score", threshold("CG-02", percent)?);
    }
    if let Some(tags) = &draft.tags {
        put("tags", Value::from(tags.clone()));
    }
    if let Some(filters) = &draft.filters {
        put("filters", filters.clone());
    }
    Ok(body)
}

/// The members that a change sets, in the vendor's words.
pub(super) fn changed(change: &RubricChange) -> Result<Map<String, Value>> {
    for (pointer, kept) in [
        ("/identifier", change.identifier.is_keep()),
        ("/description", change.description.is_keep()),
        ("/version", change.version.is_keep()),
    ] {
        if !kept {
            return Err(no_place(pointer));
        }
    }
    let needed = |pointer| invalid("CG-04", pointer, "cannot be cleared");
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    match &change.name {
        Patch::Keep => {}
        Patch::Set(name) if !name.trim().is_empty() => {
            put("scenario_name", Value::from(name.as_str()));
        }
        Patch::Set(_) | Patch::Clear => return Err(needed("/name")),
    }
    if let Some(text) = change.text.change() {
        put(
            "scenario_text",
            Value::from(text.map_or("", String::as_str)),
        );
    }
    match &change.active {
        Patch::Keep => {}
        Patch::Set(active) => {
            put("state", state(*active));
        }
        Patch::Clear => return Err(needed("/active")),
    }
    match &change.pass_threshold_pct {
        Patch::Keep => {}
        Patch::Set(percent) => {
            put("scenario_score", threshold("CG-04", *percent)?);
        }
        Patch::Clear => return Err(needed("/pass_threshold_pct")),
    }
    if let Some(tags) = change.tags.change() {
        put("tags", Value::from(tags.cloned().unwrap_or_default()));
    }
    if let Some(filters) = change.filters.change() {
        put(
            "filters",
            filters.cloned().unwrap_or_else(|| Value::Array(Vec::new())),
        );
    }
    Ok(members)
}

fn state(active: bool) -> Value {
    Value::from(if active { "active" } else { "inactive" })
}

fn threshold(operation: &'static str, percent: f64) -> Result<Value> {
    if (0.0..=100.0).contains(&percent) {
        Ok(plain_number(percent))
    } else {
        Err(invalid(
            operation,
            "/pass_threshold_pct",
            "must be from 0 to 100",
        ))
    }
}

fn no_place(pointer: &str) -> ProviderError {
    invalid("CG-02", pointer, "this vendor has no place for it")
}

/// Filters are shown as a list of groups and written as a list. One group is written as that list;
/// for several no written form is documented, and they go back as they came.
pub(super) fn one_group_flat(filters: &mut Value) {
    if let Some([group @ Value::Array(_)]) = filters.as_array().map(Vec::as_slice) {
        *filters = group.clone();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::windows::flatten;

    #[test]
    fn trap_c08_only_a_single_group_of_filters_has_a_flat_form() {
        for (read, written) in [
            (
                json!([[{"id": 1}, {"id": 2}]]),
                json!([{"id": 1}, {"id": 2}]),
            ),
            (
                json!([[{"id": 1}], [{"id": 2}]]),
                json!([[{"id": 1}], [{"id": 2}]]),
            ),
            (json!([{"id": 1}]), json!([{"id": 1}])),
            (json!([[]]), json!([])),
            (json!([]), json!([])),
            (json!(null), json!(null)),
        ] {
            let mut filters = read;
            one_group_flat(&mut filters);
            assert_eq!(filters, written);
        }
    }

    #[test]
    fn trap_c11_a_threshold_is_read_from_number_and_text() {
        let read = |score: Value| {
            let scenario =
                json!({"id": 130, "scenario_name": "A", "scenario_score": score, "x": 1});
            let rubric = rubric(scenario).unwrap();
            (rubric.pass_threshold_pct, Value::Object(rubric.extra))
        };
        assert_eq!(read(json!(70)), (Some(70.0), json!({"x": 1})));
        assert_eq!(read(json!("62.5")), (Some(62.5), json!({"x": 1})));
        assert_eq!(read(json!(null)), (None, json!({"x": 1})));
        let kept = json!({"x": 1, "scenario_score": 170});
        assert_eq!(
            read(json!(170)),
            (None, kept),
            "no percentage: kept as it came"
        );
        for (answer, percent, raw) in [
            (json!({"scenario_score": "70"}), Some(70.0), json!("70")),
            (json!(55), Some(55.0), json!(55)),
            (json!("high"), None, json!("high")),
            (
                json!({"scenario_score": 5, "of": 9}),
                Some(5.0),
                json!({"scenario_score": 5, "of": 9}),
            ),
        ] {
            let score = score(&answer, None);
            assert_eq!((score.pass_threshold_pct, score.score_raw), (percent, raw));
        }
    }

    #[test]
    fn trap_c15_points_are_read_in_any_form() {
        let read = |answer: Value| {
            let mut points = Vec::new();
            flatten(answer, &mut points);
            let items = points.into_iter().map(|point| item(point, "7"));
            items.map(|item| item.text).collect::<Vec<_>>()
        };
        assert_eq!(read(json!({"text": "1. One"})), ["1. One"]);
        assert_eq!(read(json!("1. One")), ["1. One"]);
        assert_eq!(
            read(json!(["One", {"id": 2, "point": "Two"}])),
            ["One", "Two"]
        );
        assert_eq!(read(json!([[{"id": 1, "point": "One"}]])), ["One"]);
        assert!(read(json!(null)).is_empty());
    }
}
