//! One dialog or one of its attempts by id: statistic (NN-28) and log (NN-32).

use async_trait::async_trait;
use callweave_provider::{
    CallContext, Change, ErrorKind, Lookup, ProviderError, RawDocument, RecordRef, Result, address,
    envelope, http_client::Answer,
};
use serde_json::Value;

use crate::{
    Neuro, VENDOR,
    client::Call,
    error::{bad_response, is_page},
    log,
    map::{Documents, TEXT_PART, call_uuids, translate},
    pull::{ATTEMPT, DIALOG, ROW},
    wire::{self, STARTED, Started, Unreadable},
};

/// The most attempts whose logs are fetched for one dialog.
const MOST_LOGS: usize = 32;

#[async_trait]
impl Lookup for Neuro {
    fn call_record_kind(&self) -> &'static str {
        DIALOG
    }

    async fn fetch(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        hint: Option<&Value>,
    ) -> Result<Change> {
        if record.kind == ROW {
            return Ok(without_name(record, Vec::new()));
        }
        if self.validate_call_id(&record.remote_id).is_err() {
            return Err(
                ProviderError::new(VENDOR, "NN-28", ErrorKind::InvalidRequest)
                    .with_source("no such record"),
            );
        }
        let mut raw: Vec<RawDocument> = hint.map(hinted).into_iter().collect();
        if record.kind == ATTEMPT {
            raw.extend(self.log(context, &record.remote_id).await?);
        }
        let documents = match Documents::read(&raw) {
            Ok(documents) => documents,
            Err(unreadable) => return Ok(quarantined(record, raw, &unreadable)),
        };
        let dialog = if record.kind == DIALOG {
            Some(record.remote_id.clone())
        } else {
            documents.dialog_uuid()
        };
        let statistic = match &dialog {
            Some(dialog) => self.statistic(context, dialog).await?,
            None => None,
        };
        let told = statistic.is_some();
        raw.extend(statistic);
        if record.kind == DIALOG {
            if !told {
                return self.untold(context, record, raw).await;
            }
            raw.extend(self.calls_of(context, record, &raw).await?);
            raw.extend(self.logs(context, record, &raw).await?);
        }
        Ok(self.change(context, record, raw, dialog.is_none() || told))
    }

    fn remap(&self, record: &RecordRef, raw: &[RawDocument]) -> Option<Change> {
        if record.kind == ROW {
            return Some(without_name(record, raw.to_vec()));
        }
        let told = raw
            .iter()
            .any(|document| matches!(document.operation.as_str(), "NN-28" | "NN-30"));
        let listed = raw.iter().any(|document| document.operation == "NN-29");
        if !told && !listed {
            return None;
        }
        let documents = match Documents::read(raw) {
            Ok(documents) => documents,
            Err(unreadable) => return Some(quarantined(record, raw.to_vec(), &unreadable)),
        };
        let mut upsert = translate(record, &documents, &self.settings, None);
        upsert.raw = raw.to_vec();
        Some(Change::Upsert(Box::new(upsert)))
    }

    fn validate_call_id(&self, remote_id: &str) -> std::result::Result<(), String> {
        if is_id(remote_id) {
            Ok(())
        } else {
            Err("must be the uuid of a dialog".to_owned())
        }
    }
}

/// A text that can be an id of this vendor: it cannot leave its place, and it is not empty.
pub(crate) fn is_id(text: &str) -> bool {
    let fits = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    !text.is_empty() && text.len() <= 128 && text.chars().all(fits)
}

/// A record's hint as the document it was read from: a row of the report, or the start itself.
fn hinted(hint: &Value) -> RawDocument {
    let started = serde_json::from_value::<Started>(hint.clone()).is_ok();
    RawDocument::json(if started { STARTED } else { "NN-29" }, hint.to_string())
}

impl Neuro {
    /// The change that a dialog's own rows tell, without a look at its calls.
    pub(crate) fn told(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        raw: Vec<RawDocument>,
    ) -> Change {
        self.change(context, record, raw, true)
    }

    /// A dialog that the vendor has no statistic of.
    pub(crate) fn waits(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        raw: Vec<RawDocument>,
    ) -> Change {
        self.change(context, record, raw, false)
    }

    /// The change that the documents tell; `told`: the dialog's statistic is among them, or there
    /// is no dialog to have one.
    fn change(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        raw: Vec<RawDocument>,
        told: bool,
    ) -> Change {
        let documents = match Documents::read(&raw) {
            Ok(documents) => documents,
            Err(unreadable) => return quarantined(record, raw, &unreadable),
        };
        let known =
            documents.tell_something() || documents.started.is_some() || documents.queued.is_some();
        let mut upsert = translate(record, &documents, &self.settings, Some(context.now));
        if !told {
            return Change::NotReady {
                record: record.clone(),
                call: known.then(|| Box::new(upsert.call)),
                raw,
            };
        }
        upsert.raw = raw;
        Change::Upsert(Box::new(upsert))
    }

