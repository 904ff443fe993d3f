//! Agents and their settings (NN-07, NN-08, NN-12, NN-16, NN-22).

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::Value;

use super::{
    agents::{self, Profile},
    answer::{message, other_error},
    auth::Authorized,
    query::Parameters,
};
use crate::world::Shared;

/// NN-07: the agents of the company.
pub(crate) async fn company_agents(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    let seed = world.config.seed;
    match parameters.get("company_uuid") {
        None => other_error("company_uuid is required"),
        Some(company) if *company == agents::company(seed).to_string() => {
            Json(agents::list(seed)).into_response()
        }
        Some(_) => message(StatusCode::FORBIDDEN, "Access denied"),
    }
}

/// NN-08: the general settings of an agent.
pub(crate) async fn general(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    of_agent(world.config.seed, &parameters, agents::settings)
}

/// NN-12: when an agent may call.
pub(crate) async fn time_slots(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    of_agent(world.config.seed, &parameters, agents::time_slots)
}

/// NN-16: what an agent is given.
pub(crate) async fn initial_entities(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    of_agent(world.config.seed, &parameters, agents::initial_entities)
}

/// NN-22: what an agent fills in.
pub(crate) async fn output_entities(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    of_agent(world.config.seed, &parameters, agents::output_entities)
}

fn of_agent(
    seed: u64,
    parameters: &Parameters,
    read: fn(u64, usize, &Profile) -> Value,
) -> Response {
    match super::query::agent(seed, parameters) {
        Ok((place, profile)) => Json(read(seed, place, profile)).into_response(),
        Err(error) => other_error(error),
    }
}
