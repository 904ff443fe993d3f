//! CallGear, "API Documentation for CA Operations", both editions.
//!
//! The account holds scenarios, tags and the results of scenarios. A call is known by its session
//! id alone: no date, no phone, no direction. A third of the sessions have several results, one for
//! each scenario that was run over the call.

use serde_json::{Value, json};

use crate::{call::Call, vendor::Vendor, vendors::RecordFacts, world::World};

mod answer;
mod auth;
mod catalogue;
mod ids;
mod notifications;
mod paging;
mod parts;
mod render;
mod results;
mod routes;
mod rpc;
mod scenarios;
mod store;
mod tags;
mod transcription;

pub(crate) use answer::error_body;
pub(crate) use ids::find_call;
pub(crate) use routes::router;
pub(crate) use store::CallgearState;

pub(crate) const PREFIX: &str = "/api/v1.0";

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
                for unknown in [
                    "started_at",
                    "duration_ms",
                    "direction",
                    "language",
                    "company",
                    "agent",
                ] {
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
