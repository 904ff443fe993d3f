//! From the documents of one task to the canonical call.
//!
//! Pure: the same documents give the same call, whether they were just fetched or stored long ago.

use std::time::Duration;

use callweave_model::{
    Analysis, AnalyzedCall, Timestamp,
    call::{ArtifactError, ArtifactStatus, Media, Party},
    enums::{
        AnalysisKind, AnalyzedAtSource, ArtifactState, CallKind, CallStatus, Channel, Direction,
        DurationSource, FetchMode, MediaKind, PartyRole, StartedAtSource, TranscriptFormat,
    },
    merge::Share,
    transcript::Transcript,
};
use callweave_provider::{
    RawDocument, RecordRef,
    change::Upsert,
    decode::DecodeError,
    number::{minutes_to_ms, seconds_to_ms},
    speech::split_labelled,
    tolerant::mend,
    when,
};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::{
    analysis::{self, csat},
    members::{Members, Rest},
    scorecards,
};

/// An analysis that is not there this long after its task was done does not come any more.
const YOUNG: Duration = Duration::from_hours(24);

/// Members of every answer that speak of the answer itself.
const ENVELOPE: &[&str] = &[
    "success",
    "error_code",
    "errorcode",
    "message",
    "success_message",
];

/// A document that cannot be translated.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) pointer: String,
    pub(crate) reason: String,
}

/// The documents of one task, read.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    /// The listed form (TR-09).
    pub(crate) row: Map<String, Value>,
    /// The detail (TR-11).
    pub(crate) task: Map<String, Value>,
    /// The analysis (TR-12).
    pub(crate) analysis: Option<Map<String, Value>>,
    /// The checklist answers (TR-18).
    pub(crate) answers: Option<Map<String, Value>>,
}

impl Documents {
    pub(crate) fn read(raw: &[RawDocument]) -> Result<Self, Unreadable> {
        let mut documents = Self::default();
        for document in raw {
            let read = || object(document);
            match document.operation.as_str() {
                "TR-09" => documents.row = read()?,
                "TR-11" => documents.task = read()?,
                "TR-12" => documents.analysis = Some(read()?),
                "TR-18" => documents.answers = Some(read()?),
                _ => {}
            }
        }
        Ok(documents)
    }
}

fn object(document: &RawDocument) -> Result<Map<String, Value>, Unreadable> {
    serde_json::from_slice(&mend(&document.body)).map_err(|source| {
        let error = DecodeError {
            pointer: String::new(),
            source,
        };
        Unreadable {
            pointer: document.operation.clone(),
            reason: format!("{}: {}", document.operation, error.reason()),
        }
    })
}

/// How far a task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    Processing,
    /// The transcript is there, the analysis is not.
    Transcribed,
    Done,
    Failed,
}

impl Stage {
    /// Every unknown word means that the vendor is still at it.
    pub(crate) fn of(status: &str) -> Self {
        match status.trim().to_lowercase().as_str() {
            "pending" => Self::Waiting,
            "audio_completed" => Self::Transcribed,
            "error" | "failed" => Self::Failed,
            status if status.starts_with("completed") => Self::Done,
            _ => Self::Processing,
        }
    }
}

/// What a task is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Call,
    Chat,
    Email,
    Audio,
    Video,
    Other,
}

impl Kind {
    pub(crate) fn of(task_type: &str) -> Self {
        match task_type.trim().to_lowercase().as_str() {
            "call" => Self::Call,
            "chat" => Self::Chat,
            "email" => Self::Email,
            "audio" => Self::Audio,
            word if word.starts_with("youtube") || word == "video" => Self::Video,
            _ => Self::Other,
        }
    }

    /// Plain transcription jobs have no analysis; whether an unknown type has is worth asking.
    pub(crate) const fn has_analysis(self) -> bool {
        !matches!(self, Self::Audio | Self::Video)
    }

    /// Texts have no length in time, whatever the vendor writes there.
    const fn has_duration(self) -> bool {
        !matches!(self, Self::Chat | Self::Email)
    }

    const fn channel(self) -> Channel {
        match self {
            Self::Call => Channel::Voice,
            Self::Chat => Channel::Chat,
            Self::Email => Channel::Email,
            Self::Audio => Channel::AudioFile,
            Self::Video => Channel::Video,
            Self::Other => Channel::Other,
        }
    }

    const fn call_kind(self) -> CallKind {
        match self {
            Self::Call | Self::Chat | Self::Email => CallKind::HumanCall,
            Self::Audio | Self::Video => CallKind::Upload,
            Self::Other => CallKind::Other,
        }
    }
}

