//! Neuro.net, "External API": voice agents that place calls.
//!
//! Errors carry a `message`; 409 is the catch-all, except in the report, where it is 500. Dates
//! name no zone (here: UTC) and come in five forms, see [`dates`].

mod agents;
mod answer;
mod auth;
mod dates;
mod dialog;
mod entities;
mod query;
mod queue;
mod recording;
mod report;
mod rows;
mod settings;
mod state;
mod statistic;
mod submit;
mod transcription;
mod view;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{delete, get, post, put},
};
use serde_json::{Value, json};

pub use dates::DateForm;
pub(crate) use state::NeuroState;

use crate::{
    call::Call,
    operation::{op, op_by},
    vendor::Vendor,
    vendors::RecordFacts,
    world::{Shared, World},
};

/// The largest group of dialogs that is taken at once.
const LARGEST_UPLOAD: usize = 64 * 1024 * 1024;
/// The fixed prefix of all paths.
const PREFIX: &str = "/api/v2/ext";

/// Facts about a call that this vendor tells nobody.
const NEVER_SHOWN: &[&str] = &[
    "direction",
    "domain",
    "duration_ms",
    "points_met",
    "points_total",
    "tags",
];
/// Facts that it tells about dialogs in which somebody spoke.
const SHOWN_IF_SPOKEN: &[&str] = &[
    "first_start_ms",
    "last_end_ms",
    "lines",
    "satisfaction",
    "score_percent",
    "summary_topic",
    "text_sha256",
];

/// The vendor's HTTP surface.
pub(crate) fn router(world: &Shared) -> Router {
    let on = |id, handler| op(world, Vendor::Neuro, id, handler);
    let methods = Router::new()
        .route("/auth", on("NN-01", post(auth::log_in)))
        .route("/auth/refresh", on("NN-02", post(auth::refresh)))
        .merge(dialog_routes(world))
        .merge(agent_routes(world))
        .route("/statistic/dialog", on("NN-28", get(statistic::dialog)))
        .route(
            "/statistic/dialog-report",
            on("NN-29", post(report::dialog_report)),
        )
        .route(
            "/statistic/dialog-group",
            on("NN-30", get(statistic::dialog_group)),
        )
        .route(
            "/statistic/download/call",
            on("NN-31", get(recording::download)),
        )
        .route(
            "/statistic/{call_uuid}/transcription",
            on("NN-32", get(transcription::transcription)),
        )
        .merge(queue_routes(world));
    Router::new()
        .nest(PREFIX, methods)
        .layer(DefaultBodyLimit::max(LARGEST_UPLOAD))
        .with_state(world.clone())
}

fn dialog_routes(world: &Shared) -> Router<Shared> {
    let on = |id, handler| op(world, Vendor::Neuro, id, handler);
    Router::new()
        .route(
            "/dialog/dialog-initial",
            on("NN-03", post(submit::dialog_initial)),
        )
        .route(
            "/dialog/dialogs-group-initial",
            on("NN-04", post(submit::dialogs_group_initial)),
        )
        .route(
            "/dialog/dialogs-group-initial-status",
            on("NN-05", get(submit::group_status)),
        )
        .route(
            "/dialog/dialogs-group-initial-result",
            on("NN-06", get(submit::group_result)),
        )
}

fn agent_routes(world: &Shared) -> Router<Shared> {
    let on = |id, handler| op(world, Vendor::Neuro, id, handler);
    let general =
        on("NN-08", get(settings::general)).merge(on("NN-09", put(settings::change_general)));
    let time_slots = on("NN-12", get(settings::time_slots))
        .merge(on("NN-13", post(settings::add_time_slot)))
        .merge(on("NN-14", put(settings::change_time_slot)))
        .merge(on("NN-15", delete(settings::delete_time_slot)));
    let inputs = on("NN-16", get(entities::list_inputs))
        .merge(on("NN-17", post(entities::add_input)))
        .merge(on("NN-19", put(entities::change_input)))
        .merge(on("NN-20", delete(entities::delete_input)));
    let outputs = on("NN-22", get(entities::list_outputs))
        .merge(on("NN-23", post(entities::add_output)))
        .merge(on("NN-25", put(entities::change_output)))
        .merge(on("NN-26", delete(entities::delete_output)));
    let outputs_in_bulk = op_by(
        world,
        Vendor::Neuro,
        entities::bulk_operation,
        post(entities::outputs_in_bulk),
    );
    Router::new()
        .route(
            "/company-agents",
            on("NN-07", get(settings::company_agents)),
        )
        .route("/agent-settings/general", general)
        .route(
            "/agent-settings/credentials",
            on("NN-10", get(settings::credentials)),
        )
        .route(
            "/agent-settings/credentials/{credential_uuid}",
            on("NN-11", put(settings::change_credential)),
        )
        .route("/agent-settings/time-slot", time_slots)
        .route("/initial-entity", inputs)
        .route(
            "/initial-entity/bulk",
            on("NN-18", post(entities::add_inputs)),
        )
        .route(
            "/initial-entity/bulk-delete",
            on("NN-21", post(entities::delete_inputs)),
        )
        .route("/output-entity", outputs)
        .route("/output-entity/bulk", outputs_in_bulk)
}

