//! `GET /livez`, `GET /readyz`.

use std::time::Duration;

use axum::{extract::State, response::Response};
use callweave_store::{
    Store,
    standby::{Aside, Standby},
};
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
    /// What it cannot do at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Health {
    const OK: Self = Self {
        status: "ok",
        detail: None,
    };
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
    respond::json(StatusCode::OK, &Health::OK)
}

/// Can it serve?
///
/// Asks the database; 503 while it cannot be reached, or while the gateway shuts down. A database that
/// takes no changes is still read from, and one whose standby is left aside serves all reads itself; `detail`
/// tells of either.
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
    let store = state.store();
    match tokio::time::timeout(PATIENCE, store.ping()).await {
        Ok(Ok(())) => {
            let refuses = store.refuses_changes().then_some(Store::REFUSES_CHANGES);
            let aside = store.standby().and_then(Standby::aside).map(Aside::reason);
            let told: Vec<_> = refuses.into_iter().chain(aside).collect();
            let health = Health {
                detail: (!told.is_empty()).then(|| told.join("; ")),
                ..Health::OK
            };
            respond::json(StatusCode::OK, &health)
        }
        Ok(Err(_)) | Err(_) => Err(unready("the database cannot be reached")),
    }
}