/// The three documents while they are taken apart.
struct Parts {
    row: Members,
    task: Members,
    analysis: Members,
}

impl Parts {
    /// A text that the detail and the list both may tell; taken from both.
    fn text(&mut self, name: &str) -> Option<String> {
        let listed = self.row.text(name);
        self.task.text(name).or(listed)
    }

    fn id(&mut self, name: &str) -> Option<String> {
        let listed = self.row.id(name);
        self.task.id(name).or(listed)
    }

    /// A text that all three may tell; the analysis speaks first.
    fn told(&mut self, name: &str) -> Option<String> {
        let other = self.text(name);
        self.analysis.text(name).or(other)
    }
}

/// The call that the documents of a task tell, and whether to look again.
pub(crate) fn translate(
    record: &RecordRef,
    documents: Documents,
    zone: &TimeZone,
    now: Option<Timestamp>,
) -> Upsert {
    let analysed = documents.analysis.is_some();
    let mut parts = Parts {
        row: Members::of(documents.row, "TR-09"),
        task: Members::of(documents.task, "TR-11"),
        analysis: Members::of(documents.analysis.unwrap_or_default(), "TR-12"),
    };
    let mut rest = Rest::default();
    let mut call = AnalyzedCall::new(&record.remote_id);
    let (stage, kind) = identity(&mut call, &mut parts);
    facts(&mut call, &mut parts, kind, zone);
    let error = parts.text("error_message");
    let code = ["error_code", "errorcode"]
        .into_iter()
        .find_map(|name| parts.task.text(name))
        .filter(|code| code != "0");

    let mut run = Analysis::new(&record.remote_id, AnalysisKind::LlmAnalysis);
    texts(&mut call, &mut run, &mut parts, &mut rest);
    run.analyzed_at = call.vendor_updated_at.filter(|_| analysed);
    if run.analyzed_at.is_some() {
        run.analyzed_at_source = AnalyzedAtSource::Estimated;
    }
    run.requested_at = instant(parts.text("created_at").as_deref(), zone);
    analysis::read(&mut run, &mut parts.analysis, &mut rest);
    csat(
        &mut run,
        &mut parts.analysis,
        &mut parts.row,
        &mut parts.task,
    );
    if let Some(answers) = documents.answers {
        let mut answers = Members::of(answers, "TR-18");
        run.scorecards
            .extend(scorecards::answers(&mut answers, &mut rest));
        answers.drop(ENVELOPE);
        answers.drop(&["error_message", "task_id"]);
        answers.finish(&mut rest);
    }
    for members in [&mut parts.row, &mut parts.task, &mut parts.analysis] {
        members.drop(ENVELOPE);
    }
    parts.analysis.drop(&["error_message"]);
    for members in [parts.row, parts.task, parts.analysis] {
        members.finish(&mut rest);
    }
    run.extra.append(&mut rest.extra);

    let failure = (stage == Stage::Failed).then(|| ArtifactError {
        code,
        message: error.unwrap_or_else(|| "the vendor names no reason".to_owned()),
    });
    let unfinished = artifacts(
        &mut call,
        &run,
        (stage, kind),
        analysed,
        failure.as_ref(),
        now,
    );
    if analysed || !run.extra.is_empty() || !run.scorecards.is_empty() {
        run.status = call
            .artifacts
            .get("analysis")
            .cloned()
            .unwrap_or(run.status);
        call.analyses.push(run);
    }
    let mut upsert = Upsert::new(record.clone(), call, Share::Whole);
    upsert.unmapped = rest.unmapped;
    upsert.unfinished = unfinished;
    upsert
}

/// Ids, type and status of the task.
fn identity(call: &mut AnalyzedCall, parts: &mut Parts) -> (Stage, Kind) {
    let status = parts.text("status").unwrap_or_default();
    let task_type = parts.text("type").unwrap_or_default();
    let (stage, kind) = (Stage::of(&status), Kind::of(&task_type));
    call.channel = kind.channel();
    call.kind = kind.call_kind();
    call.vendor_values
        .insert("artifacts".to_owned(), Value::String(status));
    call.vendor_values
        .insert("channel".to_owned(), Value::String(task_type));
    for code in [
        parts.id("task_code"),
        parts.analysis.id("task_code"),
        parts.id("code"),
    ] {
        if let Some(code) = code.filter(|code| *code != call.remote_id) {
            call.remote_refs.insert("task_code".to_owned(), code);
        }
    }
    // 0 stands for no folder.
    call.folder_remote_id = parts.id("directory_id").filter(|id| id != "0");
    let references = [
        ("id", parts.id("id")),
        ("directory_id", call.folder_remote_id.clone()),
        ("file_name", parts.text("file_name")),
        ("report_type", parts.text("report_type")),
    ];
    for (name, value) in references {
        if let Some(value) = value {
            call.remote_refs.insert(name.to_owned(), value);
        }
    }
    (stage, kind)
}

