//! Voice agents: their settings, calling rules, fields, speech keys, queues and campaigns.

mod campaigns;
mod fields;
mod get;
mod list;
mod queue;
mod schedule;
mod speech_keys;
mod update;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    extract::query::{Kind, Param},
    live::paths,
    problem::{FieldError, Problem, codes},
};

paths! {
    /// One agent.
    AgentPath { aid: "The vendor's id of the voice agent." }
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_voice_agents))
        .routes(routes!(get::get_voice_agent, update::update_voice_agent))
        .merge(schedule::router())
        .merge(fields::router())
        .merge(speech_keys::router())
        .merge(queue::router())
        .merge(campaigns::router())
}

/// What has to be confirmed is refused without the word for it.
fn unconfirmed(word: &str, detail: &str) -> Problem {
    let detail = format!("{detail}; send `confirm={word}` if that is meant");
    let error = FieldError::query("confirm", "confirmation_required", detail.clone());
    Problem::new(codes::CONFIRMATION_REQUIRED, detail).with_error(error)
}

/// The parameter of requests that may have to be confirmed.
const fn confirm(words: &'static [&'static str], description: &'static str) -> Param {
    Param::new("confirm", Kind::Word(words), description)
}