    /// The statistic of a dialog; `None` while there is none. An unknown dialog answers the same.
    pub(crate) async fn statistic(
        &self,
        context: &CallContext<'_>,
        dialog: &str,
    ) -> Result<Option<RawDocument>> {
        let query = [("dialog_uuid", dialog)];
        let call = Call::read("NN-28", "/statistic/dialog", &query);
        let answer = match self.client.get(context, call).await {
            Ok(answer) => answer,
            Err(error) if error.kind == ErrorKind::NotReady => return Ok(None),
            Err(error) => return Err(error),
        };
        json_body("NN-28", &answer)?;
        let empty = wire::statistic("NN-28", &answer.body).is_ok_and(|(rows, _)| rows.is_empty());
        Ok((!empty).then(|| RawDocument::json("NN-28", answer.body)))
    }

    /// The logs of all attempts that a dialog's statistic names.
    async fn logs(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        raw: &[RawDocument],
    ) -> Result<Vec<RawDocument>> {
        let Ok(documents) = Documents::read(raw) else {
            return Ok(Vec::new());
        };
        let mut logs = Vec::new();
        for call in call_uuids(record, &documents).iter().take(MOST_LOGS) {
            logs.extend(self.log(context, call).await?);
        }
        Ok(logs)
    }

    /// The log of an attempt: as JSON, and as text too where nobody speaks in the JSON form.
    async fn log(&self, context: &CallContext<'_>, call: &str) -> Result<Vec<RawDocument>> {
        let Some(answer) = self.transcription(context, call, "json").await? else {
            return Ok(Vec::new());
        };
        if !envelope::is_json(&answer.body) {
            return text_document(call, &answer).map(|text| vec![text]);
        }
        let document = RawDocument::json("NN-32", answer.body.clone()).with_part(call);
        let rows = match wire::log(&answer.body) {
            Ok((rows, _)) if rows.is_empty() => return Ok(Vec::new()),
            Ok((rows, _)) => rows,
            Err(_unreadable) => return Ok(vec![document]),
        };
        if log::transcript(call, &rows, &mut Vec::new()).is_some() {
            return Ok(vec![document]);
        }
        let text = match self.transcription(context, call, "text").await {
            Ok(Some(answer)) if !envelope::is_json(&answer.body) => {
                text_document(call, &answer).ok()
            }
            Err(error) if is_of_the_moment(&error) => return Err(error),
            Ok(_) | Err(_) => None,
        };
        Ok(std::iter::once(document).chain(text).collect())
    }

    /// One form of an attempt's log (NN-32); `None` where there is none (yet).
    async fn transcription(
        &self,
        context: &CallContext<'_>,
        call: &str,
        form: &str,
    ) -> Result<Option<Answer>> {
        let path = format!("/statistic/{}/transcription", address::encode(call));
        let query = [("type", form)];
        match self
            .client
            .get(context, Call::read("NN-32", &path, &query))
            .await
        {
            Ok(answer) if answer.body.is_empty() => Ok(None),
            Ok(answer) => Ok(Some(answer)),
            Err(error) if matches!(error.kind, ErrorKind::NotReady | ErrorKind::NotFound) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The connection or the moment is at fault, not this one form of the log.
fn is_of_the_moment(error: &ProviderError) -> bool {
    !matches!(
        error.kind,
        ErrorKind::InvalidRequest | ErrorKind::Forbidden | ErrorKind::BadResponse
    )
}

/// A log that came as text. What begins like JSON or a web page is neither.
fn text_document(call: &str, answer: &Answer) -> Result<RawDocument> {
    let first = answer.body.iter().find(|byte| !byte.is_ascii_whitespace());
    if is_page(&answer.body) || matches!(first, Some(b'{' | b'[') | None) {
        return Err(bad_response("NN-32", "the answer is neither JSON nor text"));
    }
    Ok(RawDocument {
        operation: "NN-32".to_owned(),
        part: format!("{call}{TEXT_PART}"),
        content_type: "text/plain".to_owned(),
        body: answer.body.clone(),
    })
}

/// A body that has to be JSON: what is cut off or a web page is no document of the record.
fn json_body(operation: &'static str, answer: &Answer) -> Result<()> {
    if answer.body.is_empty() || !envelope::is_json(&answer.body) {
        return Err(bad_response(operation, "the answer is not JSON"));
    }
    Ok(())
}

/// A row that names neither a call nor a dialog stays where it is, however often it is looked at.
fn without_name(record: &RecordRef, raw: Vec<RawDocument>) -> Change {
    Change::Quarantined {
        record: record.clone(),
        raw,
        reason: "the row names nothing that could be asked for".to_owned(),
        pointer: Some("/call_uuid".to_owned()),
    }
}

fn quarantined(record: &RecordRef, raw: Vec<RawDocument>, unreadable: &Unreadable) -> Change {
    Change::Quarantined {
        record: record.clone(),
        raw,
        reason: format!("{}: {}", unreadable.operation, unreadable.reason),
        pointer: Some(format!("{}{}", unreadable.operation, unreadable.pointer)),
    }
}
