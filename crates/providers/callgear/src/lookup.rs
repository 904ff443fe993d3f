//! Fetching one scenario result with all that belongs to it, or all results of one call session.

use async_trait::async_trait;
use bytes::Bytes;
use callweave_model::{
    AnalyzedCall,
    merge::{Share, absorb},
};
use callweave_provider::{
    CallContext, Change, ErrorKind, Lookup, RawDocument, RecordRef, Result, address, change::Upsert,
};
use serde_json::Value;

use crate::{
    CallGear,
    client::{Got, bad_response},
    documents::Documents,
    list::{RESULT, is_id, rows},
    map::{self, Reading, Refusal, Translation},
    settings::TranscriptSource,
};

/// The kind of record that stands for a call known only by its session id.
const SESSION: &str = "call_session";
/// The most results of one session that are looked for.
const MOST_RESULTS: u64 = 100;
/// The most tag definitions that one lookup asks for.
const MOST_DEFINITIONS: usize = 20;

/// What became of one result.
enum Found {
    Gone(http::StatusCode),
    Refused(Vec<RawDocument>, Refusal),
    Translated(Box<Translation>, Box<Documents>),
}

#[async_trait]
impl Lookup for CallGear {
    fn call_record_kind(&self) -> &'static str {
        SESSION
    }

    async fn fetch(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        hint: Option<&Value>,
    ) -> Result<Change> {
        if !is_id(&record.remote_id) {
            return Ok(Change::Gone {
                record: record.clone(),
                evidence: "the id is none of this vendor's".to_owned(),
            });
        }
        if record.kind == SESSION {
            return self.fetch_session(context, record).await;
        }
        let found = self.fetch_result(context, &record.remote_id, hint).await?;
        Ok(match found {
            Found::Gone(status) => gone(record, status),
            Found::Refused(raw, refusal) => refused(record, raw, refusal),
            Found::Translated(translation, documents) => {
                let raw = documents.to_raw("");
                Change::Upsert(Box::new(upsert(record, *translation, raw)))
            }
        })
    }

    fn remap(&self, record: &RecordRef, raw: &[RawDocument]) -> Option<Change> {
        if record.kind == SESSION {
            let mut session = Session::default();
            for part in Documents::parts(raw) {
                let documents = Documents::from_raw(raw, part)?;
                match self.translate(part, &documents) {
                    Ok(translation) => session.take(translation),
                    Err(refusal) => return Some(refused(record, raw.to_vec(), refusal)),
                }
            }
            session.raw = raw.to_vec();
            return session.into_change(record);
        }
        let documents = Documents::from_raw(raw, "")?;
        Some(match self.translate(&record.remote_id, &documents) {
            Ok(translation) => Change::Upsert(Box::new(upsert(record, translation, raw.to_vec()))),
            Err(refusal) => refused(record, raw.to_vec(), refusal),
        })
    }

    fn validate_call_id(&self, remote_id: &str) -> std::result::Result<(), String> {
        if is_id(remote_id) {
            Ok(())
        } else {
            Err("must be a call session id: a positive integer".to_owned())
        }
    }
}

impl CallGear {
    fn translate(
        &self,
        id: &str,
        documents: &Documents,
    ) -> std::result::Result<Translation, Refusal> {
        let reading = Reading::of(&self.settings, id, documents)?;
        Ok(map::translate(&self.settings, reading, documents))
    }

