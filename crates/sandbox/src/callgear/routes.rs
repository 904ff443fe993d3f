//! Which path is which operation.

use axum::{
    Router,
    routing::{delete, get, post, put},
};

use super::{
    PREFIX, answer, auth, notifications, parts, results, rpc, scenarios, tags, transcription,
};
use crate::{operation::op, vendor::Vendor, world::Shared};

/// The HTTP surface without `/callgear`.
pub(crate) fn router(world: &Shared) -> Router {
    let api = rubrics(world)
        .merge(scenario_results(world))
        .merge(account(world));
    Router::new()
        .nest(PREFIX, api)
        // Not inside the nest: a fallback reaches through one nesting only.
        .fallback(answer::no_such_path)
        .with_state(world.clone())
}

/// Scenarios and tags.
fn rubrics(world: &Shared) -> Router<Shared> {
    let cg = |id, route| op(world, Vendor::CallGear, id, route);
    Router::new()
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
        )
}

/// Results and their parts.
fn scenario_results(world: &Shared) -> Router<Shared> {
    let cg = |id, route| op(world, Vendor::CallGear, id, route);
    Router::new()
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
        )
}

/// The account itself, and the transcripts of the newer edition.
fn account(world: &Shared) -> Router<Shared> {
    let cg = |id, route| op(world, Vendor::CallGear, id, route);
    Router::new()
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
        .route("/transcription", cg("CG-37", get(transcription::list)))
}
