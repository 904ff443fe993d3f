//! From the vendor's documents to the canonical call.
//!
//! Pure: the same documents give the same call, whether they were just fetched or stored long ago.

use std::collections::BTreeMap;

use callweave_model::{
    Analysis, AnalyzedCall, Timestamp,
    analysis::{Field, Outcome},
    call::{Attempt, DialogEvent, Media, Party},
    enums::{AnalysisKind, CallKind, CallStatus, FetchMode, MediaKind, PartyRole, StartedAtSource},
    merge::Share,
    transcript::Transcript,
};
use callweave_provider::{RawDocument, RecordRef, change::Upsert, when};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::{
    artifacts,
    dialogs::queue,
    log,
    phone::Phones,
    pull::ATTEMPT,
    settings::NeuroSettings,
    wire::{self, Listed, LogRow, Row, STARTED, Started, Unreadable, id},
    words,
};

/// Members of a row that are no output entities.
const RESERVED: &[&str] = &[
    "msisnd",
    "msisdn",
    "phone",
    "dialog_uuid",
    "call_uuid",
    "date",
    "agent_uuid",
    "bulk_uuid",
    "task_uuid",
    "selection_uuid",
];

/// Ids in a row that name the dialog's surroundings.
const REFERENCES: &[&str] = &["bulk_uuid", "task_uuid", "selection_uuid"];

/// The part of a text transcript's document name after the call's id.
pub(crate) const TEXT_PART: &str = "/text";

/// The documents of one record, read.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) listed: Option<Listed>,
    pub(crate) started: Option<Started>,
    /// The dialog's place in its agent's queue.
    pub(crate) queued: Option<Row>,
    pub(crate) statistic: Option<Vec<Row>>,
    pub(crate) logs: BTreeMap<String, Vec<LogRow>>,
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) unmapped: Vec<String>,
}

impl Documents {
    /// Reads the documents that belong to one record.
    pub(crate) fn read(raw: &[RawDocument]) -> Result<Self, Unreadable> {
        let mut documents = Self::default();
        let alone = raw.iter().any(|document| document.operation == "NN-28");
        for document in raw {
            match document.operation.as_str() {
                "NN-29" => {
                    documents.listed = serde_json::from_slice(&document.body).ok();
                }
                "NN-28" => {
                    let (rows, unmapped) = wire::statistic("NN-28", &document.body)?;
                    documents.statistic = Some(rows);
                    documents.unmapped.extend(unmapped);
                }
                // The dialog's share of a group's statistic; its own one is newer.
                "NN-30" if !alone => {
                    let (rows, unmapped) = wire::statistic("NN-30", &document.body)?;
                    documents.statistic = Some(rows);
                    documents.unmapped.extend(unmapped);
                }
                STARTED => documents.read_start(document),
                "NN-33" => {
                    documents.queued = serde_json::from_slice(&document.body).ok();
                }
                "NN-32" => documents.read_log(document)?,
                _ => {}
            }
        }
        Ok(documents)
    }

    fn read_start(&mut self, document: &RawDocument) {
        let Ok(told) = serde_json::from_slice::<Started>(&document.body) else {
            return;
        };
        let known = self.started.get_or_insert_default();
        known.sent_at = known.sent_at.or(told.sent_at);
        known.agent_uuid = known.agent_uuid.take().or(told.agent_uuid);
        known.bulk_uuid = known.bulk_uuid.take().or(told.bulk_uuid);
    }

    /// A row of the statistic names its call.
    pub(crate) fn names_calls(&self) -> bool {
        let mut rows = self.statistic.iter().flatten();
        rows.any(|row| id(Some(row), &["call_uuid"]).is_some())
    }

    fn read_log(&mut self, document: &RawDocument) -> Result<(), Unreadable> {
        if document.content_type.starts_with("text/") {
            let call = document.part.trim_end_matches(TEXT_PART).to_owned();
            let text = String::from_utf8_lossy(&document.body).into_owned();
            self.texts.insert(call, text);
        } else {
            let (rows, unmapped) = wire::log(&document.body)?;
            self.logs.insert(document.part.clone(), rows);
            self.unmapped.extend(unmapped);
        }
        Ok(())
    }

    /// The dialog that these documents speak of.
    pub(crate) fn dialog_uuid(&self) -> Option<String> {
        let rows = self.listed.iter().flat_map(|listed| &listed.result);
        let rows = rows.chain(self.statistic.iter().flatten());
        let mut named = rows.filter_map(|row| id(Some(row), &["dialog_uuid"]));
        named.next().or_else(|| {
            let mut entries = self.logs.values().flatten();
            entries.find_map(|entry| entry.dialog_uuid.clone())
        })
    }