    /// All results of a session as one record. Only its own results are taken, also where the
    /// vendor ignores the filter.
    async fn fetch_session(&self, context: &CallContext<'_>, record: &RecordRef) -> Result<Change> {
        let filter = format!(
            "&call_session_id__eq={}",
            address::encode(&record.remote_id)
        );
        let bases = match self.settings.start_base {
            Some(base) => vec![base],
            None => vec![0, 1],
        };
        let mut listed = Vec::new();
        for base in bases {
            let bounds = (base, base + MOST_RESULTS);
            let found = match rows(&self.client, context, bounds, &filter).await {
                Err(error) if error.kind == ErrorKind::InvalidRequest && base == 0 => None,
                found => found?,
            };
            listed = found.map(|(rows, _)| rows).unwrap_or_default();
            if !listed.is_empty() {
                break;
            }
        }
        let mut session = Session::default();
        for row in listed {
            let of_another = row.session.is_some_and(|other| other != record.remote_id);
            if of_another || row.key.number.is_none() {
                continue;
            }
            match self
                .fetch_result(context, &row.key.id, row.hint.as_ref())
                .await?
            {
                Found::Gone(_) => {}
                Found::Refused(raw, refusal) => {
                    if !refusal.foreign {
                        session.raw.extend(raw);
                    }
                    session.refusal = Some(refusal);
                }
                Found::Translated(translation, documents) => {
                    session.raw.extend(documents.to_raw(&row.key.id));
                    session.take(*translation);
                }
            }
        }
        Ok(session
            .into_change(record)
            .unwrap_or_else(|| Change::NotReady {
                record: record.clone(),
                call: Some(Box::new(AnalyzedCall::new(&record.remote_id))),
                raw: Vec::new(),
            }))
    }

    async fn fetch_result(
        &self,
        context: &CallContext<'_>,
        id: &str,
        hint: Option<&Value>,
    ) -> Result<Found> {
        const OPERATION: &str = "CG-18";
        let body = match self
            .client
            .get(context, OPERATION, &result_path(id, ""))
            .await?
        {
            Got::Json(body) => body,
            Got::Nothing(status) if matches!(status.as_u16(), 404 | 410) => {
                return Ok(Found::Gone(status));
            }
            Got::Nothing(status) => {
                return Err(bad_response(OPERATION, "no result came").with_status(status));
            }
        };
        let mut documents = Documents {
            result: body,
            listed: hint.map(|row| Bytes::from(row.to_string())),
            ..Documents::default()
        };
        let mut reading = match Reading::of(&self.settings, id, &documents) {
            Ok(reading) => reading,
            Err(refusal) => return Ok(Found::Refused(documents.to_raw(""), refusal)),
        };
        if !reading.uses_listed {
            documents.listed = None;
        }
        self.fetch_parts(context, id, &reading, &mut documents)
            .await?;
        self.fetch_transcript(context, id, &mut reading, &mut documents)
            .await?;
        let translation = map::translate(&self.settings, reading, &documents);
        Ok(Found::Translated(
            Box::new(translation),
            Box::new(documents),
        ))
    }

    /// Asks for the parts that the result by id lacks.
    async fn fetch_parts(
        &self,
        context: &CallContext<'_>,
        id: &str,
        reading: &Reading,
        documents: &mut Documents,
    ) -> Result<()> {
        let of_result = |part: &str| result_path(id, part);
        if reading.lacks_summary() {
            documents.summary = self.part(context, "CG-21", &of_result("/summary")).await?;
        }
        if reading.lacks_success_points() {
            let path = of_result("/success_points");
            documents.success_points = self.part(context, "CG-25", &path).await?;
        }
        if reading.payload.profanity.is_none() {
            let path = of_result("/employees_metrics");
            documents.metrics = self.part(context, "CG-29", &path).await?;
        }
        if reading.lacks_tag_names() {
            documents.tags = self.part(context, "CG-27", &of_result("/tags")).await?;
        }
        let unnamed = map::tags::unnamed(reading, documents.tags.as_ref());
        for tag in unnamed
            .into_iter()
            .filter(|tag| is_id(tag))
            .take(MOST_DEFINITIONS)
        {
            let path = format!("/tags/{tag}");
            let definition = self.shared_part(context, "CG-14", path).await?;
            if let Some(definition) = definition {
                documents.definitions.insert(tag, definition);
            }
        }
        let scored = reading.payload.scenario.is_some() || documents.success_points.is_some();
        if let (Some(scenario), true) = (&reading.scenario_id, scored)
            && is_id(scenario)
        {
            let path = format!("/scenarios/{scenario}/points");
            documents.points = self.shared_part(context, "CG-06", path).await?;
        }
        Ok(())
    }

