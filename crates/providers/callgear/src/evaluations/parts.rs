//! Parts of one result (CG-21, CG-23, CG-25, CG-27, CG-29), and of all results without their ids
//! (CG-22, CG-26, CG-28, CG-30; transcripts: CG-37).

use async_trait::async_trait;
use callweave_model::owned::EvaluationPart;
use callweave_provider::{
    CallContext, ErrorKind, Result,
    evaluations::Part,
    listing::{ListQuery, Listing},
};
use serde_json::Value;

use super::{
    DEEPEST, RESULTS,
    entry::{entry, passage},
    session_filter,
};
use crate::{
    CallGear,
    client::{Got, bad_response},
    error::invalid,
    live::{
        List,
        nested::Entries,
        paged,
        windows::{Bare, flatten},
    },
    members::id_in,
    settings::TranscriptSource,
};

/// Transcripts by call session, in the newer edition.
pub(super) const TRANSCRIPTIONS: List<'static> = List {
    operation: "CG-37",
    path: "/transcription",
    key: "call_session_id",
    filter: "",
};

/// The operation that gives a part of one result.
pub(super) const fn operation(part: Part) -> &'static str {
    match part {
        Part::Summary => "CG-21",
        Part::Transcript => "CG-23",
        Part::SuccessPoints => "CG-25",
        Part::Tags => "CG-27",
        Part::AgentMetrics => "CG-29",
    }
}

const fn segment(part: Part) -> &'static str {
    match part {
        Part::Summary => "summary",
        Part::Transcript => "phrase_and_words",
        Part::SuccessPoints => "success_points",
        Part::Tags => "tags",
        Part::AgentMetrics => "employees_metrics",
    }
}

/// The list of a part over all results; transcripts have none in the older edition.
const fn list_of_all(part: Part) -> Option<Bare> {
    let (operation, path, one_each) = match part {
        Part::Summary => ("CG-22", "/scenario_result/summary", true),
        Part::SuccessPoints => ("CG-26", "/scenario_result/success_points", false),
        Part::Tags => ("CG-28", "/scenario_result/tags", false),
        Part::AgentMetrics => ("CG-30", "/scenario_result/employees_metrics", false),
        Part::Transcript => return None,
    };
    Some(Bare {
        operation,
        path,
        one_each,
    })
}

impl CallGear {
    /// A part of a result whose id was checked.
    pub(super) async fn part_of(
        &self,
        context: &CallContext<'_>,
        id: &str,
        part: Part,
    ) -> Result<Vec<EvaluationPart>> {
        let mut entries = if part == Part::Transcript {
            self.passages_of(context, id).await?
        } else {
            let path = format!("/scenario_result/{id}/{}", segment(part));
            let answer = self.client.one(context, operation(part), &path).await?;
            read(answer)
        };
        for entry in &mut entries {
            entry.evaluation_remote_id = Some(id.to_owned());
        }
        Ok(entries)
    }

    /// What was said, by the operation of the edition that the account is on; where neither has
    /// it, what the result itself says.
    async fn passages_of(
        &self,
        context: &CallContext<'_>,
        id: &str,
    ) -> Result<Vec<EvaluationPart>> {
        let newer_first = self.settings.transcript_source == TranscriptSource::Transcription;
        if !newer_first {
            let older = self.older_passages(context, id).await?;
            if let Some(passages) = older.filter(|passages| !passages.is_empty()) {
                return Ok(passages);
            }
        }
        let result = self
            .client
            .one(context, "CG-18", &format!("/scenario_result/{id}"))
            .await?;
        if let Some(session) = id_in(&result, "call_session_id") {
            let passages = self.newer_passages(context, &session).await?;
            if !passages.is_empty() {
                return Ok(passages);
            }
        }
        if newer_first && let Some(passages) = self.older_passages(context, id).await? {
            return Ok(passages);
        }
        Ok(phrases_in(&result)
            .into_iter()
            .enumerate()
            .map(|(place, phrase)| passage(place, phrase))
            .collect())
    }

    /// CG-23; `None` where the account has no such operation.
    async fn older_passages(
        &self,
        context: &CallContext<'_>,
        id: &str,
    ) -> Result<Option<Vec<EvaluationPart>>> {
        const OPERATION: &str = "CG-23";
        let path = format!("/scenario_result/{id}/phrase_and_words");
        match self.client.get(context, OPERATION, &path).await? {
            Got::Json(body) => passages_in(OPERATION, &body).map(Some),
            Got::Nothing(status) if status == http::StatusCode::NO_CONTENT => {
                Err(bad_response(OPERATION, "no transcript came").with_status(status))
            }
            Got::Nothing(_) => Ok(None),
        }
    }

