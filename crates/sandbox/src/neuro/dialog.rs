//! Dialogs and the attempts to call inside them, derived from the neutral calls.
//!
//! Each call of the core is one dialog. Its last attempt is the conversation itself (or the last
//! failure to have one); earlier attempts were not answered.

use jiff::{SignedDuration, Timestamp, civil};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    agents::{Fill, PROFILES, Profile, agent_id},
    dates::DateForm,
};
use crate::{
    call::Call,
    identity::{Kind, number, uuid},
    random::{Random, mix},
    vendor::Vendor,
    world::{CallHead, World, options::Options},
};

/// How many dialogs are uploaded together.
const BULK_SIZE: u32 = 25;
/// Attempts of one dialog share a number range of this width.
const ATTEMPTS_PER_DIALOG: u64 = 8;
/// How far before the conversation the first attempt may lie.
const LONGEST_HISTORY: SignedDuration = SignedDuration::from_hours(5);

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

/// The world as one request sees it: the options and the instant stand still meanwhile.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) world: &'a World,
    pub(crate) options: Options,
    pub(crate) seed: u64,
    pub(crate) now: Timestamp,
}

impl<'a> View<'a> {
    /// The world as it is now.
    pub(crate) fn of(world: &'a World) -> Self {
        Self {
            world,
            options: world.options(),
            seed: world.config.seed,
            now: world.now(),
        }
    }

    /// The dialog of this call, if the call still exists.
    pub(crate) fn dialog(&self, index: u32) -> Option<Dialog> {
        let head = self.world.call_head(Vendor::Neuro, index)?;
        (!head.deleted).then(|| Dialog::of(self, &head))
    }

    /// The dialogs of one agent that have an attempt in this stretch of time, or might.
    pub(crate) fn dialogs_between(
        &self,
        agent: usize,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = Dialog> {
        let until = until.checked_add(LONGEST_HISTORY).unwrap_or(until);
        self.heads()
            .filter(move |head| {
                let started_at = archived_start(self, head.index).unwrap_or(head.started_at);
                agent_of(self.seed, head.index) == agent && (from..=until).contains(&started_at)
            })
            .map(|head| Dialog::of(self, &head))
    }

    /// All dialogs of one agent, oldest first.
    pub(crate) fn dialogs_of(&self, agent: usize) -> impl Iterator<Item = Dialog> {
        self.heads()
            .filter(move |head| agent_of(self.seed, head.index) == agent)
            .map(|head| Dialog::of(self, &head))
    }

    fn heads(&self) -> impl Iterator<Item = CallHead> {
        let indexes = self.world.live_calls(Vendor::Neuro);
        indexes
            .into_iter()
            .filter_map(|index| self.world.call_head(Vendor::Neuro, index))
    }
}

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
        let count = *random.pick(&[1_u8, 1, 1, 1, 2, 2, 3]);
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
            bulk_id: uuid(seed, Kind::Bulk, u64::from(head.index / BULK_SIZE)),
            agent: agent_of(seed, head.index),
            attempts,
        };
        dialog.delay_statistics(view.world, head);
        dialog
    }

    /// A dialog that came in while the sandbox ran has its statistics only after a while.
    fn delay_statistics(&mut self, world: &World, head: &CallHead) {
        if head.index < world.config.calls_per_vendor {
            return;
        }
        let known_since = if head.version == 1 {
            head.changed_at
        } else {
            head.started_at
        };
        let delay =
            SignedDuration::try_from(world.config.analysis_delay).unwrap_or(SignedDuration::ZERO);
        if let Some(last) = self.attempts.last_mut() {
            last.ready_at = known_since
                .max(last.at)
                .checked_add(delay)
                .unwrap_or(known_since);
        }
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

/// One row of statistics: phone, dialog, date and whatever the agent fills in.
pub(crate) fn statistic_row(
    view: &View<'_>,
    dialog: &Dialog,
    attempt: &Attempt,
    call: &Call,
) -> Value {
    let seed = view.seed;
    let form = date_form(view, attempt);
    // The document spells the member wrong in one place and right in another.
    let phone = if mix(&[seed, attempt.key(), 5]).is_multiple_of(2) {
        "msisnd"
    } else {
        "msisdn"
    };
    let mut row = Map::new();
    row.insert(phone.to_owned(), json!(call.client_phone));
    row.insert("dialog_uuid".to_owned(), json!(dialog.id));
    row.insert("date".to_owned(), json!(form.write(attempt.at)));
    fill_outputs(seed, &mut row, dialog, attempt, call);
    Value::Object(row)
}

/// One row of the report: the outputs and two ids, neither phone nor date.
pub(crate) fn report_row(
    view: &View<'_>,
    dialog: &Dialog,
    attempt: &Attempt,
    call: &Call,
) -> Value {
    let mut row = Map::new();
    fill_outputs(view.seed, &mut row, dialog, attempt, call);
    row.insert("call_uuid".to_owned(), json!(attempt.shown_call_id()));
    row.insert("dialog_uuid".to_owned(), json!(dialog.id));
    Value::Object(row)
}

/// The form in which dates of this attempt are written.
pub(crate) fn date_form(view: &View<'_>, attempt: &Attempt) -> DateForm {
    let number = mix(&[view.seed, attempt.key(), 6]);
    view.options
        .neuro_date_form
        .unwrap_or_else(|| DateForm::by_number(number))
}

fn fill_outputs(
    seed: u64,
    row: &mut Map<String, Value>,
    dialog: &Dialog,
    attempt: &Attempt,
    call: &Call,
) {
    let result = attempt.result(seed, call);
    let spoke = attempt.speech(seed, call) == Speech::Whole;
    for (name, _, fill) in dialog.profile().outputs {
        let value = match fill {
            Fill::Result => Some(result.clone()),
            Fill::Script => Some("main_script".to_owned()),
            Fill::CallbackTime => (result == "callback").then(|| callback_time(attempt)),
            _ if !spoke => None,
            Fill::Topic => Some(call.summary.topic.clone()),
            Fill::Outcome => Some(call.summary.result.clone()),
            Fill::Mark => Some(call.satisfaction.to_string()),
            Fill::Score => Some(call.score.to_string()),
            Fill::Settled => Some(if call.resolved { "yes" } else { "no" }.to_owned()),
            Fill::ClientName => Some(call.client.clone()),
            Fill::Tags => Some(tag_names(call)),
        };
        row.insert((*name).to_owned(), value.map_or(Value::Null, Value::String));
    }
}

/// Place of the agent that holds this dialog.
fn agent_of(seed: u64, index: u32) -> usize {
    let number = mix(&[seed, Vendor::Neuro.number(), u64::from(index), 13]);
    usize::try_from(number % PROFILES.len() as u64).unwrap_or(0)
}

fn tag_names(call: &Call) -> String {
    let names: Vec<&str> = call.tags.iter().map(|hit| hit.name.as_str()).collect();
    names.join(", ")
}

fn callback_time(attempt: &Attempt) -> String {
    let later = attempt
        .at
        .checked_add(SignedDuration::from_hours(26))
        .unwrap_or(attempt.at);
    DateForm::Space.write(later)
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
fn archived_start(view: &View<'_>, index: u32) -> Option<Timestamp> {
    let archived = view
        .options
        .neuro_archived_dialogs
        .min(view.world.config.calls_per_vendor);
    let back = i64::from(archived.checked_sub(index)?);
    (back > 0).then(|| earlier(call_ids_since(), SignedDuration::from_hours(3 * back)))
}