    /// Asks for the transcript where the result by id has none, or one without words. The two
    /// editions have an operation each; which one an account has shows by asking.
    async fn fetch_transcript(
        &self,
        context: &CallContext<'_>,
        id: &str,
        reading: &mut Reading,
        documents: &mut Documents,
    ) -> Result<()> {
        if !reading.lacks_words() {
            return Ok(());
        }
        let newer_first = match self.settings.transcript_source {
            TranscriptSource::Auto => reading.is_newer_edition(),
            TranscriptSource::PhraseAndWords => false,
            TranscriptSource::Transcription => true,
        };
        for newer in [newer_first, !newer_first] {
            let found = if newer {
                let start = self.settings.start_base.unwrap_or(0);
                let path = format!(
                    "/transcription?_sort=id&_order=asc&_start={start}&_end={}&call_session_id__eq={}",
                    start + MOST_RESULTS,
                    address::encode(&reading.session)
                );
                documents.transcription = self.part(context, "CG-37", &path).await?;
                map::transcript::has_phrases_of_session(reading, documents.transcription.as_ref())
            } else {
                let path = result_path(id, "/phrase_and_words");
                documents.phrases = self.part(context, "CG-23", &path).await?;
                let phrases = map::transcript::Phrases::read(documents.phrases.as_ref());
                reading.phrases.insert(phrases).are_there()
            };
            if found {
                break;
            }
        }
        Ok(())
    }

    /// A part that many results have in common: asked for once in a while.
    async fn shared_part(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: String,
    ) -> Result<Option<Bytes>> {
        if let Some(known) = self.catalogue.known(&path, context.now) {
            return Ok(known);
        }
        let answer = self.part(context, operation, &path).await?;
        self.catalogue.keep(path, context.now, answer.clone());
        Ok(answer)
    }

    /// A part of a result. That an account does not have it, or may not read it, is no failure;
    /// anything that another try may mend is one, so that no result is stored without its parts.
    async fn part(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
    ) -> Result<Option<Bytes>> {
        match self.client.get(context, operation, path).await {
            Ok(Got::Json(body)) => Ok(Some(body).filter(|body| body.trim_ascii() != b"null")),
            Ok(Got::Nothing(_)) => Ok(None),
            Err(error)
                if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::InvalidRequest) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The results of a session, folded into one call.
#[derive(Default)]
struct Session {
    call: Option<AnalyzedCall>,
    raw: Vec<RawDocument>,
    unmapped: Vec<String>,
    unfinished: bool,
    refusal: Option<Refusal>,
}

impl Session {
    fn take(&mut self, translation: Translation) {
        let known = self.call.take();
        self.call = Some(absorb(known, translation.call, Share::OneAnalysis));
        self.unmapped.extend(translation.unmapped);
        self.unfinished |= translation.unfinished;
    }

    fn into_change(self, record: &RecordRef) -> Option<Change> {
        match (self.call, self.refusal) {
            (Some(call), _) => {
                let mut upsert = Upsert::new(record.clone(), call, Share::OneAnalysis);
                upsert.raw = self.raw;
                upsert.unmapped = self.unmapped;
                upsert.unfinished = self.unfinished;
                Some(Change::Upsert(Box::new(upsert)))
            }
            (None, Some(refusal)) => Some(refused(record, self.raw, refusal)),
            (None, None) => None,
        }
    }
}

fn result_path(id: &str, part: &str) -> String {
    format!("/{RESULT}/{id}{part}")
}

fn gone(record: &RecordRef, status: http::StatusCode) -> Change {
    Change::Gone {
        record: record.clone(),
        evidence: format!("CG-18 answered {}", status.as_u16()),
    }
}

fn upsert(record: &RecordRef, translation: Translation, raw: Vec<RawDocument>) -> Upsert {
    let mut upsert = Upsert::new(record.clone(), translation.call, Share::OneAnalysis);
    upsert.raw = raw;
    upsert.unmapped = translation.unmapped;
    upsert.unfinished = translation.unfinished;
    upsert
}

fn refused(record: &RecordRef, raw: Vec<RawDocument>, refusal: Refusal) -> Change {
    if refusal.foreign {
        return Change::Foreign {
            record: record.clone(),
            reason: refusal.reason,
            pointer: refusal.pointer,
        };
    }
    Change::Quarantined {
        record: record.clone(),
        raw,
        reason: refusal.reason,
        pointer: refusal.pointer,
    }
}
