//! Dialogs and the attempts to call inside them, derived from the neutral calls.
//!
//! Each call of the core is one dialog. Its last attempt is the conversation itself (or the last
//! failure to have one); earlier attempts were not answered.

use jiff::{SignedDuration, Timestamp, civil};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    agents::{PROFILES, Profile, agent_id},
    state::Hold,
    view::View,
};
use crate::{
    call::Call,
    identity::{Kind, number, uuid},
    random::{Random, mix},
    vendor::Vendor,
    world::CallHead,
};

/// How many dialogs are uploaded together.
const BULK_SIZE: u32 = 25;
/// Attempts of one dialog share a number range of this width.
const ATTEMPTS_PER_DIALOG: u64 = 8;
/// How far before the conversation the first attempt may lie.
pub(crate) const LONGEST_HISTORY: SignedDuration = SignedDuration::from_hours(5);

/// How dialogs end, each with its weight in a hundred.
const RESULTS: [(&str, u64); 8] = [
    ("success", 46),
    ("refused", 14),
    ("callback", 12),
    ("no_answer", 10),
    ("voicemail", 7),
    ("busy", 5),
    ("failed", 3),
    ("transferred", 3),
];
/// How attempts end that reach nobody.
const UNANSWERED: [&str; 4] = ["no_answer", "busy", "voicemail", "failed"];

/// A dialog without its texts.
#[derive(Debug, Clone)]
pub(crate) struct Dialog {
    pub(crate) index: u32,
    pub(crate) id: Uuid,
    pub(crate) bulk_id: Uuid,
    /// Place of the agent in [`PROFILES`].
    pub(crate) agent: usize,
    pub(crate) attempts: Vec<Attempt>,
}

/// One attempt to call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) index: u32,
    pub(crate) ordinal: u8,
    /// The id, and whether the vendor shows it: it did not in its first years.
    pub(crate) call_id: Uuid,
    pub(crate) shows_call_id: bool,
    pub(crate) at: Timestamp,
    /// From when on the vendor has statistics about it.
    pub(crate) ready_at: Timestamp,
    /// The conversation, or the last failure to have one.
    pub(crate) last: bool,
    /// How an attempt before the last one ended.
    early_result: &'static str,
}

impl Dialog {
    /// The dialog of this call, whoever asks and whenever.
    pub(crate) fn of(view: &View<'_>, head: &CallHead) -> Self {
        let seed = view.seed;
        let mut random = Random::new(&[seed, Vendor::Neuro.number(), u64::from(head.index), 11]);
        let extra = extra_of(view, head.index);
        let uploaded = extra.contains_key("initial_entities");
        let count = if uploaded {
            1
        } else {
            *random.pick(&[1_u8, 1, 1, 1, 2, 2, 3])
        };
        let started_at = archived_start(view, head.index).unwrap_or(head.started_at);
        let mut attempts = Vec::with_capacity(usize::from(count));
        let mut at = started_at;
        for ordinal in (1..=count).rev() {
            attempts.push(Attempt {
                index: head.index,
                ordinal,
                call_id: attempt_id(seed, head.index, ordinal),
                shows_call_id: at >= call_ids_since(),
                at,
                ready_at: at,
                last: ordinal == count,
                early_result: random.pick::<&str>(&UNANSWERED),
            });
            at = earlier(at, SignedDuration::from_secs(random.range(600, 7_200)));
        }
        attempts.reverse();
        let mut dialog = Self {
            index: head.index,
            id: uuid(seed, Kind::Dialog, u64::from(head.index)),
            bulk_id: extra
                .get("bulk_uuid")
                .and_then(Value::as_str)
                .and_then(|id| Uuid::try_parse(id).ok())
                .unwrap_or_else(|| uuid(seed, Kind::Bulk, u64::from(head.index / BULK_SIZE))),
            agent: agent_of(view, head.index),
            attempts,
        };
        dialog.delay_statistics(view, head);
        dialog
    }

    /// A dialog that came in while the sandbox ran has its statistics only after a while, and one
    /// that was stopped has none until it is returned.
    fn delay_statistics(&mut self, view: &View<'_>, head: &CallHead) {
        if head.index < view.world.config.calls_per_vendor {
            return;
        }
        let known_since = if head.version == 1 {
            head.changed_at
        } else {
            head.started_at
        };
        let delay = SignedDuration::try_from(view.world.config.analysis_delay).unwrap_or_default();
        let Some(last) = self.attempts.last_mut() else {
            return;
        };
        let queued_since = known_since.max(last.at);
        let (begun_at, delay) = match view.holds.get(&head.index) {
            Some(Hold::Stopped) => (Timestamp::MAX, SignedDuration::ZERO),
            Some(Hold::Returned(since)) => (queued_since.max(*since), delay),
            None => (queued_since, delay),
        };
        last.ready_at = begun_at.checked_add(delay).unwrap_or(begun_at);
    }

    /// The attempts that the vendor already has statistics about.
    pub(crate) fn ready(&self, now: Timestamp) -> impl Iterator<Item = &Attempt> {
        self.attempts
            .iter()
            .filter(move |attempt| attempt.ready_at <= now)
    }

    /// Whether the dialog waits for its last attempt.
    pub(crate) fn is_queued(&self, now: Timestamp) -> bool {
        self.attempts
            .last()
            .is_some_and(|attempt| attempt.ready_at > now)
    }