/// Who, when, how long, in which direction.
fn facts(call: &mut AnalyzedCall, parts: &mut Parts, kind: Kind, zone: &TimeZone) {
    // `global` is what the vendor writes where nobody was named.
    let operator = parts.told("operator_name").filter(|name| name != "global");
    if let Some(name) = operator {
        add_party(call, PartyRole::Agent, |party| party.name = Some(name));
    }
    if let Some(client) = parts.told("client_id") {
        add_party(call, PartyRole::Customer, |party| {
            party.external_id = Some(client);
        });
    }
    if let Some(raw) = parts.told("call_type") {
        call.direction = direction(&raw);
        call.vendor_values
            .insert("direction".to_owned(), Value::String(raw));
    }
    call.vendor_updated_at = instant(parts.text("updated_at").as_deref(), zone);
    started_at(call, parts, zone);
    duration(call, parts, kind);
}

fn add_party(call: &mut AnalyzedCall, role: PartyRole, fill: impl FnOnce(&mut Party)) {
    let index = i32::try_from(call.parties.len()).unwrap_or(i32::MAX);
    let mut party = Party::new(index, role);
    fill(&mut party);
    call.parties.push(party);
}

fn direction(raw: &str) -> Direction {
    match raw.to_lowercase().as_str() {
        "inbound" | "in" | "incoming" => Direction::Inbound,
        "outbound" | "out" | "outgoing" => Direction::Outbound,
        "internal" => Direction::Internal,
        "unknown" => Direction::Unknown,
        _ => Direction::Other,
    }
}

/// One fact under three names: an instant under two, a day under the third.
fn started_at(call: &mut AnalyzedCall, parts: &mut Parts, zone: &TimeZone) {
    let instants = [parts.told("call_datetime"), parts.told("call_time")];
    let day = parts.told("call_date");
    let exact = instants
        .iter()
        .flatten()
        .find_map(|text| when::read(text, zone).filter(|_| tells_the_time(text)));
    let read = exact.or_else(|| {
        let mut dates = instants.iter().flatten().chain(&day);
        dates.find_map(|text| when::read(text, zone))
    });
    let Some(read) = read else {
        return;
    };
    call.started_at = Some(read.instant);
    call.started_at_source = if exact.is_some() {
        StartedAtSource::Vendor
    } else {
        StartedAtSource::Estimated
    };
    if exact.is_none() || read.zone_assumed || read.ambiguous {
        call.estimated_fields.push("/started_at".to_owned());
    }
}

