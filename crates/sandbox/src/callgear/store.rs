//! What the account's owner changed through the API: scenarios, tags, single results.

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::{Map, Value};

use super::{answer::Refusal, catalogue, ids};
use crate::{
    call::Call,
    config::SandboxConfig,
    vendor::Vendor,
    world::{
        World,
        ledger::{Action, LedgerEvent},
        lock,
    },
};

/// The account's own state.
#[derive(Debug)]
pub(crate) struct CallgearState {
    pub(super) scenarios: Mutex<BTreeMap<i64, Value>>,
    pub(super) tags: Mutex<BTreeMap<i64, Value>>,
    results: Mutex<BTreeMap<i64, ResultEdit>>,
}

/// What became of a result through the API.
#[derive(Debug, Clone)]
enum ResultEdit {
    /// It was created or replaced by this body.
    Stored { version: u32, body: Value },
    /// It was deleted.
    Deleted { version: u32 },
}

/// A result that exists.
#[derive(Debug)]
pub(super) enum Found {
    /// One that follows from a call.
    Generated { call: Box<Call>, part: u32 },
    /// One that was created or replaced through the API.
    Stored(Value),
}

impl CallgearState {
    pub(crate) fn new(_config: &SandboxConfig) -> Self {
        let scenarios = catalogue::scenarios()
            .iter()
            .map(|known| (known.id, known.shown()))
            .collect();
        let tags = catalogue::TAGS
            .iter()
            .map(|known| (known.id, known.shown()))
            .collect();
        Self {
            scenarios: Mutex::new(scenarios),
            tags: Mutex::new(tags),
            results: Mutex::default(),
        }
    }

    /// Stores a result under its id and gives its version.
    pub(super) fn store_result(&self, id: i64, body: Value) -> u32 {
        let mut results = lock(&self.results);
        let version = results.get(&id).map_or(1, ResultEdit::version) + 1;
        results.insert(id, ResultEdit::Stored { version, body });
        version
    }

    /// Deletes a result and gives the version of the deletion.
    pub(super) fn delete_result(&self, id: i64) -> u32 {
        let mut results = lock(&self.results);
        let version = results.get(&id).map_or(1, ResultEdit::version) + 1;
        results.insert(id, ResultEdit::Deleted { version });
        version
    }
}

impl ResultEdit {
    const fn version(&self) -> u32 {
        match self {
            Self::Stored { version, .. } | Self::Deleted { version } => *version,
        }
    }
}

/// The ids of all results that exist, ascending.
pub(super) fn result_ids(world: &World) -> Vec<i64> {
    let live = world.live_calls(Vendor::CallGear);
    let edits = lock(&world.callgear.results);
    let generated = live
        .iter()
        .flat_map(|index| (0..ids::results_of(*index)).map(|part| ids::result_id(*index, part)));
    let mut all: Vec<i64> = generated.filter(|id| !edits.contains_key(id)).collect();
    if !edits.is_empty() {
        let stored = edits
            .iter()
            .filter(|(_, edit)| matches!(edit, ResultEdit::Stored { .. }));
        all.extend(
            stored
                .map(|(id, _)| *id)
                .filter(|id| !call_is_gone(world, *id)),
        );
        all.sort_unstable();
    }
    all
}

/// The ids of the results of one session, ascending.
pub(super) fn result_ids_of_session(world: &World, session: i64) -> Vec<i64> {
    let generated: Vec<i64> = ids::call_of_session(world, session)
        .filter(|index| {
            world
                .call_head(Vendor::CallGear, *index)
                .is_some_and(|head| !head.deleted)
        })
        .map(|index| {
            (0..ids::results_of(index))
                .map(|part| ids::result_id(index, part))
                .collect()
        })
        .unwrap_or_default();
    let edits = lock(&world.callgear.results);
    let mut all: Vec<i64> = generated
        .into_iter()
        .filter(|id| !edits.contains_key(id))
        .collect();
    all.extend(edits.iter().filter_map(|(id, edit)| match edit {
        ResultEdit::Stored { body, .. } if integer(body, "call_session_id") == Some(session) => {
            (!call_is_gone(world, *id)).then_some(*id)
        }
        _ => None,
    }));
    all.sort_unstable();
    all
}

/// Whether the result belonged to a call that was deleted as a whole.
fn call_is_gone(world: &World, id: i64) -> bool {
    ids::result_of_id(id)
        .and_then(|(index, _)| world.call_head(Vendor::CallGear, index))
        .is_some_and(|head| head.deleted)
}

/// A result that exists.
pub(super) fn find_result(world: &World, id: i64) -> Option<Found> {
    if call_is_gone(world, id) {
        return None;
    }
    match lock(&world.callgear.results).get(&id) {
        Some(ResultEdit::Stored { body, .. }) => return Some(Found::Stored(body.clone())),
        Some(ResultEdit::Deleted { .. }) => return None,
        None => {}
    }
    let (index, part) = ids::result_of_id(id)?;
    let call = world.call(Vendor::CallGear, index)?;
    Some(Found::Generated {
        call: Box::new(call),
        part,
    })
}

/// An integer member, as a number or as text.
pub(super) fn integer(body: &Value, name: &str) -> Option<i64> {
    let member = body.get(name)?;
    member.as_i64().or_else(|| member.as_str()?.parse().ok())
}

/// What a `PUT` makes of something: the members of its body over those that were there, or, where
/// the vendor replaces things as a whole, over those of a new one.
pub(super) fn put_over(
    world: &World,
    known: &Value,
    fresh: &Value,
    change: Map<String, Value>,
) -> Value {
    if world.options().callgear_put_replaces {
        overlay(fresh, change)
    } else {
        overlay(known, change)
    }
}

/// Refuses members whose types the document rules out.
pub(super) fn check_types(members: &Map<String, Value>) -> Result<(), Refusal> {
    let refused = |name: &str| Err(Refusal::BadRequest(format!("{name} is invalid")));
    for name in ["tags", "filters"] {
        if members.get(name).is_some_and(|member| !member.is_array()) {
            return refused(name);
        }
    }
    let states = ["active", "inactive"];
    match members.get("state") {
        Some(state) if !state.as_str().is_some_and(|state| states.contains(&state)) => {
            refused("state")
        }
        _ => Ok(()),
    }
}

/// Writes down that the account's owner made or changed a scenario or a tag.
pub(super) fn note(world: &World, kind: &'static str, id: i64, action: Action, body: &Value) {
    let event = LedgerEvent {
        vendor: Vendor::CallGear,
        kind,
        id: id.to_string(),
        call_id: None,
        version: 1,
        action,
        facts: body.clone(),
    };
    world.ledger.append(world.now(), event);
}

/// Takes over the members of a change.
pub(super) fn overlay(known: &Value, change: Map<String, Value>) -> Value {
    let mut merged = known.clone();
    if let Some(members) = merged.as_object_mut() {
        members.extend(change);
    }
    merged
}
