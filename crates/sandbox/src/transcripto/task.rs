//! Tasks, derived from the neutral calls.
//!
//! Each call of the core is one task. Most are calls; a part is shown as a chat, an e-mail thread,
//! an upload or a period report, so that a reader meets every type and every status.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    analysis,
    catalog::DIRECTORIES,
    instants::{Form, day},
};
use crate::{
    call::{Call, Direction},
    identity::{Kind, number, uuid},
    random::{Random, mix},
    vendor::Vendor,
    world::{CallHead, World, options::Options},
};

/// The `id` of the first task; the integer ids have nothing to do with the codes.
const FIRST_ID: i64 = 100_001;

/// The world as one request sees it: the options and the instant stand still meanwhile.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) world: &'a World,
    pub(crate) options: Options,
    pub(crate) seed: u64,
    pub(crate) now: Timestamp,
}

/// `type` of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Call,
    Chat,
    Email,
    Audio,
    Youtube,
    Report,
    /// A control message said so; a reader must live with it.
    Other,
}

/// `status` of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Processing,
    AudioCompleted,
    Completed,
    Completed2,
    Error,
}

/// A task without its texts.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) index: u32,
    pub(crate) id: i64,
    pub(crate) code: Uuid,
    pub(crate) kind: Type,
    /// `type` as it is written; differs from `kind` only for unheard-of types.
    pub(crate) type_text: Cow<'static, str>,
    pub(crate) status: Status,
    /// `status` as it is written.
    pub(crate) status_text: Cow<'static, str>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Uploads that nobody dated have none.
    pub(crate) call_datetime: Option<Timestamp>,
    pub(crate) directory_id: Option<i64>,
    /// What an upload or a test said about the task.
    said: Map<String, Value>,
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

    /// The task with this code.
    pub(crate) fn by_code(&self, code: &str) -> Option<Task> {
        self.task(u32::try_from(number(self.seed, Kind::Task, code)?).ok()?)
    }

    /// The task with this integer id.
    pub(crate) fn by_id(&self, id: i64) -> Option<Task> {
        self.task(index_of_id(id)?)
    }

    /// The indexes of all tasks, the most recently updated first.
    pub(crate) fn newest_first(&self) -> Vec<u32> {
        let edited = self.world.edited_calls(Vendor::Transcripto);
        let mut moved: Vec<Task> = edited
            .iter()
            .filter_map(|index| self.task(*index))
            .collect();
        moved.sort_by_key(Task::recency);
        let mut moved = moved.into_iter().rev().peekable();
        // What was never edited stands in the order of its update already.
        let mut seeded = self
            .world
            .recent_calls(Vendor::Transcripto)
            .into_iter()
            .rev()
            .filter(|index| edited.binary_search(index).is_err());
        let mut order = Vec::new();
        while let Some(next) = moved.peek() {
            let Some(index) = seeded.next() else { break };
            let Some(task) = self.task(index) else {
                continue;
            };
            let mut next = Some(next);
            while next.is_some_and(|next| next.recency() > task.recency()) {
                order.extend(moved.next().map(|task| task.index));
                next = moved.peek();
            }
            order.push(index);
        }
        order.extend(moved.map(|task| task.index));
        order.extend(seeded);
        order
    }

    /// The neutral call behind a task.
    pub(crate) fn call(&self, task: &Task) -> Option<Call> {
        self.world.call(Vendor::Transcripto, task.index)
    }

    /// The task of this call, if it exists.
    pub(crate) fn task(&self, index: u32) -> Option<Task> {
        let head = self.world.call_head(Vendor::Transcripto, index)?;
        (!head.deleted).then(|| Task::of(self, &head))
    }
}

impl Type {
    const fn text(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Chat => "chat",
            Self::Email => "email",
            Self::Audio => "audio",
            Self::Youtube => "youtubenew",
            Self::Report => "callreport",
            Self::Other => "other",
        }
    }

    fn of_text(text: &str) -> Self {
        [
            Self::Call,
            Self::Chat,
            Self::Email,
            Self::Audio,
            Self::Youtube,
            Self::Report,
        ]
        .into_iter()
        .find(|kind| kind.text() == text)
        .unwrap_or(Self::Other)
    }

    /// Whether the vendor analyses such tasks.
    pub(crate) const fn is_analysed(self) -> bool {
        matches!(self, Self::Call | Self::Chat | Self::Email | Self::Other)
    }

    /// Whether there is sound behind the task.
    pub(crate) const fn has_audio(self) -> bool {
        matches!(self, Self::Call | Self::Audio | Self::Other)
    }
}

impl Status {
    const fn text(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::AudioCompleted => "audio_completed",
            Self::Completed => "completed",
            Self::Completed2 => "completed2",
            Self::Error => "error",
        }
    }

    fn of_text(text: &str) -> Self {
        [
            Self::Pending,
            Self::AudioCompleted,
            Self::Completed,
            Self::Completed2,
            Self::Error,
        ]
        .into_iter()
        .find(|status| status.text() == text)
        .unwrap_or(Self::Processing)
    }

    /// Whether the analysis is there.
    pub(crate) const fn is_done(self) -> bool {
        matches!(self, Self::Completed | Self::Completed2)
    }

    /// Whether the text is there.
    pub(crate) const fn has_text(self) -> bool {
        self.is_done() || matches!(self, Self::AudioCompleted)
    }
}

