//! The parts of a result, each at an endpoint of its own and as a list over all results.
//!
//! The lists carry no ids: who reads them cannot tell whose item is whose unless he asks for one
//! session.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    answer::{Refusal, json as answer},
    auth::Caller,
    catalogue, ids,
    paging::{ListQuery, Window},
    render::{self, PhraseShape},
    results::{NOT_FOUND, array, chosen, id_of, matching},
    store::{Found, find_result, result_ids_of_session},
};
use crate::{
    call::Call,
    world::{Shared, World},
};

/// A part of a result.
#[derive(Debug, Clone, Copy)]
enum Part {
    Phrases,
    SuccessPoints,
    Tags,
    Metrics,
}

impl Part {
    fn of(self, call: &Call, part: u32) -> Vec<Value> {
        if ids::is_empty_result(call.index, part) {
            return Vec::new();
        }
        match self {
            Self::Phrases => render::phrases(call, PhraseShape::Transcript),
            Self::SuccessPoints => {
                render::success_points(call, &catalogue::scenario_of(call, part), false)
            }
            Self::Tags => render::tags(call),
            Self::Metrics => render::metrics(call),
        }
    }

    /// The part of a result that was written through the API.
    fn of_stored(self, body: &Value) -> Vec<Value> {
        let pointer = match self {
            Self::Phrases => "/result/phrase_list",
            Self::SuccessPoints => "/result/scenario/data",
            Self::Tags => "/result/tag_events/events",
            Self::Metrics => "/result/profanity/data",
        };
        body.pointer(pointer)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    }

    fn of_found(self, found: &Found) -> Vec<Value> {
        match found {
            Found::Generated { call, part } => self.of(call, *part),
            Found::Stored(body) => self.of_stored(body),
        }
    }

    fn by_id(self, world: &World, id: &str) -> Result<Response, Refusal> {
        let found = find_result(world, id_of(id)?).ok_or(NOT_FOUND)?;
        Ok(answer(StatusCode::OK, &Value::Array(self.of_found(&found))))
    }

    fn list(self, world: &Shared, query: Vec<(String, String)>) -> Result<Response, Refusal> {
        let (ids, total) = chosen(world, &ListQuery::new(query))?;
        Ok(array(world, ids, total, move |world, id| {
            find_result(world, id)
                .map(|found| self.of_found(&found))
                .unwrap_or_default()
        }))
    }
}

fn summary_of(found: &Found) -> Value {
    let text = match found {
        Found::Generated { call, part } if ids::is_empty_result(call.index, *part) => String::new(),
        Found::Generated { call, .. } => render::summary(call),
        Found::Stored(body) => {
            let text = body
                .pointer("/result/dialog_summary")
                .and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        }
    };
    json!({"dialog_summary": text})
}

/// The newer edition has no `phrase_and_words`.
fn older_edition(world: &World) -> Result<(), Refusal> {
    if world.options().callgear_edition >= 2026 {
        return Err(Refusal::NotFound("The requested resource was not found."));
    }
    Ok(())
}

/// CG-21
pub(super) async fn summary(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let found = find_result(&world, id_of(&id)?).ok_or(NOT_FOUND)?;
    Ok(answer(StatusCode::OK, &summary_of(&found)))
}

/// CG-22: paging may be "disabled", as the document says of its own example.
pub(super) async fn summaries(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let query = ListQuery::new(query);
    query.sort(&["id"])?;
    let options = world.options();
    let window = if options.callgear_summary_paging {
        query.window(&options)?
    } else {
        Window::ALL
    };
    let mut all = matching(&world, &query)?;
    if query.descending()? {
        all.reverse();
    }
    let total = all.len();
    Ok(array(
        &world,
        window.of(all.into_iter()),
        total,
        |world, id| find_result(world, id).iter().map(summary_of).collect(),
    ))
}

/// CG-23
pub(super) async fn phrases(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    older_edition(&world)?;
    Part::Phrases.by_id(&world, &id)
}

/// CG-24: the session is required; how several of them are parted is not documented, a comma is
/// taken. What was said in a session is shown once, however many results it has.
pub(super) async fn session_phrases(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    older_edition(&world)?;
    let query = ListQuery::new(query);
    let sessions = query
        .get("call_session_id__in")
        .ok_or_else(|| Refusal::BadRequest("call_session_id__in is required".into()))?;
    let mut all = Vec::new();
    for session in sessions.split(',') {
        let session = session
            .trim()
            .parse()
            .map_err(|_error| Refusal::BadRequest("call_session_id__in is invalid".into()))?;
        let found: Vec<Found> = result_ids_of_session(&world, session)
            .into_iter()
            .filter_map(|id| find_result(&world, id))
            .collect();
        if found.is_empty() {
            return Err(Refusal::NotFound("Call session is not found"));
        }
        let spoken = found.iter().map(|found| Part::Phrases.of_found(found));
        all.extend(spoken.max_by_key(Vec::len).unwrap_or_default());
    }
    if query.descending()? {
        all.reverse();
    }
    Ok(answer(StatusCode::OK, &Value::Array(all)))
}

/// CG-25
pub(super) async fn success_points(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Part::SuccessPoints.by_id(&world, &id)
}

/// CG-26
pub(super) async fn all_success_points(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    Part::SuccessPoints.list(&world, query)
}

/// CG-27
pub(super) async fn tags(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Part::Tags.by_id(&world, &id)
}

/// CG-28
pub(super) async fn all_tags(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    Part::Tags.list(&world, query)
}

/// CG-29
pub(super) async fn metrics(
    _caller: Caller,
    State(world): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Part::Metrics.by_id(&world, &id)
}

/// CG-30
pub(super) async fn all_metrics(
    _caller: Caller,
    State(world): State<Shared>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    Part::Metrics.list(&world, query)
}
