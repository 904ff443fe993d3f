//! CallGear, "API Documentation for CA Operations", both editions.
//!
//! The account holds scenarios, tags and the results of scenarios. A call is known by its session
//! id alone: no date, no phone, no direction. A third of the sessions have several results, one for
//! each scenario that was run over the call.

use axum::{
    Router,
    routing::{delete, get, post, put},
};
use serde_json::{Value, json};

use crate::{
    call::Call,
    operation::op,
    vendor::Vendor,
    vendors::RecordFacts,
    world::{Shared, World},
};

mod answer;
mod auth;
mod catalogue;
mod ids;
mod notifications;
mod paging;
mod parts;
mod render;
mod results;
mod rpc;
mod scenarios;
mod store;
mod tags;
mod transcription;

pub(crate) use answer::error_body;
pub(crate) use ids::find_call;
pub(crate) use store::CallgearState;

const PREFIX: &str = "/api/v1.0";

/// The HTTP surface without `/callgear`.
pub(crate) fn router(world: &Shared) -> Router {
    let cg = |id, route| op(world, Vendor::CallGear, id, route);
    let scenarios = Router::new()
        .route(
            "/scenarios",
            cg("CG-01", get(scenarios::list)).merge(cg("CG-02", post(scenarios::create))),
        )
        .route(
            "/scenarios/{id}",
            cg("CG-03", get(scenarios::read)).merge(cg("CG-04", put(scenarios::update))),
        )
        .route("/toggle_scenario", cg("CG-05", post(scenarios::toggle)))
        .route(
            "/scenarios/{id}/points",
            cg("CG-06", get(scenarios::points)),
        )
        .route(
            "/scenarios/{id}/points/{point_id}",
            cg("CG-07", get(scenarios::point)),
        )
        .route(
            "/scenarios/{id}/text_points",
            cg("CG-08", get(scenarios::text_points)),
        )
        .route("/scenarios/points", cg("CG-09", get(scenarios::all_points)))
        .route(
            "/scenarios/{id}/scenario_score",
            cg("CG-10", get(scenarios::score)),
        )
        .route(
            "/scenarios/scenario_score",
            cg("CG-11", get(scenarios::scores)),
        )
        .route(
            "/tags",
            cg("CG-12", get(tags::list)).merge(cg("CG-13", post(tags::create))),
        )
        .route(
            "/tags/{id}",
            cg("CG-14", get(tags::read)).merge(cg("CG-15", put(tags::update))),
        );
    let results = Router::new()
        .route(
            "/scenario_result",
            cg("CG-16", get(results::list)).merge(cg("CG-17", post(results::create))),
        )
        .route(
            "/scenario_result/{id}",
            cg("CG-18", get(results::read))
                .merge(cg("CG-19", put(results::update)))
                .merge(cg("CG-20", delete(results::remove))),
        )
        .route(
            "/scenario_result/{id}/summary",
            cg("CG-21", get(parts::summary)),
        )
        .route(
            "/scenario_result/summary",
            cg("CG-22", get(parts::summaries)),
        )
        .route(
            "/scenario_result/{id}/phrase_and_words",
            cg("CG-23", get(parts::phrases)),
        )
        .route(
            "/scenario_result/phrase_and_words",
            cg("CG-24", get(parts::session_phrases)),
        )
        .route(
            "/scenario_result/{id}/success_points",
            cg("CG-25", get(parts::success_points)),
        )
        .route(
            "/scenario_result/success_points",
            cg("CG-26", get(parts::all_success_points)),
        )
        .route("/scenario_result/{id}/tags", cg("CG-27", get(parts::tags)))
        .route("/scenario_result/tags", cg("CG-28", get(parts::all_tags)))
        .route(
            "/scenario_result/{id}/employees_metrics",
            cg("CG-29", get(parts::metrics)),
        )
        .route(
            "/scenario_result/employees_metrics",
            cg("CG-30", get(parts::all_metrics)),
        );
    let account = Router::new()
        .route("/rpc", cg("CG-31", post(rpc::call)))
        .route(
            "/notification_conditions",
            cg("CG-32", get(notifications::list)),
        )
        .route("/api-login", cg("CG-33", post(auth::login)))
        .route(
            "/tokens",
            cg("CG-34", get(auth::list_tokens)).merge(cg("CG-35", post(auth::create_token))),
        )
        .route("/tokens/{id}", cg("CG-36", delete(auth::delete_token)))
        .route("/transcription", cg("CG-37", get(transcription::list)));
    Router::new()
        .nest(PREFIX, scenarios.merge(results).merge(account))
        // Not inside the nest: a fallback reaches through one nesting only.
        .fallback(answer::no_such_path)
        .with_state(world.clone())
}

/// One record for each result of the session.
pub(crate) fn records(world: &World, call: &Call) -> Vec<RecordFacts> {
    let session = ids::session_id(world, call.index);
    (0..ids::results_of(call.index))
        .map(|part| {
            let scenario = catalogue::scenario_of(call, part);
            let verdict = render::verdict(call, &scenario);
            let mut facts = call.facts();
            if let Some(members) = facts.as_object_mut() {
                let empty = ids::is_empty_result(call.index, part);
                members.insert("empty_result".into(), json!(empty));
                members.insert("scenario_id".into(), json!(scenario.id));
                members.insert("scenario_name".into(), json!(scenario.name));
                members.insert("score_percent".into(), json!(verdict.percent));
                members.insert("points_met".into(), json!(verdict.met));
                members.insert("points_total".into(), json!(scenario.points.len()));
                members.insert("dialog_summary".into(), json!(render::summary(call)));
                // The vendor tells none of these.
                for unknown in ["started_at", "duration_ms", "direction", "language"] {
                    members.remove(unknown);
                }
            }
            RecordFacts {
                kind: "result",
                id: ids::result_id(call.index, part).to_string(),
                call_id: session.to_string(),
                facts,
            }
        })
        .collect()
}

/// What opens the account.
pub(crate) fn credentials(world: &World) -> Value {
    json!({
        "api_path": PREFIX,
        "username": auth::USERNAME,
        "password": world.password(Vendor::CallGear),
        "app_id": ids::app_id(world.config.seed),
    })
}
