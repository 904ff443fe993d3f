//! What changes in the account besides the dialogs: settings, rules, entities, uploads, the queue.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::agents::{self, PROFILES, agent_id};
use crate::{
    config::SandboxConfig,
    identity::{Kind, uuid},
    random::Random,
    vendor::Vendor,
    world::{
        World,
        ledger::{Action, LedgerEvent},
        lock,
    },
};

/// Numbers below this one belong to what was there at the start.
const FIRST_NEW: u64 = 1 << 12;
/// Uploaded groups are numbered from here, far above the groups of seeded dialogs.
const FIRST_UPLOAD: u64 = 1 << 36;

/// Writes down what happened to a thing of the account. Its version counts nothing here.
pub(crate) fn note(world: &World, kind: &'static str, id: &str, action: Action, facts: Value) {
    let event = LedgerEvent {
        vendor: Vendor::Neuro,
        kind,
        id: id.to_owned(),
        call_id: None,
        version: 1,
        action,
        facts,
    };
    world.ledger.append(world.now(), event);
}

/// The mutable part of the account.
#[derive(Debug)]
pub(crate) struct NeuroState {
    inner: Mutex<Inner>,
}

/// The mutable part of the account, once it is locked.
#[derive(Debug)]
pub(crate) struct Inner {
    seed: u64,
    issued: u64,
    pub(crate) agents: Vec<AgentState>,
    /// Dialogs that were uploaded into a group, by the group's id.
    pub(crate) groups: HashMap<Uuid, Vec<u32>>,
    pub(crate) uploads: HashMap<Uuid, Upload>,
    pub(crate) selections: Vec<Selection>,
    /// Dialogs that were stopped, and those that were returned to the queue.
    pub(crate) holds: HashMap<u32, Hold>,
}

/// What can be changed about one agent.
#[derive(Debug)]
pub(crate) struct AgentState {
    pub(crate) general: Map<String, Value>,
    pub(crate) credentials: Vec<Value>,
    pub(crate) time_slots: Vec<Value>,
    pub(crate) inputs: Vec<Value>,
    pub(crate) outputs: Vec<Value>,
}

/// The upload of a group of dialogs.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) begun_at: Timestamp,
    /// One row for each dialog, as the result shows it.
    pub(crate) rows: Vec<Value>,
}

/// A list of contacts that an upload made.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) id: Uuid,
    pub(crate) agent: usize,
    pub(crate) name: String,
    pub(crate) started_at: Timestamp,
    pub(crate) dialogs: usize,
}

/// What the queue was told to do with a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It waits until it is returned.
    Stopped,
    /// It waits again since this instant.
    Returned(Timestamp),
}

impl NeuroState {
    /// An account as it is at the start.
    pub(crate) fn new(config: &SandboxConfig) -> Self {
        let seed = config.seed;
        let agents = (0..PROFILES.len())
            .map(|place| AgentState::new(seed, place))
            .collect();
        Self {
            inner: Mutex::new(Inner {
                seed,
                issued: 0,
                agents,
                groups: HashMap::new(),
                uploads: HashMap::new(),
                selections: Vec::new(),
                holds: HashMap::new(),
            }),
        }
    }

    /// The account, for one thought.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Inner {
    /// The id of a new thing.
    pub(crate) fn new_id(&mut self, kind: Kind) -> Uuid {
        self.issued += 1;
        let first = if kind == Kind::Bulk {
            FIRST_UPLOAD
        } else {
            FIRST_NEW
        };
        uuid(self.seed, kind, first + self.issued)
    }
}

impl AgentState {
    fn new(seed: u64, place: usize) -> Self {
        let members = |value: Value| match value {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        let rows = |value: Value| match value {
            Value::Array(rows) => rows,
            _ => Vec::new(),
        };
        let profile = PROFILES.get(place).unwrap_or(&PROFILES[0]);
        Self {
            general: members(agents::settings(seed, place, profile)),
            credentials: keys(seed, place),
            time_slots: rows(agents::time_slots(seed, place, profile)),
            inputs: rows(agents::initial_entities(seed, place, profile)),
            outputs: rows(agents::output_entities(seed, place, profile)),
        }
    }
}

/// The keys of an agent for speech recognition and synthesis. They open nothing anywhere.
fn keys(seed: u64, place: usize) -> Vec<Value> {
    [("asr", "yandex"), ("tts", "google")]
        .into_iter()
        .zip(0..)
        .map(|((key_type, platform), number)| {
            let carried = (place as u64) << 8 | number;
            let value = Random::new(&[seed, Vendor::Neuro.number(), carried, 0x0e79]).hex(24);
            json!({
                "uuid": uuid(seed, Kind::Credential, carried),
                "name": format!("{key_type} of agent {}", place + 1),
                "platform": platform,
                "agent_uuid": agent_id(seed, place),
                "key_type": key_type,
                "value": format!("play-{value}"),
            })
        })
        .collect()
}
