//! The vendor's answers as a canonical call.

use std::collections::BTreeMap;

use bytes::Bytes;
use callweave_model::{
    Analysis, AnalyzedCall,
    analysis::RubricRef,
    enums::{AnalysisKind, ArtifactState},
};
use callweave_provider::tolerant;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{documents::Documents, settings::Settings, wire};

mod events;
mod recordings;
mod scorecard;
mod summary;
pub(crate) mod tags;
pub(crate) mod transcript;

/// The most left-over members that are copied into `extra`; the raw documents hold them all.
const MOST_EXTRA: usize = 256;

/// A result cannot be translated.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) pointer: Option<String>,
    /// It belongs to another application.
    pub(crate) foreign: bool,
}

/// A translated result.
#[derive(Clone, Debug)]
pub(crate) struct Translation {
    pub(crate) call: AnalyzedCall,
    pub(crate) unmapped: Vec<String>,
    pub(crate) unfinished: bool,
}

/// Members that went nowhere, by operation and pointer.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeftOver {
    members: Vec<(String, Value)>,
    encoding_repaired: bool,
}

impl LeftOver {
    /// Reads a document, noting what does not fit; `None` when nothing of it can be read.
    fn read<T: DeserializeOwned>(&mut self, operation: &str, body: Option<&Bytes>) -> Option<T> {
        let body = body?;
        match tolerant::read::<T>(body) {
            Ok(read) => {
                self.take(operation, read.left_over, read.encoding_repaired);
                Some(read.value)
            }
            Err(error) => {
                let value = tolerant::parse(body).unwrap_or_default();
                let place = value.pointer(&error.pointer).cloned().unwrap_or_default();
                self.members
                    .push((format!("{operation}{}", error.pointer), place));
                None
            }
        }
    }

    fn join(&mut self, other: Self) {
        self.encoding_repaired |= other.encoding_repaired;
        self.members.extend(other.members);
    }

    fn take(&mut self, operation: &str, members: Vec<(String, Value)>, encoding_repaired: bool) {
        self.encoding_repaired |= encoding_repaired;
        self.members.extend(
            members
                .into_iter()
                .map(|(pointer, value)| (format!("{operation}{pointer}"), value)),
        );
    }
}

/// A result by id, read, and what is known to be missing in it.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) id: String,
    pub(crate) session: String,
    pub(crate) scenario_id: Option<String>,
    pub(crate) payload: wire::Payload,
    /// The listed row told something that the result by id does not.
    pub(crate) uses_listed: bool,
    /// The answer of CG-23, where it was read already.
    pub(crate) phrases: Option<transcript::Phrases>,
    app_id: Option<String>,
    scenario_name: Option<String>,
    left_over: LeftOver,
}

impl Reading {
    /// Reads the result by id, and the listed row for what the result lacks.
    pub(crate) fn of(
        settings: &Settings,
        id: &str,
        documents: &Documents,
    ) -> Result<Self, Refusal> {
        let read =
            tolerant::read_object::<wire::ScenarioResult>(&documents.result).map_err(|error| {
                Refusal {
                    reason: error.reason().to_owned(),
                    pointer: Some(error.pointer),
                    foreign: false,
                }
            })?;
        let mut left_over = LeftOver::default();
        left_over.take("CG-18", read.left_over, read.encoding_repaired);
        let mut result = read.value;
        if result.id.as_ref().is_some_and(|told| told != id) {
            return Err(refusal("the answer is another result", "/id"));
        }
        let mut payload = result.result.take().unwrap_or_default().flat();
        let listed = documents
            .listed
            .as_ref()
            .and_then(|row| tolerant::read_object::<wire::ScenarioResult>(row).ok());
        let mut uses_listed = false;
        if let Some(mut row) = listed.map(|read| read.value) {
            let of_list = row.result.take().unwrap_or_default().flat();
            uses_listed = payload.fill(of_list);
            macro_rules! fill {
                ($($member:ident),+) => {$(
                    if result.$member.is_none() && row.$member.is_some() {
                        result.$member = row.$member;
                        uses_listed = true;
                    }
                )+};
            }
            fill!(app_id, call_session_id, scenario_id, scenario_name);
        }
        let session = result
            .call_session_id
            .ok_or_else(|| refusal("a result without a call session", "/call_session_id"))?;
        if !settings.is_ours(result.app_id.as_deref()) {
            return Err(Refusal {
                foreign: true,
                ..refusal("a result of another application", "/app_id")
            });
        }
        Ok(Self {
            id: id.to_owned(),
            session,
            scenario_id: result.scenario_id,
            payload,
            uses_listed,
            phrases: None,
            app_id: result.app_id,
            scenario_name: result.scenario_name,
            left_over,
        })
    }

    /// No summary came along.
    pub(crate) fn lacks_summary(&self) -> bool {
        let summary = self.payload.dialog_summary.as_deref();
        summary.is_none_or(|text| text.trim().is_empty())
    }

    /// Fewer met points came along than the vendor counts.
    pub(crate) fn lacks_success_points(&self) -> bool {
        let Some(scenario) = &self.payload.scenario else {
            return true;
        };
        let listed = scenario.data.is_some() || scenario.events.is_some();
        let met = scorecard::met_entries(scenario).count();
        !listed || i64::try_from(met).unwrap_or(i64::MAX) < scenario.count.unwrap_or(0)
    }