    /// The fixed text of the dialog's agent.
    pub(crate) fn profile(&self) -> &'static Profile {
        PROFILES.get(self.agent).unwrap_or(&PROFILES[0])
    }

    /// The id of the dialog's agent.
    pub(crate) fn agent_id(&self, seed: u64) -> Uuid {
        agent_id(seed, self.agent)
    }
}

impl Attempt {
    /// How the attempt ended; a control message may have said so for the whole dialog.
    pub(crate) fn result(&self, seed: u64, call: &Call) -> String {
        if !self.last {
            return self.early_result.to_owned();
        }
        match call.extra.get("result").and_then(Value::as_str) {
            Some(result) => result.to_owned(),
            None => generated_result(seed, call).to_owned(),
        }
    }

    /// What was said: everything, one greeting to a machine, or nothing.
    pub(crate) fn speech(&self, seed: u64, call: &Call) -> Speech {
        match self.result(seed, call).as_str() {
            "no_answer" | "busy" | "failed" => Speech::None,
            "voicemail" => Speech::GreetingOnly,
            _ => Speech::Whole,
        }
    }

    /// The id as the vendor shows it.
    pub(crate) fn shown_call_id(&self) -> Option<Uuid> {
        self.shows_call_id.then_some(self.call_id)
    }

    /// A number that tells this attempt from all others.
    pub(crate) fn key(&self) -> u64 {
        attempt_number(self.index, self.ordinal)
    }
}

/// How much was said in an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// The whole conversation.
    Whole,
    /// The agent's greeting to a machine.
    GreetingOnly,
    /// Nothing.
    None,
}

/// The call behind a dialog id.
pub(crate) fn dialog_index(seed: u64, id: &str) -> Option<u32> {
    u32::try_from(number(seed, Kind::Dialog, id)?).ok()
}

/// The call and the attempt behind a call id.
pub(crate) fn attempt_index(seed: u64, id: &str) -> Option<(u32, u8)> {
    let carried = number(seed, Kind::Attempt, id)?;
    let index = u32::try_from(carried / ATTEMPTS_PER_DIALOG).ok()?;
    let ordinal = u8::try_from(carried % ATTEMPTS_PER_DIALOG).ok()?;
    Some((index, ordinal))
}

/// The calls of an uploaded group, whether they exist or not.
pub(crate) fn bulk_indexes(seed: u64, id: &str) -> Option<std::ops::Range<u32>> {
    let bulk = u32::try_from(number(seed, Kind::Bulk, id)?).ok()?;
    let first = bulk.checked_mul(BULK_SIZE)?;
    Some(first..first.saturating_add(BULK_SIZE))
}

/// How the dialog ended. Where nobody was reached, each later version tells another reason, so that
/// a change of a dialog is a change somebody can see.
fn generated_result(seed: u64, call: &Call) -> &'static str {
    let mut left = mix(&[seed, Vendor::Neuro.number(), u64::from(call.index), 12]) % 100;
    let drawn = RESULTS.iter().find(|(_, weight)| {
        let here = left < *weight;
        left = left.saturating_sub(*weight);
        here
    });
    let result = drawn.map_or(RESULTS[0].0, |(name, _)| name);
    let Some(place) = UNANSWERED.iter().position(|name| *name == result) else {
        return result;
    };
    let changes = usize::try_from(call.version.saturating_sub(1)).unwrap_or(0);
    UNANSWERED
        .iter()
        .cycle()
        .nth(place + changes % UNANSWERED.len())
        .copied()
        .unwrap_or(result)
}

fn attempt_number(index: u32, ordinal: u8) -> u64 {
    u64::from(index) * ATTEMPTS_PER_DIALOG + u64::from(ordinal)
}

fn attempt_id(seed: u64, index: u32, ordinal: u8) -> Uuid {
    uuid(seed, Kind::Attempt, attempt_number(index, ordinal))
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(at)
}

/// From this instant on the vendor keeps call ids: "12.02.2021 20:00".
fn call_ids_since() -> Timestamp {
    civil::date(2021, 2, 12)
        .at(20, 0, 0, 0)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// The option `neuro_archived_dialogs` moves the oldest dialogs to the time before call ids.
pub(crate) fn archived_start(view: &View<'_>, index: u32) -> Option<Timestamp> {
    let archived = view
        .options
        .neuro_archived_dialogs
        .min(view.world.config.calls_per_vendor);
    let back = i64::from(archived.checked_sub(index)?);
    (back > 0).then(|| earlier(call_ids_since(), SignedDuration::from_hours(3 * back)))
}

/// Place of the agent that holds this dialog.
pub(crate) fn agent_of(view: &View<'_>, index: u32) -> usize {
    let asked = extra_of(view, index).get("agent").and_then(Value::as_u64);
    let number =
        asked.unwrap_or_else(|| mix(&[view.seed, Vendor::Neuro.number(), u64::from(index), 13]));
    usize::try_from(number % PROFILES.len() as u64).unwrap_or(0)
}

/// What an upload or a test hung on the dialog. Seeded dialogs have nothing that matters here.
fn extra_of(view: &View<'_>, index: u32) -> Map<String, Value> {
    if index < view.world.config.calls_per_vendor {
        return Map::new();
    }
    view.world.call_extra(Vendor::Neuro, index)
}
