//! Categories, saved searches and check scripts (TR-22, TR-27, TR-29).

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    answer::Failure,
    auth::Authorized,
    catalog::{CATEGORIES, SCRIPTS},
    criteria::Members,
    instants::Form,
};
use crate::world::{Shared, World};

const DEFAULT_PAGE_SIZE: i64 = 20;
const LARGEST_PAGE: i64 = 100;

/// A page of a list in the body of a request.
struct Paging {
    members: Map<String, Value>,
    page: i64,
    per_page: i64,
}

impl Paging {
    fn read(body: &[u8]) -> Result<Self, Failure> {
        let members: Map<String, Value> = if body.is_empty() {
            Map::new()
        } else {
            serde_json::from_slice(body)
                .ok()
                .ok_or_else(|| Failure::invalid("The body must be a JSON object"))?
        };
        let page = Members(&members).integer("page")?.unwrap_or(1).max(1);
        let per_page = Members(&members)
            .integer("per_page")?
            .unwrap_or(DEFAULT_PAGE_SIZE)
            .clamp(1, LARGEST_PAGE);
        Ok(Self {
            members,
            page,
            per_page,
        })
    }

    /// Whether one of the texts contains what `q` asks for.
    fn finds(&self, texts: &[&str]) -> bool {
        let wanted = self
            .members
            .get("q")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_lowercase();
        wanted.is_empty()
            || texts
                .iter()
                .any(|text| text.to_lowercase().contains(&wanted))
    }

    fn answer(&self, found: Vec<Value>) -> Response {
        let total = found.len();
        let skip = usize::try_from((self.page - 1).saturating_mul(self.per_page));
        let items: Vec<Value> = found
            .into_iter()
            .skip(skip.unwrap_or(usize::MAX))
            .take(usize::try_from(self.per_page).unwrap_or(1))
            .collect();
        Json(json!({
            "success": true,
            "error_code": 0,
            "items": items,
            "total": total,
            "page": self.page,
            "per_page": self.per_page,
        }))
        .into_response()
    }
}

/// TR-22: the categories; with `parent_id`, the children of one.
pub(crate) async fn categories(
    State(world): State<Shared>,
    _: Authorized,
    body: Bytes,
) -> Response {
    let paging = match Paging::read(&body) {
        Ok(paging) => paging,
        Err(failure) => return failure.into_response(),
    };
    let parent = match Members(&paging.members).integer("parent_id") {
        Ok(parent) => parent,
        Err(failure) => return failure.into_response(),
    };
    let children = |id: i64| {
        CATEGORIES
            .iter()
            .filter(|(_, _, _, of)| *of == Some(id))
            .count()
    };
    let found = CATEGORIES
        .iter()
        .filter(|(_, _, _, of)| parent.is_none() || *of == parent)
        .filter(|(_, name, description, _)| paging.finds(&[name, description.unwrap_or_default()]))
        .map(|(id, name, description, of)| {
            json!({
                "id": id,
                "name": name,
                "description": description,
                "parent_id": of,
                "children_count": children(*id),
                "created_at": Form::Offset.write(days_before(&world, 80 - id % 40)),
                "updated_at": Form::Offset.write(days_before(&world, 20 - id % 20)),
            })
        })
        .collect();
    paging.answer(found)
}

/// TR-29: the check scripts.
pub(crate) async fn scripts(State(world): State<Shared>, _: Authorized, body: Bytes) -> Response {
    let paging = match Paging::read(&body) {
        Ok(paging) => paging,
        Err(failure) => return failure.into_response(),
    };
    let only_active = match paging.members.get("only_active") {
        Some(Value::Bool(wanted)) => *wanted,
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        Some(Value::String(text)) => matches!(text.to_lowercase().as_str(), "true" | "1" | "yes"),
        _ => false,
    };
    let found = SCRIPTS
        .iter()
        .filter(|script| !only_active || script.is_active)
        .filter(|script| paging.finds(&[script.identifier, script.title]))
        .map(|script| {
            json!({
            "id": script.id,
            "identifier": script.identifier,
            "title": script.title,
            "description": script.description,
            "is_active": script.is_active,
            "version": script.version,
            "script_body": script.body,
            "created_at": zulu(days_before(&world, 90 - script.id)),
                "updated_at": zulu(days_before(&world, 30 - script.id)),
            })
        })
        .collect();
    paging.answer(found)
}

/// TR-27: the saved searches. Their `created_at` has no zone.
pub(crate) async fn saved_searches(State(world): State<Shared>, _: Authorized) -> Response {
    let epoch = world.epoch();
    let month_ago = days_before(&world, 30);
    let filters = json!([
        {
            "id": 42,
            "name": "Critical calls of the month",
            "criteria": {
                "task_type": "call",
                "priority_id": 3,
                "date_from": super::instants::day(month_ago),
                "date_to": super::instants::day(epoch),
                "risk_signal_id": null,
                "page": 1,
                "per_page": 12,
            },
            "created_at": Form::Naive.write(days_before(&world, 9)),
        },
        {
            "id": 43,
            "name": "Чаты с низкой оценкой",
            "criteria": { "task_type": "chat", "customer_satisfaction_score_max": 4 },
            "created_at": Form::Naive.write(days_before(&world, 8)),
        },
    ]);
    let count = filters.as_array().map_or(0, Vec::len);
    Json(json!({ "success": true, "count": count, "filters": filters })).into_response()
}

fn days_before(world: &World, days: i64) -> Timestamp {
    let epoch = world.epoch();
    epoch
        .checked_sub(SignedDuration::from_hours(24 * days))
        .unwrap_or(epoch)
}

/// `2025-10-20T12:35:41Z`, without a fraction.
fn zulu(instant: Timestamp) -> String {
    format!("{}Z", Form::Naive.write(instant))
}
