//! Many dialogs in one request, and what became of them (NN-04 to NN-06, NN-30).

use callweave_model::owned::DialogRequest;
use callweave_provider::{
    CallContext, Change, ErrorKind, ProviderError, RawDocument, RecordRef, Result,
    dialogs::{BatchItem, BatchProgress, DialogTarget, StartedBatch},
};
use serde_json::Value;

use super::{BATCH_LIMIT, request};
use crate::{
    Neuro, VENDOR,
    client::{Call, object},
    error::bad_response,
    lookup::is_id,
    members::{text, truth},
    pull::DIALOG,
    wire::{self, Row, Started, id},
};

impl Neuro {
    /// Uploads dialogs; any status of success will do (200 as documented, 202 as observed).
    pub(super) async fn upload(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        requests: &[DialogRequest],
    ) -> Result<StartedBatch> {
        request::check_target("NN-04", target)?;
        if requests.is_empty() || requests.len() > BATCH_LIMIT {
            return Err(ProviderError::invalid_input(
                VENDOR,
                "NN-04",
                "/dialogs",
                format!("must hold 1 to {BATCH_LIMIT} dialogs"),
            ));
        }
        let mut dialogs = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let body = request::body(&self.settings, request, Some(index))?;
            dialogs.push(Value::Object(body));
        }
        let query = request::query(target);
        let path = "/dialog/dialogs-group-initial";
        let call = Call::write("NN-04", path, &query, Value::Array(dialogs));
        let answer = self.client.post(context, call).await?;
        let ids = object("NN-04", &answer)?;
        let named = |name: &str| id(Some(&ids), &[name]).filter(|id| is_id(id));
        let batch = named("bulk_uuid").or_else(|| target.batch.clone());
        match (batch, named("task_uuid")) {
            (Some(batch), Some(task)) => Ok(StartedBatch {
                agent: target.agent.clone(),
                batch,
                task,
            }),
            _ => Err(bad_response("NN-04", "the answer names no task")),
        }
    }

    /// How far an upload is. A result that is read before the task is over is not whole, so it is
    /// asked for only then.
    pub(super) async fn upload_progress(
        &self,
        context: &CallContext<'_>,
        batch: &StartedBatch,
    ) -> Result<BatchProgress> {
        let query = [("task_uuid", batch.task.as_str())];
        // The document's own example writes `gialogs`.
        let path = "/dialog/dialogs-group-initial-status";
        let call = Call::read("NN-05", path, &query);
        let answer = self.client.get(context, call).await?;
        let mut status = object("NN-05", &answer)?;
        let state_raw = text(&mut status, "state").unwrap_or_default();
        let info = text(&mut status, "info");
        match state_raw.to_ascii_uppercase().as_str() {
            "SUCCESS" => {}
            "FAILURE" | "REVOKED" => return Ok(BatchProgress::Failed { state_raw, info }),
            _ => return Ok(BatchProgress::Running { state_raw, info }),
        }
        let items = self.upload_result(context, batch).await?;
        if items.is_empty() {
            // An upload holds at least one dialog: the result is not there yet.
            return Ok(BatchProgress::Running { state_raw, info });
        }
        Ok(BatchProgress::Done(items))
    }

    async fn upload_result(
        &self,
        context: &CallContext<'_>,
        batch: &StartedBatch,
    ) -> Result<Vec<BatchItem>> {
        let query = [("task_uuid", batch.task.as_str())];
        let path = "/dialog/dialogs-group-initial-result";
        let call = Call::read("NN-06", path, &query);
        let answer = match self.client.get(context, call).await {
            Ok(answer) => answer,
            Err(error) if matches!(error.kind, ErrorKind::NotReady | ErrorKind::NotFound) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let list = wire::rows("NN-06", &answer.body)?;
        if list.unreadable > 0 {
            // Its place in the list tells which dialog an item is: none may be left out.
            return Err(bad_response("NN-06", "an item is no object"));
        }
        let started = Started::at(context.now, &batch.agent, Some(&batch.batch));
        Ok(list
            .rows
            .into_iter()
            .map(|row| item(row, &started))
            .collect())
    }

    /// The outcomes of a group's dialogs as far as the vendor has them (NN-30): the rows of
    /// [`callweave_provider::Lookup`]'s statistic for many dialogs at once. They name no calls, so
    /// logs and recordings come with the lookup of each.
    pub(super) async fn group_outcomes(
        &self,
        context: &CallContext<'_>,
        batch: &str,
    ) -> Result<Vec<Change>> {
        let mut dialogs: Vec<(String, Vec<Row>)> = Vec::new();
        let mut changes = Vec::new();
        for row in self.group_rows(context, batch).await?.unwrap_or_default() {
            let Some(dialog) = id(Some(&row), &["dialog_uuid"]) else {
                changes.push(crate::pull::nameless(
                    "NN-30",
                    Value::Object(row).to_string(),
                    "the row names no dialog",
                    "/dialog_uuid",
                ));
                continue;
            };
            match dialogs.iter_mut().find(|(known, _)| *known == dialog) {
                Some((_, rows)) => rows.push(row),
                None => dialogs.push((dialog, vec![row])),
            }
        }
        let started = Started::of_batch(batch).hint();
        changes.extend(dialogs.into_iter().map(|(dialog, rows)| {
            let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
            let mut raw = vec![RawDocument::json("NN-30", Value::Array(rows).to_string())];
            raw.extend(started.iter().map(|started| {
                RawDocument::json(wire::STARTED, started.to_string()).with_part("batch")
            }));
            self.told(context, &RecordRef::new(DIALOG, dialog), raw)
        }));
        Ok(changes)
    }

    /// The rows of a group's statistic; `None` while there are none.
    pub(super) async fn group_rows(
        &self,
        context: &CallContext<'_>,
        batch: &str,
    ) -> Result<Option<Vec<Row>>> {
        if !is_id(batch) {
            let detail = "must be the uuid of a batch";
            return Err(ProviderError::invalid_input(
                VENDOR, "NN-30", "/batch", detail,
            ));
        }
        let query = [("bulk_uuid", batch)];
        let call = Call::read("NN-30", "/statistic/dialog-group", &query);
        match self.client.get(context, call).await {
            Ok(answer) => Ok(Some(wire::rows("NN-30", &answer.body)?.rows)),
            Err(error) if error.kind == ErrorKind::NotReady => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What became of one dialog of an upload. One that has an id was taken, unless it is said
/// otherwise.
fn item(mut row: Row, started: &Started) -> BatchItem {
    let dialog = id(Some(&row), &["dialog_uuid"]).filter(|id| is_id(id));
    let accepted = truth(&mut row, "status").unwrap_or(dialog.is_some());
    let record = dialog
        .filter(|_| accepted)
        .map(|dialog| RecordRef::new(DIALOG, dialog));
    BatchItem {
        accepted,
        phone_raw: id(Some(&row), &["msisdn", "msisnd", "phone"]),
        message: text(&mut row, "message"),
        hint: record.as_ref().and_then(|_| started.hint()),
        record,
    }
}
