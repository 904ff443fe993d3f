//! The voice agents of the sandbox company: who they are, when they call, what they fill in.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::{Kind, uuid};

/// How a piece of data comes out of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    /// How the dialog ended: `success`, `no_answer`, ...
    Result,
    /// What it was about.
    Topic,
    /// What came of it.
    Outcome,
    /// A mark from 1 to 5.
    Mark,
    /// How well the dialog went, in percent. Each change of a dialog changes it.
    Score,
    /// Whether the question was settled, `yes` or `no`.
    Settled,
    /// When to call again, for dialogs that end so.
    CallbackTime,
    /// The customer's name.
    ClientName,
    /// The tags that were heard, separated by commas.
    Tags,
    /// The script that was played.
    Script,
}

/// The text of an agent that does not change.
#[derive(Debug)]
pub(crate) struct Profile {
    name: &'static str,
    description: Option<&'static str>,
    language: &'static str,
    timezone: &'static str,
    tts: &'static str,
    flag: &'static str,
    delay: &'static str,
    recall_count: u8,
    /// Names of the outputs, with what fills them.
    pub(crate) outputs: &'static [(&'static str, &'static str, Fill)],
    inputs: &'static [(&'static str, bool)],
    /// Days (0 = Monday) with the hours in which it may call; none means "at any time".
    slots: &'static [(u8, &'static str, &'static str)],
}

/// The agents; dialogs are spread over them.
pub(crate) const PROFILES: [Profile; 4] = [
    Profile {
        name: "Опрос после обращения",
        description: Some("Просит оценить разговор"),
        language: "ru-RU",
        timezone: "Europe/Moscow",
        tts: "alena@yandex",
        flag: "ru",
        delay: "00:05",
        recall_count: 3,
        outputs: &[
            ("result", "string", Fill::Result),
            ("Оценка", "number", Fill::Mark),
            ("Тема обращения", "string", Fill::Topic),
            ("Комментарий", "string", Fill::Outcome),
            ("callback_time", "datetime", Fill::CallbackTime),
            ("Балл", "number", Fill::Score),
        ],
        inputs: &[
            ("msisdn", false),
            ("script_name", false),
            ("name", true),
            ("city", true),
        ],
        slots: &[
            (0, "09:00:00", "20:00:00"),
            (1, "09:00:00", "20:00:00"),
            (2, "09:00:00", "20:00:00"),
            (3, "09:00:00", "20:00:00"),
            (4, "09:00:00", "19:00:00"),
            (5, "11:00:00", "16:00:00"),
        ],
    },
    Profile {
        name: "Payment reminder",
        description: Some("Reminds of an invoice and asks for a date"),
        language: "en-US",
        timezone: "UTC",
        tts: "en-US-Standard-C@google",
        flag: "en",
        delay: "01:30",
        recall_count: 2,
        outputs: &[
            ("result", "string", Fill::Result),
            ("is_settled", "string", Fill::Settled),
            ("promise", "string", Fill::Outcome),
            ("callback_time", "datetime", Fill::CallbackTime),
            ("script_played", "string", Fill::Script),
            ("score", "number", Fill::Score),
        ],
        inputs: &[
            ("phone", false),
            ("script", false),
            ("customer_name", true),
            ("amount", true),
        ],
        slots: &[(0, "08:00:00", "18:00:00"), (2, "08:00:00", "18:00:00")],
    },
    Profile {
        name: "Qabulga yozish",
        description: Some("Mijozni qabulga yozadi"),
        language: "uz-UZ",
        timezone: "Asia/Tashkent",
        tts: "nigora@yandex",
        flag: "uz",
        delay: "00:15",
        recall_count: 3,
        outputs: &[
            ("result", "string", Fill::Result),
            ("mijoz_ismi", "string", Fill::ClientName),
            ("mavzu", "string", Fill::Topic),
            ("natija", "string", Fill::Outcome),
            ("ball", "number", Fill::Score),
        ],
        inputs: &[("msisdn", false), ("ism", true)],
        slots: &[(0, "09:00:00", "18:00:00"), (5, "10:00:00", "14:00:00")],
    },
    Profile {
        name: "Входящая линия",
        description: None,
        language: "ru-RU",
        timezone: "Asia/Tashkent",
        tts: "filipp@yandex",
        flag: "ru_m",
        delay: "00:00",
        recall_count: 1,
        outputs: &[
            ("result", "string", Fill::Result),
            ("topic", "string", Fill::Topic),
            ("tags", "string", Fill::Tags),
            ("client_name", "string", Fill::ClientName),
            ("mark", "number", Fill::Mark),
            ("score", "number", Fill::Score),
        ],
        inputs: &[("msisdn", false)],
        slots: &[],
    },
];