impl Task {
    /// The task of this call as it stands now.
    pub(crate) fn of(view: &View<'_>, head: &CallHead) -> Self {
        let seed = view.seed;
        let mut random = Random::new(&[
            seed,
            Vendor::Transcripto.number(),
            u64::from(head.index),
            21,
        ]);
        let seeded = head.index < view.world.config.calls_per_vendor && head.version == 1;
        let said = if seeded {
            Map::new()
        } else {
            view.world.call_extra(Vendor::Transcripto, head.index)
        };
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let said_or = |name: &str, drawn: &'static str| {
            text(name).map_or(Cow::Borrowed(drawn), |text| Cow::Owned(text.to_owned()))
        };
        let drawn_type = generated_type(random.below(100)).text();
        let type_text = said_or("type", drawn_type);
        let kind = Type::of_text(&type_text);
        let (mut status, mut updated_at) = progress(view, head, random.below(100));
        let status_text = said_or("status", status.text());
        if status_text != status.text() {
            (status, updated_at) = (Status::of_text(&status_text), head.changed_at);
        }
        let uploaded_at: Option<Timestamp> = text("uploaded_at").and_then(|at| at.parse().ok());
        let generated_at = head
            .started_at
            .checked_add(SignedDuration::from_micros(
                random.range(60_000_000, 840_000_000),
            ))
            .map_or(head.started_at, |created| created.min(head.changed_at));
        let created_at = uploaded_at.unwrap_or(generated_at);
        let dated = !matches!(kind, Type::Audio | Type::Youtube | Type::Report);
        Self {
            index: head.index,
            id: FIRST_ID + i64::from(head.index),
            code: uuid(seed, Kind::Task, u64::from(head.index)),
            kind,
            type_text,
            status,
            status_text,
            created_at,
            updated_at: updated_at.max(created_at),
            call_datetime: ((dated || random.chance(40)) && !said.contains_key("undated"))
                .then_some(head.started_at),
            directory_id: match (uploaded_at, random.below(10)) {
                (Some(_), _) => said.get("directory_id").and_then(Value::as_i64),
                (None, 0..4) => None,
                (None, 4) => Some(0),
                (None, _) => Some(random.pick(&DIRECTORIES).0),
            },
            said,
        }
    }

    /// What tasks are ordered by.
    fn recency(&self) -> (Timestamp, i64) {
        (self.updated_at, self.id)
    }

    /// A number that follows from the task and the purpose alone.
    pub(crate) fn chance(&self, seed: u64, purpose: u64) -> u64 {
        mix(&[
            seed,
            Vendor::Transcripto.number(),
            u64::from(self.index),
            purpose,
        ])
    }

    /// The name of the uploaded file, of the video, or of the report.
    pub(crate) fn file_name(&self, seed: u64) -> Option<String> {
        let id = self.id;
        if let Some(name) = self.said("file_name") {
            return Some(name.to_owned());
        }
        let at = self
            .call_datetime
            .unwrap_or(self.created_at)
            .to_zoned(jiff::tz::TimeZone::UTC);
        match self.kind {
            Type::Chat | Type::Email => None,
            Type::Youtube => Some(format!("https://video.example/watch?v=clip{id}")),
            // The names are there when the report is.
            Type::Report => self.status.is_done().then(|| format!("report_{id}.pdf")),
            _ if self.chance(seed, 31).is_multiple_of(20) => {
                Some(format!("Звонок «тест» {id}.wav"))
            }
            _ => Some(format!("rec_{}_{id}.wav", at.strftime("%Y-%m-%d_%H%M"))),
        }
    }

    /// The operator's name; the vendor writes `global` where none was given.
    pub(crate) fn operator_name(&self, seed: u64, call: &Call) -> Option<String> {
        if let Some(name) = self.said("operator_name") {
            return Some(name.to_owned());
        }
        match self.kind {
            Type::Audio | Type::Youtube | Type::Report => None,
            _ if self.chance(seed, 32).is_multiple_of(8) => Some("global".to_owned()),
            _ => Some(call.agent.clone()),
        }
    }

    /// The day of the call; an upload may name another one than its time does.
    pub(crate) fn call_date(&self) -> Option<String> {
        let said = self.said("call_date").map(str::to_owned);
        said.or_else(|| self.call_datetime.map(day))
    }

    /// `standard`, `business`, ...; of reports only.
    pub(crate) fn report_type(&self) -> Option<&str> {
        (self.kind == Type::Report).then(|| self.said("report_type").unwrap_or("standard"))
    }

    fn said(&self, name: &str) -> Option<&str> {
        self.said.get(name).and_then(Value::as_str)
    }

    /// `inbound` or `outbound`; written interactions have types of their own.
    pub(crate) fn call_type<'a>(&'a self, call: &Call) -> Option<&'a str> {
        if let Some(name) = self.said("call_type") {
            return Some(name);
        }
        match self.kind {
            Type::Call | Type::Other => Some(match call.direction {
                Direction::Inbound => "inbound",
                Direction::Outbound => "outbound",
            }),
            Type::Chat => Some("chat"),
            Type::Email => Some("email"),
            Type::Audio | Type::Youtube | Type::Report => None,
        }
    }

    /// The length of the sound: of an uploaded file as it was measured.
    pub(crate) fn duration_ms(&self, call: &Call) -> i64 {
        let measured = self.said.get("duration_ms").and_then(Value::as_i64);
        measured.unwrap_or(call.duration_ms)
    }

    /// The text that was handed in instead of a sound.
    pub(crate) fn written_text(&self) -> Option<&str> {
        self.said("original_text")
    }

    /// `task_length`: minutes with two decimals, 0 for what has no duration.
    pub(crate) fn minutes(&self, call: &Call) -> f64 {
        if matches!(self.kind, Type::Chat | Type::Email | Type::Report) {
            return 0.0;
        }
        let hundredths = (self.duration_ms(call) + 300) / 600;
        f64::from(i32::try_from(hundredths).unwrap_or(i32::MAX)) / 100.0
    }

    /// `duration_sec`: whole seconds, 0 for what has no duration.
    pub(crate) fn seconds(&self, call: &Call) -> i64 {
        if matches!(self.kind, Type::Chat | Type::Email) {
            0
        } else {
            (self.duration_ms(call) + 500) / 1_000
        }
    }

    /// Why the task failed, if it did.
    pub(crate) fn error_message(&self, seed: u64) -> Option<&'static str> {
        let reasons = [
            "File decoding error",
            "No speech was found in the file",
            "Не удалось распознать речь",
        ];
        let place = usize::try_from(self.chance(seed, 33) % 3).unwrap_or(0);
        (self.status == Status::Error).then(|| reasons.get(place).copied().unwrap_or("Error"))
    }

    /// An instant of this task in the form that this member of this task always has.
    pub(crate) fn write(&self, seed: u64, purpose: u64, instant: Timestamp) -> String {
        Form::of_task(self.chance(seed, purpose)).write(instant)
    }

    /// A row of the task list, exactly the documented members.
    pub(crate) fn row(&self, view: &View<'_>, call: &Call) -> Value {
        let seed = view.seed;
        let csat = analysis::Scores::of(view, self, call).and_then(|scores| scores.shown_csat);
        let mut row = json!({
            "id": self.id,
            "type": self.type_text,
            "status": self.status_text,
            "file_name": self.file_name(seed),
            "created_at": self.write(seed, 41, self.created_at),
            "updated_at": self.write(seed, 42, self.updated_at),
            "operator_name": self.operator_name(seed, call),
            "call_time": self.call_datetime.map(|at| self.write(seed, 43, at)),
            "call_type": self.call_type(call),
            "call_date": self.call_date(),
            "error_message": self.error_message(seed),
            "directory_id": self.directory_id,
            "task_length": self.minutes(call),
            "task_code": self.code,
            "report_type": self.report_type(),
            "customer_satisfaction_score": csat,
        });
        call.edit(&mut row);
        row
    }
}