/// Not a day alone: longer than one, or a number of seconds.
fn tells_the_time(text: &str) -> bool {
    let text = text.trim();
    text.len() > 10 || text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Seconds in the analysis, minutes in the task; 0 for texts.
fn duration(call: &mut AnalyzedCall, parts: &mut Parts, kind: Kind) {
    let seconds = [
        parts.analysis.number("duration_sec"),
        parts.task.number("duration_sec"),
        parts.row.number("duration_sec"),
    ];
    let minutes = [
        parts.task.number("task_length"),
        parts.row.number("task_length"),
    ];
    let longer_than_nothing = |value: &f64| *value > 0.0;
    let by_seconds = seconds.into_iter().flatten().find(longer_than_nothing);
    let by_minutes = minutes.into_iter().flatten().find(longer_than_nothing);
    if !kind.has_duration() {
        return;
    }
    let told = by_seconds.and_then(seconds_to_ms);
    call.duration_ms = told.or_else(|| by_minutes.and_then(minutes_to_ms));
    if call.duration_ms.is_some() {
        call.duration_source = DurationSource::Vendor;
    }
    if let (Some(told), Some(minutes)) = (told, by_minutes.and_then(minutes_to_ms))
        && (told - minutes).abs() > (told / 10).max(5_000)
    {
        let mut both = Map::new();
        both.insert("duration_sec".to_owned(), Value::from(by_seconds));
        both.insert("task_length".to_owned(), Value::from(by_minutes));
        call.vendor_values
            .insert("duration_ms".to_owned(), Value::Object(both));
    }
}

/// What was said, and the texts that were made of it.
fn texts(call: &mut AnalyzedCall, run: &mut Analysis, parts: &mut Parts, rest: &mut Rest) {
    let (language, turns) = match parts.analysis.object("transcript") {
        Some(mut told) => {
            let read = (told.text("language"), told.integer("turns"));
            told.finish(rest);
            read
        }
        None => (None, None),
    };
    call.language.clone_from(&language);
    let Some(mut result) = parts.task.object("task_result") else {
        return;
    };
    let original = result.text("original_text");
    let normalized = result.text("normalized_text");
    for name in ["blog_post", "image_prompt"] {
        if let Some(value) = result.take(name) {
            run.extra.insert(name.to_owned(), value);
        }
    }
    result.finish(rest);
    if original.is_none() && normalized.is_none() {
        return;
    }
    let spoken = original
        .as_deref()
        .or(normalized.as_deref())
        .unwrap_or_default();
    let utterances = split_labelled(spoken, &mut call.parties);
    let mut transcript = Transcript::of_utterances(&call.remote_id, utterances);
    transcript.derived = !transcript.utterances.is_empty();
    if !transcript.derived {
        transcript.format = TranscriptFormat::PlainText;
    }
    transcript.language = language;
    transcript.turns = turns;
    transcript.text = original;
    transcript.normalized_text = normalized;
    call.transcript = Some(transcript);
    // What was transcribed has taken place; the vendor tells no status of the call itself.
    call.status = CallStatus::Completed;
    call.estimated_fields.push("/status".to_owned());
}

/// How far each artifact has come; true when more is to come.
fn artifacts(
    call: &mut AnalyzedCall,
    run: &Analysis,
    (stage, kind): (Stage, Kind),
    analysed: bool,
    failure: Option<&ArtifactError>,
    now: Option<Timestamp>,
) -> bool {
    let waiting = match stage {
        Stage::Waiting => ArtifactState::Pending,
        Stage::Processing | Stage::Transcribed => ArtifactState::Processing,
        Stage::Done => ArtifactState::NotRequested,
        Stage::Failed => ArtifactState::Failed,
    };
    let late = stage == Stage::Done && !analysed && kind.has_analysis();
    let expected = late
        && matches!((now, call.vendor_updated_at), (Some(now), Some(done)) if now.since(done) < YOUNG);
    let ready_or = |ready: bool, otherwise: ArtifactState| {
        if ready {
            ArtifactState::Ready
        } else {
            otherwise
        }
    };
    let analysis = if kind.has_analysis() {
        let otherwise = if expected {
            ArtifactState::Pending
        } else {
            waiting
        };
        ready_or(analysed, otherwise)
    } else {
        ArtifactState::NotRequested
    };
    let transcript = ready_or(call.transcript.is_some(), waiting);
    let of_analysis = |ready: bool| {
        if analysed && !ready {
            ArtifactState::NotRequested
        } else {
            ready_or(ready, analysis)
        }
    };
    let summary = of_analysis(!run.summaries.is_empty());
    let scorecard = of_analysis(!run.scorecards.is_empty());
    for (name, state) in [
        ("transcript", transcript),
        ("analysis", analysis),
        ("summary", summary),
        ("scorecard", scorecard),
    ] {
        let error = failure.filter(|_| state == ArtifactState::Failed).cloned();
        let status = ArtifactStatus {
            state,
            since: None,
            error,
        };
        call.artifacts.insert(name.to_owned(), status);
    }
    recording(call, stage, kind);
    matches!(
        stage,
        Stage::Waiting | Stage::Processing | Stage::Transcribed
    ) || expected
}

/// The original file of a call or a recording.
fn recording(call: &mut AnalyzedCall, stage: Stage, kind: Kind) {
    if !matches!(kind, Kind::Call | Kind::Audio) {
        return;
    }
    let mut media = Media::new("audio", MediaKind::OriginalUpload, FetchMode::VendorFile);
    media.file_name = call.remote_refs.get("file_name").cloned();
    media.duration_ms = call.duration_ms;
    media.remote_path = Some("/get_file?file_type=audio".to_owned());
    // A file that the vendor is still to download itself is there when the task is under way.
    media.availability = if stage == Stage::Waiting {
        ArtifactState::Pending
    } else {
        ArtifactState::Ready
    };
    call.set_artifact("recording", media.availability);
    call.media.push(media);
}

fn instant(text: Option<&str>, zone: &TimeZone) -> Option<Timestamp> {
    when::read(text?, zone).map(|read| read.instant)
}
