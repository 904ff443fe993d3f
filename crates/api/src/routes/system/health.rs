//! `GET /livez`, `GET /readyz`.

use std::time::Duration;

use axum::{extract::State, response::Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ApiState,
    problem::{Problem, Public, codes},
    respond,
};

/// How long the database may take for a sign of life.
const PATIENCE: Duration = Duration::from_secs(2);

/// The gateway lives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`
    #[schema(example = "ok")]
    status: &'static str,
}

/// Is the process alive?
///
/// Asks nobody; a process that answers does not need to be restarted.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "system",
    responses((status = 200, description = "It is.", body = Health), Public),
)]
pub(crate) async fn get_liveness() -> Result<Response, Problem> {
    respond::json(StatusCode::OK, &Health { status: "ok" })
}

/// Can it serve?
///
/// Asks the database; 503 while it cannot be reached, or while the gateway shuts down.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "system",
    responses((status = 200, description = "It can.", body = Health), Public),
)]
pub(crate) async fn get_readiness(State(state): State<ApiState>) -> Result<Response, Problem> {
    let unready = |detail: &str| {
        Problem::new(codes::UNAVAILABLE, detail).with_retry_after(Duration::from_secs(2))
    };
    if state.is_draining() {
        return Err(unready("the gateway is shutting down"));
    }
    match tokio::time::timeout(PATIENCE, state.store().ping()).await {
        Ok(Ok(())) => respond::json(StatusCode::OK, &Health { status: "ok" }),
        Ok(Err(_)) | Err(_) => Err(unready("the database cannot be reached")),
    }
}