/// The call behind an integer id, whether it exists or not.
pub(crate) fn index_of_id(id: i64) -> Option<u32> {
    u32::try_from(id.checked_sub(FIRST_ID)?).ok()
}

/// The call behind a code, whether it exists or not.
pub(crate) fn index_of_code(seed: u64, code: &str) -> Option<u32> {
    u32::try_from(number(seed, Kind::Task, code)?).ok()
}

fn generated_type(draw: u64) -> Type {
    match draw {
        0..80 => Type::Call,
        80..90 => Type::Chat,
        90..93 => Type::Email,
        93..96 => Type::Audio,
        96..98 => Type::Youtube,
        _ => Type::Report,
    }
}

/// Where the task stands and since when. Seeded tasks stand still; what came in while the sandbox
/// ran goes through all steps within the analysis delay.
fn progress(view: &View<'_>, head: &CallHead, draw: u64) -> (Status, Timestamp) {
    let done = match draw {
        0..88 => Status::Completed,
        88..95 => Status::Completed2,
        _ => Status::Error,
    };
    let seeded = head.index < view.world.config.calls_per_vendor;
    if seeded && head.version == 1 {
        let stuck = match draw {
            0 => Status::Pending,
            1 | 2 => Status::Processing,
            3 | 4 => Status::AudioCompleted,
            _ => done,
        };
        return (stuck, head.changed_at);
    }
    if seeded || head.version > 1 {
        return (done, head.changed_at);
    }
    let delay =
        SignedDuration::try_from(view.world.config.analysis_delay).unwrap_or(SignedDuration::ZERO);
    let steps = [
        (delay, done),
        (delay / 2, Status::AudioCompleted),
        (delay / 4, Status::Processing),
    ];
    steps
        .into_iter()
        .filter_map(|(after, status)| Some((status, head.changed_at.checked_add(after).ok()?)))
        .find(|(_, since)| *since <= view.now)
        .unwrap_or((Status::Pending, head.changed_at))
}