    /// Something came of the dialog, however little.
    pub(crate) fn tell_something(&self) -> bool {
        let logged = !self.logs.is_empty() || !self.texts.is_empty();
        self.statistic.is_some() || self.listed.is_some() || logged
    }

    pub(crate) fn agent_uuid(&self) -> Option<String> {
        let listed = self.listed.as_ref().map(|listed| listed.agent_uuid.clone());
        let told = || {
            self.statistic
                .iter()
                .flatten()
                .find_map(|row| id(Some(row), &["agent_uuid"]))
        };
        let logged = || {
            self.logs
                .values()
                .flatten()
                .find_map(|entry| entry.agent_uuid.clone())
        };
        let started = || self.started.as_ref()?.agent_uuid.clone();
        listed
            .filter(|agent| !agent.is_empty())
            .or_else(told)
            .or_else(logged)
            .or_else(started)
    }
}

/// The call that the documents of a record tell, and whether it should be looked at again at
/// `now` (`None`: the documents are old).
pub(crate) fn translate(
    record: &RecordRef,
    documents: &Documents,
    settings: &NeuroSettings,
    now: Option<Timestamp>,
) -> Upsert {
    let zone = &settings.zone;
    let calls = call_uuids(record, documents);
    let remote_id = documents
        .dialog_uuid()
        .unwrap_or_else(|| record.remote_id.clone());
    let mut call = AnalyzedCall::new(remote_id);
    call.kind = CallKind::AiAgentCall;
    call.parties = parties(documents, &settings.phones);
    references(&mut call, documents);
    let rows = ordered(documents.statistic.as_deref().unwrap_or_default(), zone);
    times(&mut call, &rows, zone);
    for call_uuid in &calls {
        let attempt = attempt(call_uuid, documents, &rows, zone);
        call.attempts.push(attempt);
        call.media.push(Media::new(
            call_uuid,
            MediaKind::RecordingMono,
            FetchMode::InlineBase64,
        ));
        add_transcript(&mut call, call_uuid, documents);
    }
    if calls.is_empty() {
        call.attempts = rows.iter().map(|row| unnamed_attempt(row, zone)).collect();
    }
    if documents.tell_something() {
        call.analyses
            .push(analysis(&call.remote_id, documents, &rows));
    }
    settle(&mut call, documents, &rows);
    // A dialog that was held has calls; the report that names them may come later.
    let unnamed = calls.is_empty() && documents.listed.is_none();
    let unfinished = artifacts::settle(&mut call, unnamed, now);
    call.estimated_fields.sort_unstable();
    call.estimated_fields.dedup();
    let mut upsert = Upsert::new(record.clone(), call, Share::OneAttempt);
    upsert.unmapped.clone_from(&documents.unmapped);
    upsert.unfinished = unfinished;
    upsert
}

/// The attempts that the record tells: its own, or all that are known of the dialog.
pub(crate) fn call_uuids(record: &RecordRef, documents: &Documents) -> Vec<String> {
    if record.kind == ATTEMPT {
        return vec![record.remote_id.clone()];
    }
    let listed = documents.listed.iter().flat_map(|listed| &listed.result);
    let rows = documents.statistic.iter().flatten().chain(listed);
    let mut calls: Vec<String> = rows
        .filter_map(|row| id(Some(row), &["call_uuid"]))
        .collect();
    calls.sort_unstable();
    calls.dedup();
    calls
}

/// The rows of a dialog by their dates, the latest last; rows without a date keep their place
/// before it.
fn ordered(rows: &[Row], zone: &TimeZone) -> Vec<Row> {
    let mut rows = rows.to_vec();
    rows.sort_by_cached_key(|row| date(row, zone).map(|read| read.instant));
    rows
}

fn date(row: &Row, zone: &TimeZone) -> Option<when::Read> {
    read_date(row.get("date")?, zone)
}

/// The dates of rows, in their order.
pub(crate) fn dates(rows: &[Row], zone: &TimeZone) -> Vec<Timestamp> {
    let read = rows.iter().filter_map(|row| date(row, zone));
    read.map(|read| read.instant).collect()
}

pub(crate) fn read_date(value: &Value, zone: &TimeZone) -> Option<when::Read> {
    match value {
        Value::String(text) => when::read(text, zone),
        Value::Number(number) => when::read_unix(number.as_f64()?),
        _ => None,
    }
}

