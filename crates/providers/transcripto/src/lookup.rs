//! One task by its code: detail (TR-11), analysis (TR-12), checklist answers (TR-18).

use async_trait::async_trait;
use callweave_provider::{
    CallContext, Change, ErrorKind, Lookup, ProviderError, RawDocument, RecordRef, Result, address,
    number::as_i64,
};
use serde_json::Value;

use crate::{
    Transcripto, VENDOR,
    client::{Call, Fetched},
    error::{Misshapen, Outer, is_unknown_path, member},
    input::is_task_code,
    map::{self, Documents, Kind, Stage, Unreadable},
    pull::{TASK, is_report},
};

#[async_trait]
impl Lookup for Transcripto {
    fn call_record_kind(&self) -> &'static str {
        TASK
    }

    async fn fetch(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        hint: Option<&Value>,
    ) -> Result<Change> {
        if record.kind != TASK || self.validate_call_id(&record.remote_id).is_err() {
            return Err(
                ProviderError::new(VENDOR, "TR-11", ErrorKind::InvalidRequest)
                    .with_source("no such record"),
            );
        }
        let mut raw: Vec<RawDocument> = hint
            .map(|row| RawDocument::json("TR-09", row.to_string()))
            .into_iter()
            .collect();
        let task = match self.task(context, &record.remote_id).await {
            Ok(task) => task,
            Err(error) if error.vendor_code.as_deref() == Some("4021") => {
                return Ok(Change::Gone {
                    record: record.clone(),
                    evidence: "TR-11 answered code 4021: task not found".to_owned(),
                });
            }
            Err(error) => return put_aside(record, raw, error),
        };
        if hint.is_none() {
            let listed = self.listed(context, &record.remote_id).await?;
            raw.extend(listed.map(|row| RawDocument::json("TR-09", row.to_string())));
        }
        raw.push(RawDocument::json("TR-11", task.body.clone()));
        if is_analysed(&task.members) {
            match self.belongings(context, record, &task.members).await {
                Ok(documents) => raw.extend(documents),
                Err(error) => return put_aside(record, raw, error),
            }
        }
        Ok(translated(record, raw, self, Some(context.now)))
    }

    fn remap(&self, record: &RecordRef, raw: &[RawDocument]) -> Option<Change> {
        raw.iter()
            .any(|document| document.operation == "TR-11")
            .then(|| translated(record, raw.to_vec(), self, None))
    }

    fn validate_call_id(&self, remote_id: &str) -> std::result::Result<(), String> {
        if is_task_code(remote_id) {
            Ok(())
        } else {
            Err("must be the code of a task".to_owned())
        }
    }
}

impl Transcripto {
    /// The detail of a task.
    pub(crate) async fn task(&self, context: &CallContext<'_>, code: &str) -> Result<Fetched> {
        let query = [("task_code", code)];
        let call = Call::get("TR-11", "/gettask").with_query(&query);
        self.client.fetch(context, call).await
    }

    /// What belongs to a finished task: its analysis and the answers to its questions.
    async fn belongings(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        task: &Outer,
    ) -> Result<Vec<RawDocument>> {
        let analysis = self.analysis(context, &record.remote_id).await?;
        let answers = self.answers(context, task).await?;
        Ok(analysis.into_iter().chain(answers).collect())
    }

    /// The analysis of a task; `None` where there is none (yet).
    async fn analysis(&self, context: &CallContext<'_>, code: &str) -> Result<Option<RawDocument>> {
        let code = address::encode(code);
        let call = Call::get("TR-12", format!("/api/calls_analysis_v2/{code}"));
        let mut fetched = self.client.fetch(context, call).await;
        if fetched.as_ref().is_err_and(is_unknown_path) {
            // The introduction names this path for the same operation.
            let alias = Call::get("TR-12", format!("/api/calls_analysis/{code}"));
            fetched = self.client.fetch(context, alias).await;
        }
        optional("TR-12", fetched)
    }

    /// The answers to the checklist questions of a task, which go by its integer id.
    async fn answers(
        &self,
        context: &CallContext<'_>,
        task: &Outer,
    ) -> Result<Option<RawDocument>> {
        let id = member(task, "id").as_ref().and_then(as_i64);
        let Some(id) = id.filter(|id| *id >= 0) else {
            return Ok(None);
        };
        let call = Call::get("TR-18", format!("/checklist/answer/{id}"));
        let fetched = self.client.fetch(context, call).await;
        optional("TR-18", fetched)
    }
}

/// An answer of a wrong shape is the record's matter; every other failure is of the moment.
fn put_aside(
    record: &RecordRef,
    mut raw: Vec<RawDocument>,
    error: ProviderError,
) -> Result<Change> {
    let source = error.source.as_ref();
    let Some(misshapen) = source.and_then(|source| source.downcast_ref::<Misshapen>()) else {
        return Err(error);
    };
    raw.push(RawDocument::json(error.operation, misshapen.body.clone()));
    Ok(Change::Quarantined {
        record: record.clone(),
        raw,
        reason: format!("{}: {}", error.operation, misshapen.reason),
        pointer: Some(error.operation.to_owned()),
    })
}

/// An answer that a task may be without.
fn optional(operation: &str, fetched: Result<Fetched>) -> Result<Option<RawDocument>> {
    match fetched {
        Ok(fetched) => Ok(Some(RawDocument::json(operation, fetched.body))),
        Err(error)
            if matches!(
                error.kind,
                ErrorKind::NotReady
                    | ErrorKind::NotFound
                    | ErrorKind::Forbidden
                    | ErrorKind::InvalidRequest
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The task is done, and of a type that is analysed.
fn is_analysed(task: &Outer) -> bool {
    let text = |name: &str| {
        let value = member(task, name);
        value
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Stage::of(&text("status")) == Stage::Done && Kind::of(&text("type")).has_analysis()
}

fn translated(
    record: &RecordRef,
    raw: Vec<RawDocument>,
    provider: &Transcripto,
    now: Option<callweave_model::Timestamp>,
) -> Change {
    let quarantined = |raw, unreadable: Unreadable| Change::Quarantined {
        record: record.clone(),
        raw,
        reason: unreadable.reason,
        pointer: Some(unreadable.pointer),
    };
    let documents = match Documents::read(&raw) {
        Ok(documents) => documents,
        Err(unreadable) => return quarantined(raw, unreadable),
    };
    if is_report(documents.task.get("type")) {
        let unreadable = Unreadable {
            pointer: "TR-11/type".to_owned(),
            reason: "the task makes a report and is no call".to_owned(),
        };
        return quarantined(raw, unreadable);
    }
    let mut upsert = map::translate(record, documents, &provider.settings.zone, now);
    upsert.raw = raw;
    Change::Upsert(Box::new(upsert))
}