    /// CG-37 for one session.
    async fn newer_passages(
        &self,
        context: &CallContext<'_>,
        session: &str,
    ) -> Result<Vec<EvaluationPart>> {
        let filter = session_filter(TRANSCRIPTIONS.operation, Some(session))?;
        self.transcription_of(context, session, &filter).await
    }

    /// The parts of all results.
    pub(super) async fn parts_of_all(
        &self,
        context: &CallContext<'_>,
        part: Part,
        query: &ListQuery,
    ) -> Result<Listing<EvaluationPart>> {
        let Some(bare) = list_of_all(part) else {
            return self.all_passages(context, query).await;
        };
        if self.settings.app_id.is_some() {
            let detail = "is needed: this list does not tell whose application its entries are of";
            return Err(invalid(bare.operation, "/call_remote_id", detail));
        }
        self.windows(context, (&RESULTS, bare), query, |row, _| {
            entry(row.clone())
        })
        .await
    }

    /// Transcripts of all calls, which only the newer edition lists.
    async fn all_passages(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<EvaluationPart>> {
        let list = &TRANSCRIPTIONS;
        if query.position.is_none() && !self.has_transcriptions(context).await? {
            let detail = "is needed: this account lists transcripts by call only";
            return Err(invalid("CG-24", "/call_remote_id", detail));
        }
        self.nested(context, list, query, &Transcripts(self)).await
    }

    /// Whether the account is on the edition with CG-37: there 404 only means that a filter names
    /// nothing, so it is asked without any.
    pub(crate) async fn has_transcriptions(&self, context: &CallContext<'_>) -> Result<bool> {
        let list = &TRANSCRIPTIONS;
        let start = self.settings.start_base.unwrap_or(0);
        let path = paged(list.path, (start, start + 1), "");
        match self.client.list(context, list.operation, &path).await {
            Ok(rows) => Ok(rows.is_some()),
            Err(error) if error.kind == ErrorKind::Unsupported => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The passages of a row of CG-37.
pub(super) struct Transcripts<'a>(pub(super) &'a CallGear);

#[async_trait]
impl Entries for Transcripts<'_> {
    type Entry = EvaluationPart;

    async fn of(&self, _context: &CallContext<'_>, row: Value) -> Result<Vec<EvaluationPart>> {
        if !self.0.settings.is_ours(id_in(&row, "app_id").as_deref()) {
            return Ok(Vec::new());
        }
        let session = id_in(&row, "call_session_id");
        let phrases = phrases_in(&row).into_iter().enumerate();
        let mut passages: Vec<EvaluationPart> = phrases
            .map(|(place, phrase)| passage(place, phrase))
            .collect();
        if let Some(segments) = row.pointer("/result/call_segments") {
            // The vendor tells them of the talk as a whole; they go with its first passage.
            if passages.is_empty() {
                passages.push(EvaluationPart::default());
            }
            if let Some(first) = passages.first_mut() {
                let name = "call_segments".to_owned();
                first.extra.insert(name, segments.clone());
            }
        }
        for passage in &mut passages {
            passage.call_remote_id.clone_from(&session);
        }
        Ok(passages)
    }
}

/// The entries of an answer; a summary without a word is none.
pub(super) fn read(answer: Value) -> Vec<EvaluationPart> {
    let mut values = Vec::new();
    flatten(answer, &mut values);
    values
        .into_iter()
        .map(entry)
        .filter(|entry| {
            let text = entry.text.as_deref().unwrap_or_default();
            !text.trim().is_empty()
                || entry.name.is_some()
                || entry.start_ms.is_some()
                || !entry.extra.is_empty()
        })
        .collect()
}

/// The passages of an answer: a list of phrases, or an object around one.
pub(super) fn passages_in(operation: &'static str, body: &[u8]) -> Result<Vec<EvaluationPart>> {
    let answer = callweave_provider::tolerant::parse(body)
        .map_err(|error| bad_response(operation, error.reason()))?;
    let phrases = match answer {
        Value::Array(_) => {
            let mut phrases = Vec::new();
            flatten(answer, &mut phrases);
            phrases
        }
        other => phrases_in(&other),
    };
    Ok(phrases
        .into_iter()
        .enumerate()
        .map(|(place, phrase)| passage(place, phrase))
        .collect())
}

/// The phrases in an object, as deep as results are nested.
fn phrases_in(value: &Value) -> Vec<Value> {
    let mut inner = Some(value);
    for _ in 0..=DEEPEST + 1 {
        let Some(members) = inner else { break };
        if let Some(phrases) = members.get("phrase_list").and_then(Value::as_array) {
            return phrases
                .iter()
                .filter(|phrase| !phrase.is_null())
                .cloned()
                .collect();
        }
        inner = members.get("result");
    }
    Vec::new()
}