/// The bot and the person it called, in this order in every record of a dialog.
fn parties(documents: &Documents, phones: &Phones) -> Vec<Party> {
    let mut bot = Party::new(0, PartyRole::Bot);
    bot.remote_id = documents.agent_uuid();
    bot.name = documents
        .listed
        .as_ref()
        .and_then(|listed| listed.agent_name.clone());
    let mut customer = Party::new(1, PartyRole::Customer);
    let listed = documents.listed.iter().flat_map(|listed| &listed.result);
    let queued = documents.queued.iter();
    let mut rows = documents
        .statistic
        .iter()
        .flatten()
        .chain(listed)
        .chain(queued);
    // The statistic spells the number's key in two ways, even within one answer.
    let phone = rows.find_map(|row| id(Some(row), &["msisdn", "msisnd", "phone"]));
    customer.phone = phone.as_deref().and_then(|raw| phones.international(raw));
    customer.phone_raw = phone;
    vec![bot, customer]
}

fn references(call: &mut AnalyzedCall, documents: &Documents) {
    if let Some(agent) = documents.agent_uuid() {
        call.remote_refs.insert("agent_uuid".to_owned(), agent);
    }
    let listed = documents.listed.iter().flat_map(|listed| &listed.result);
    for row in documents.statistic.iter().flatten().chain(listed) {
        for name in REFERENCES {
            if let Some(value) = id(Some(row), &[name]) {
                call.remote_refs.entry((*name).to_owned()).or_insert(value);
            }
        }
    }
    let started = documents.started.as_ref();
    if let Some(batch) = started.and_then(|started| started.bulk_uuid.clone()) {
        call.remote_refs
            .entry("bulk_uuid".to_owned())
            .or_insert(batch);
    }
    call.batch_remote_id = call.remote_refs.get("bulk_uuid").cloned();
    call.campaign_remote_id = call.remote_refs.get("selection_uuid").cloned();
}

/// A dialog is as old as its latest attempt: what became of it became of it then. The earlier
/// attempts tell their own times.
fn times(call: &mut AnalyzedCall, rows: &[Row], zone: &TimeZone) {
    let Some(latest) = rows.iter().rev().find_map(|row| date(row, zone)) else {
        return;
    };
    call.started_at = Some(latest.instant);
    call.started_at_source = StartedAtSource::Vendor;
    if latest.zone_assumed || latest.ambiguous {
        call.estimated_fields.push("/started_at".to_owned());
    }
    call.vendor_updated_at = Some(latest.instant);
}

fn attempt(call_uuid: &str, documents: &Documents, rows: &[Row], zone: &TimeZone) -> Attempt {
    let log = documents.logs.get(call_uuid).map_or(&[][..], Vec::as_slice);
    let logged = log
        .iter()
        .find_map(|entry| read_date(entry.date.as_ref()?, zone))
        .map(|read| read.instant);
    let named = |row: &&Row| id(Some(row), &["call_uuid"]).as_deref() == Some(call_uuid);
    let listed = documents.listed.as_ref().and_then(|listed| {
        let rows = &listed.result;
        rows.iter().find(named).or_else(|| rows.first())
    });
    let row = row_of(call_uuid, listed, rows, logged, zone);
    let dated = row.and_then(|row| date(row, zone)).map(|read| read.instant);
    let result_raw = row.and_then(result).or_else(|| listed.and_then(result));
    Attempt {
        started_at: dated.or(logged),
        status: status_of(result_raw.as_deref()),
        result_raw,
        dialog_events: events(log, zone),
        ..Attempt::new(Some(call_uuid.to_owned()))
    }
}

/// The statistic's row of an attempt. Documented rows do not name their call: the only one is
/// meant, or the one with the outputs that the report lists, or the one nearest to the log.
fn row_of<'a>(
    call_uuid: &str,
    listed: Option<&Row>,
    rows: &'a [Row],
    logged: Option<Timestamp>,
    zone: &TimeZone,
) -> Option<&'a Row> {
    let named = |row: &&Row| id(Some(row), &["call_uuid"]).as_deref() == Some(call_uuid);
    if let Some(row) = rows.iter().find(named) {
        return Some(row);
    }
    if let [only] = rows {
        // One that names another call tells nothing of this one.
        return id(Some(only), &["call_uuid"]).is_none().then_some(only);
    }
    let outputs = listed?;
    let agrees = |row: &&Row| {
        outputs
            .iter()
            .filter(|(key, _)| !RESERVED.contains(&key.as_str()))
            .all(|(key, value)| row.get(key) == Some(value))
    };
    // A row that names another call tells nothing of this one.
    let unnamed = rows
        .iter()
        .filter(|row| id(Some(row), &["call_uuid"]).is_none());
    let candidates: Vec<&Row> = unnamed.filter(agrees).collect();
    match (candidates.as_slice(), logged) {
        ([only], _) => Some(only),
        (_, Some(logged)) => candidates.into_iter().min_by_key(|row| {
            date(row, zone).map_or(i64::MAX, |read| {
                (read.instant.as_millis() - logged.as_millis()).abs()
            })
        }),
        (_, None) => None,
    }
}