/// The company that owns the agents.
pub(crate) fn company(seed: u64) -> Uuid {
    uuid(seed, Kind::Company, 0)
}

/// The id of the agent at this place of [`PROFILES`].
pub(crate) fn agent_id(seed: u64, place: usize) -> Uuid {
    uuid(seed, Kind::Agent, place as u64)
}

/// The agent with this id, with its place.
pub(crate) fn find(seed: u64, id: &str) -> Option<(usize, &'static Profile)> {
    let place = usize::try_from(crate::identity::number(seed, Kind::Agent, id)?).ok()?;
    PROFILES.get(place).map(|profile| (place, profile))
}

/// NN-07: the list of agents.
pub(crate) fn list(seed: u64) -> Vec<Value> {
    PROFILES
        .iter()
        .enumerate()
        .map(
            |(place, profile)| json!({ "agent_uuid": agent_id(seed, place), "name": profile.name }),
        )
        .collect()
}

/// The settings of one agent, exactly the 19 documented members.
pub(crate) fn settings(seed: u64, place: usize, profile: &Profile) -> Value {
    json!({
        "agent_uuid": agent_id(seed, place),
        "name": profile.name,
        "description": profile.description,
        "delay": profile.delay,
        "recall_count": profile.recall_count,
        "trunk_name": format!("trunk-{}", place + 1),
        "flag": profile.flag,
        "record_path": format!("/records/agent-{}", place + 1),
        "routing_channel_limit": if place == 3 { Value::Null } else { json!(5) },
        "total_channel_limit": 20 + 10 * place,
        "pool_name": format!("pool-{}", place % 2 + 1),
        "language": profile.language,
        "asr": if place == 1 { "google" } else { "yandex" },
        "tts": profile.tts,
        "speed": null,
        "pitch": null,
        "emotion": null,
        "record_storage_time": "90",
        "timezone": profile.timezone,
    })
}

/// The calling rules of one agent.
pub(crate) fn time_slots(seed: u64, place: usize, profile: &Profile) -> Value {
    profile
        .slots
        .iter()
        .enumerate()
        .map(|(slot, (day, not_before, not_after))| {
            json!({
                "time_slot_uuid": uuid(seed, Kind::TimeSlot, numbered(place, slot)),
                "day": day,
                "not_before": not_before,
                "not_after": not_after,
            })
        })
        .collect()
}

/// The inputs of one agent, with the members that all methods together show.
pub(crate) fn initial_entities(seed: u64, place: usize, profile: &Profile) -> Value {
    profile
        .inputs
        .iter()
        .enumerate()
        .map(|(cell, (name, synthesis))| {
            json!({
                "initial_entity_uuid": uuid(seed, Kind::InitialEntity, numbered(place, cell)),
                "name": name,
                "synthesis": synthesis,
                "number_cell": cell,
                "agent_uuid": agent_id(seed, place),
            })
        })
        .collect()
}

/// The outputs of one agent, with the members that all methods together show.
pub(crate) fn output_entities(seed: u64, place: usize, profile: &Profile) -> Value {
    profile
        .outputs
        .iter()
        .enumerate()
        .map(|(cell, (name, entity_type, _))| {
            json!({
                "output_entity_uuid": uuid(seed, Kind::OutputEntity, numbered(place, cell)),
                "name": name,
                "number_cell": cell,
                "entity_type": entity_type,
                "agent_uuid": agent_id(seed, place),
            })
        })
        .collect()
}

/// One number for a thing of an agent.
fn numbered(place: usize, inner: usize) -> u64 {
    (place as u64) << 8 | inner as u64
}
