//! Alovoice.

use axum::Router;
use serde_json::{Value, json};

use crate::{
    call::Call,
    config::SandboxConfig,
    vendors::RecordFacts,
    world::{Shared, World},
};

/// The account's own state.
#[derive(Debug)]
pub(crate) struct AlovoiceState;

impl AlovoiceState {
    pub(crate) fn new(_config: &SandboxConfig) -> Self {
        Self
    }
}

pub(crate) fn router(_world: &Shared) -> Router {
    Router::new()
}

pub(crate) fn records(_world: &World, call: &Call) -> Vec<RecordFacts> {
    let id = call.index.to_string();
    vec![RecordFacts {
        kind: "call",
        id: id.clone(),
        call_id: id,
        facts: call.facts(),
    }]
}

pub(crate) fn find_call(_world: &World, id: &str) -> Option<u32> {
    id.parse().ok()
}

pub(crate) fn credentials(_world: &World) -> Value {
    json!({})
}

pub(crate) fn error_body(status: u16) -> (&'static str, String) {
    (
        "application/json",
        json!({"message": format!("error {status}")}).to_string(),
    )
}
