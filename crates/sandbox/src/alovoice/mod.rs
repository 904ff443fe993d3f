//! AloVoice, the two methods of recorded-call analytics and the audio they point at.
//!
//! There is no list and no log-in: the token of the account stands in the path, and who wants a
//! result must know the call's id from the telephone exchange. The method that hands a call in is a
//! GET, and it is not idempotent.

use axum::{Router, routing::get};
use serde_json::{Value, json};

use crate::{
    call::{Call, hash_texts},
    operation::op,
    vendor::Vendor,
    vendors::RecordFacts,
    world::{Shared, World},
};

mod analysis;
mod answer;
mod handlers;
mod ids;
mod render;

pub(crate) use analysis::AlovoiceState;
pub(crate) use answer::error_body;
pub(crate) use ids::find_call;

/// The HTTP surface without `/alovoice`.
pub(crate) fn router(world: &Shared) -> Router {
    let av = |id, route| op(world, Vendor::AloVoice, id, route);
    Router::new()
        .route(
            "/callsendai/{token}/{call_id}",
            av("AV-01", get(handlers::submit)),
        )
        .route(
            "/callgetairesult/{token}/{call_id}",
            av("AV-02", get(handlers::result)),
        )
        .route("/stereo/{call_id}", av("AV-03", get(handlers::audio)))
        .fallback(answer::no_such_path)
        .with_state(world.clone())
}

/// The audio once more at the root: `stereoaudio` is a path from the root of the host, and a client
/// that resolves it by the rules of URLs leaves the prefix out.
pub(crate) fn root_router(world: &Shared) -> Router {
    let audio = op(world, Vendor::AloVoice, "AV-03", get(handlers::audio));
    Router::new()
        .route("/stereo/{call_id}", audio)
        .with_state(world.clone())
}

/// One record: the call.
pub(crate) fn records(world: &World, call: &Call) -> Vec<RecordFacts> {
    let id = ids::call_id(world, call.index, call.started_at);
    let mut facts = call.facts();
    if let Some(members) = facts.as_object_mut() {
        let spoken: Vec<String> = call.lines.iter().map(render::spoken).collect();
        let texts = spoken.iter().map(String::as_str);
        members.insert("text_sha256".into(), json!(hash_texts(texts)));
        members.insert("state".into(), json!(analysis::phase(world, call).key()));
        members.insert("submissions".into(), json!(world.alovoice.hits(call.index)));
        members.insert("tags".into(), json!(render::tag_names(world, call)));
        // The vendor tells none of these.
        for unknown in [
            "direction",
            "company",
            "agent",
            "language",
            "score_percent",
            "points_met",
            "points_total",
            "satisfaction",
            "summary_topic",
            "duration_ms",
        ] {
            members.remove(unknown);
        }
    }
    vec![RecordFacts {
        kind: "call",
        id: id.clone(),
        call_id: id,
        facts,
    }]
}

/// What opens the account.
pub(crate) fn credentials(world: &World) -> Value {
    let token = world.tokens.list(Vendor::AloVoice).into_iter().next_back();
    json!({"token": token.map(|token| token.value)})
}