fn unnamed_attempt(row: &Row, zone: &TimeZone) -> Attempt {
    let result_raw = result(row);
    Attempt {
        started_at: date(row, zone).map(|read| read.instant),
        status: status_of(result_raw.as_deref()),
        result_raw,
        ..Attempt::new(None)
    }
}

fn events(log: &[LogRow], zone: &TimeZone) -> Vec<DialogEvent> {
    log.iter()
        .enumerate()
        .map(|(seq, entry)| DialogEvent {
            seq: i32::try_from(seq).unwrap_or(i32::MAX),
            at: entry
                .date
                .as_ref()
                .and_then(|value| read_date(value, zone))
                .map(|read| read.instant),
            action: entry.action.clone(),
            data: entry.data.clone(),
        })
        .collect()
}

/// Of several attempts the one in which most was said gives the transcript.
fn add_transcript(call: &mut AnalyzedCall, call_uuid: &str, documents: &Documents) {
    let log = documents.logs.get(call_uuid).map(Vec::as_slice);
    let logged = log.and_then(|rows| log::transcript(call_uuid, rows, &mut call.parties));
    let told = logged.or_else(|| {
        let text = documents.texts.get(call_uuid)?;
        Some(log::transcript_of_text(call_uuid, text, &mut call.parties))
    });
    let length = |transcript: &Option<Transcript>| {
        transcript
            .as_ref()
            .map(|transcript| transcript.utterances.len())
    };
    if length(&told) > length(&call.transcript) {
        call.transcript = told;
    }
}

/// The outputs of the dialog: those of its latest attempt, and what only the report lists.
fn analysis(remote_id: &str, documents: &Documents, rows: &[Row]) -> Analysis {
    let mut analysis = Analysis::new(remote_id, AnalysisKind::DialogOutcome);
    let listed = documents.listed.iter().flat_map(|listed| &listed.result);
    for row in rows.last().into_iter().chain(listed) {
        for (key, value) in row {
            if !RESERVED.contains(&key.as_str()) && !analysis.fields.contains_key(key) {
                analysis
                    .fields
                    .insert(key.clone(), Field::new(value.clone()));
            }
        }
    }
    if let Some((_, earlier)) = rows.split_last()
        && !earlier.is_empty()
    {
        let earlier = earlier.iter().cloned().map(Value::Object).collect();
        analysis
            .extra
            .insert("earlier_attempts".to_owned(), Value::Array(earlier));
    }
    analysis
}

/// The word that tells what became of an attempt, where a row has one.
fn result(row: &Row) -> Option<String> {
    words::RESULT_KEYS.iter().find_map(|name| {
        let member = row.iter().find(|(key, _)| key.to_lowercase() == *name);
        let text = member?.1.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    })
}

fn status_of(raw: Option<&str>) -> CallStatus {
    raw.map_or(CallStatus::Unknown, |raw| {
        words::status(raw).unwrap_or(CallStatus::Other)
    })
}

/// What became of the dialog as a whole.
fn settle(call: &mut AnalyzedCall, documents: &Documents, rows: &[Row]) {
    let listed = documents
        .listed
        .as_ref()
        .and_then(|listed| listed.result.last());
    let raw = rows.last().or(listed).and_then(result);
    call.status = status_of(raw.as_deref());
    if let Some(row) = documents.queued.as_ref().filter(|_| rows.is_empty()) {
        let (status, raw) = queue::state_of(row);
        call.status = status;
        let raw = raw.map(Value::String);
        call.vendor_values
            .extend(raw.map(|raw| ("status".to_owned(), raw)));
    }
    let spoke = call
        .transcript
        .as_ref()
        .is_some_and(|transcript| log::customer_spoke(transcript, &call.parties));
    if spoke && matches!(call.status, CallStatus::Unknown | CallStatus::Other) {
        call.status = CallStatus::Completed;
        call.estimated_fields.push("/status".to_owned());
    }
    if let Some(raw) = raw {
        call.vendor_values
            .insert("status".to_owned(), Value::String(raw.clone()));
        if let Some(analysis) = call.analyses.first_mut() {
            analysis.outcome = Some(Outcome {
                value: words::outcome(&raw),
                raw: Some(raw),
                text: None,
            });
        }
    }
    if call.started_at.is_none() {
        call.started_at = call
            .attempts
            .iter()
            .filter_map(|attempt| attempt.started_at)
            .max();
        if call.started_at.is_some() {
            call.started_at_source = StartedAtSource::Vendor;
            call.estimated_fields.push("/started_at".to_owned());
        }
    }
}
