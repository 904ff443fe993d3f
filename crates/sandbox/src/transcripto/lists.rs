//! Categories, saved searches and check scripts (TR-22, TR-27, TR-29).

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{answer::Failure, auth::Authorized, criteria::Members};
use crate::world::Shared;

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

    /// Whether one of these members contains what `q` asks for.
    fn finds(&self, row: &Value, members: &[&str]) -> bool {
        let wanted = self
            .members
            .get("q")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let wanted = wanted.to_lowercase();
        wanted.is_empty()
            || members.iter().any(|name| {
                row.get(*name)
                    .and_then(Value::as_str)
                    .is_some_and(|text| text.to_lowercase().contains(&wanted))
            })
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
    let all = world.transcripto.lock().categories.clone();
    let found = all
        .iter()
        .filter(|row| parent.is_none_or(|parent| row["parent_id"] == parent))
        .filter(|row| paging.finds(row, &["name", "description"]))
        .map(|row| {
            let mut row = row.clone();
            let children = all
                .iter()
                .filter(|other| other.get("parent_id") == row.get("id"))
                .count();
            if let Some(members) = row.as_object_mut() {
                members.insert("children_count".to_owned(), json!(children));
            }
            row
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
    let mut found = world.transcripto.lock().scripts.clone();
    found.retain(|row| !only_active || row["is_active"] == true);
    found.retain(|row| paging.finds(row, &["identifier", "title"]));
    paging.answer(found)
}

/// TR-27: the saved searches.
pub(crate) async fn saved_searches(State(world): State<Shared>, _: Authorized) -> Response {
    let filters = world.transcripto.lock().searches.clone();
    Json(json!({ "success": true, "count": filters.len(), "filters": filters })).into_response()
}