fn queue_routes(world: &Shared) -> Router<Shared> {
    let on = |id, handler| op(world, Vendor::Neuro, id, handler);
    Router::new()
        .route("/queue/dialog", on("NN-33", get(queue::dialogs)))
        .route("/queue/call", on("NN-34", get(queue::calls)))
        .route("/queue/stop", on("NN-35", post(queue::stop)))
        .route("/queue/return", on("NN-36", post(queue::put_back)))
        .route(
            "/queue/remove",
            op_by(
                world,
                Vendor::Neuro,
                queue::remove_operation,
                post(queue::remove),
            ),
        )
        .route("/selection", on("NN-39", get(queue::selections)))
}

/// The dialog of this call and each of its attempts.
pub(crate) fn records(world: &World, call: &Call) -> Vec<RecordFacts> {
    let view = view::View::of(world);
    let Some(head) = world.call_head(Vendor::Neuro, call.index) else {
        return Vec::new();
    };
    let dialog = dialog::Dialog::of(&view, &head);
    let call_id = dialog.id.to_string();
    let mut records = Vec::with_capacity(dialog.attempts.len() + 1);
    let mut facts = call.facts();
    if let (Some(members), Some(last)) = (facts.as_object_mut(), dialog.attempts.last()) {
        let speech = last.speech(view.seed, call);
        let spoken = speech == dialog::Speech::Whole;
        for name in NEVER_SHOWN
            .iter()
            .chain(if spoken { &[][..] } else { SHOWN_IF_SPOKEN })
        {
            members.insert((*name).to_owned(), Value::Null);
        }
        members.insert("agent_uuid".to_owned(), json!(dialog.agent_id(view.seed)));
        members.insert("bulk_uuid".to_owned(), json!(dialog.bulk_id));
        members.insert("msisdn".to_owned(), json!(rows::phone_of(call)));
        members.insert("attempts".to_owned(), json!(dialog.attempts.len()));
        members.insert("result".to_owned(), json!(last.result(view.seed, call)));
        members.insert("started_at".to_owned(), json!(last.at));
        members.insert("answered".to_owned(), json!(spoken));
    }
    records.push(RecordFacts {
        kind: "dialog",
        id: call_id.clone(),
        call_id: call_id.clone(),
        facts,
    });
    records.extend(dialog.attempts.iter().map(|attempt| RecordFacts {
        kind: "call",
        id: attempt.call_id.to_string(),
        call_id: call_id.clone(),
        facts: json!({
            "dialog_uuid": dialog.id,
            "started_at": attempt.at,
            "ready_at": attempt.ready_at,
            "result": attempt.result(view.seed, call),
            "call_uuid_shown": attempt.shows_call_id,
            "last": attempt.last,
        }),
    }));
    records
}

/// The call behind a dialog id or a call id.
pub(crate) fn find_call(world: &World, id: &str) -> Option<u32> {
    let seed = world.config.seed;
    dialog::dialog_index(seed, id)
        .or_else(|| dialog::attempt_index(seed, id).map(|(index, _)| index))
}

/// What opens the sandbox account.
pub(crate) fn credentials(world: &World) -> Value {
    let seed = world.config.seed;
    let agents: Vec<_> = (0..agents::PROFILES.len())
        .map(|place| agents::agent_id(seed, place))
        .collect();
    json!({
        "base_path": "/neuro",
        "login": auth::LOGIN,
        "password": world.password(Vendor::Neuro),
        "company_uuid": agents::company(seed),
        "agent_uuid": agents.first(),
        "agent_uuids": agents,
    })
}

/// The body of an error that a fault puts in the place of an answer.
pub(crate) fn error_body(status: u16) -> (&'static str, String) {
    let text = match status {
        429 => "Too many requests",
        500..=599 => "Internal server error",
        _ => "Request failed",
    };
    ("application/json", json!({ "message": text }).to_string())
}