    /// Tags came along without their names, or not at all.
    pub(crate) fn lacks_tag_names(&self) -> bool {
        match &self.payload.tag_events {
            None => true,
            Some(block) => block.entries.iter().any(|entry| entry.name.is_none()),
        }
    }

    /// No transcript came along, or one without words.
    pub(crate) fn lacks_words(&self) -> bool {
        match &self.payload.phrase_list {
            None => true,
            Some(phrases) => {
                let mut phrases = phrases.iter().flatten().peekable();
                phrases.peek().is_some() && phrases.all(|phrase| phrase.words_list.is_none())
            }
        }
    }

    /// The answer bears marks of the document's newer edition.
    pub(crate) fn is_newer_edition(&self) -> bool {
        let mut phrases = self.payload.phrase_list.iter().flatten().flatten();
        self.payload.call_segments.is_some() || phrases.any(|phrase| phrase.role.is_some())
    }
}

/// Translates a result and its parts.
pub(crate) fn translate(
    settings: &Settings,
    mut reading: Reading,
    documents: &Documents,
) -> Translation {
    let mut left_over = std::mem::take(&mut reading.left_over);
    let mut call = AnalyzedCall::new(&reading.session);
    if let Some(app_id) = &reading.app_id {
        call.remote_refs.insert("app_id".to_owned(), app_id.clone());
    }
    let mut analysis = Analysis::new(&reading.id, AnalysisKind::ScenarioScoring);
    analysis.rubric_ref = reading.scenario_id.as_ref().map(|scenario| RubricRef {
        remote_id: scenario.clone(),
        name: reading.scenario_name.clone(),
        revision: None,
    });
    transcript::translate(settings, &mut reading, documents, &mut left_over, &mut call);
    analysis.events = events::translate(&reading, documents, &mut left_over, &mut call.stats);
    if let Some(transcript) = &call.transcript {
        call.stats.derive(&transcript.utterances, &call.parties);
    }
    analysis.detections = tags::translate(&reading, documents, &mut left_over);
    let scorecard = scorecard::translate(&reading, documents, &mut left_over, &mut analysis.extra);
    analysis.scorecards.extend(scorecard);
    analysis
        .summaries
        .extend(summary::translate(&reading, documents, &mut left_over));
    let other_sources = recordings::translate(settings, &reading, &mut call);
    analysis
        .extra
        .extend(other_sources.map(|value| ("audio_sources".to_owned(), value)));
    keep_rest(&reading, &left_over, &mut analysis.extra);
    let unfinished = reading.payload.is_empty()
        && call.transcript.is_none()
        && analysis.scorecards.is_empty()
        && analysis.summaries.is_empty()
        && analysis.detections.is_empty();
    if unfinished {
        analysis.status.state = ArtifactState::Pending;
    }
    set_artifacts(&mut call, &analysis, unfinished);
    call.analyses.push(analysis);
    Translation {
        call,
        unmapped: left_over
            .members
            .into_iter()
            .map(|(pointer, _)| pointer)
            .collect(),
        unfinished,
    }
}

fn keep_rest(reading: &Reading, left_over: &LeftOver, extra: &mut BTreeMap<String, Value>) {
    if let Some(segments) = &reading.payload.call_segments {
        extra.insert("call_segments".to_owned(), segments.clone());
    }
    let inner_name = reading
        .payload
        .scenario
        .as_ref()
        .and_then(|s| s.scenario_name.as_ref());
    if let (Some(outer), Some(inner)) = (&reading.scenario_name, inner_name)
        && outer != inner
    {
        extra.insert("scenario_name".to_owned(), Value::from(inner.as_str()));
    }
    if left_over.encoding_repaired {
        extra.insert("encoding_repaired".to_owned(), Value::Bool(true));
    }
    let rest = left_over.members.iter().take(MOST_EXTRA);
    extra.extend(rest.cloned());
}

fn set_artifacts(call: &mut AnalyzedCall, analysis: &Analysis, unfinished: bool) {
    let missing = if unfinished {
        ArtifactState::Pending
    } else {
        ArtifactState::NotRequested
    };
    let state = |there: bool| if there { ArtifactState::Ready } else { missing };
    let recording = if call.media.is_empty() {
        ArtifactState::NotSupported
    } else {
        ArtifactState::Ready
    };
    call.set_artifact("recording", recording);
    call.set_artifact("transcript", state(call.transcript.is_some()));
    call.set_artifact("analysis", analysis.status.state);
    call.set_artifact("summary", state(!analysis.summaries.is_empty()));
    call.set_artifact("scorecard", state(!analysis.scorecards.is_empty()));
}

fn refusal(reason: &str, pointer: &str) -> Refusal {
    Refusal {
        reason: reason.to_owned(),
        pointer: Some(pointer.to_owned()),
        foreign: false,
    }
}

/// Start and end of an entry in milliseconds, and whether they had to be put right.
pub(crate) fn span_of(start: Option<f64>, end: Option<f64>) -> (Option<i64>, Option<i64>, bool) {
    use callweave_provider::number::{seconds_to_ms, span};
    let negative = |time: Option<f64>| time.is_some_and(|seconds| seconds < 0.0);
    let unreadable =
        |seconds: Option<f64>| seconds.is_some() && seconds.and_then(seconds_to_ms).is_none();
    let (from, to, mended) = span(start.and_then(seconds_to_ms), end.and_then(seconds_to_ms));
    let odd = negative(start) || negative(end) || unreadable(start) || unreadable(end);
    (from, to, mended || odd)
}
