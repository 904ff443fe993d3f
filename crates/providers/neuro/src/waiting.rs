//! Dialogs known by their id alone: what waits, what is gone, and which calls a dialog was held in.
//!
//! The statistic of a dialog (NN-28) answers "no data" for one that waits, for one that is being
//! counted and for one that was deleted. The queue (NN-33) tells the first from the others. What
//! is in neither long after its start is nowhere.

use std::time::Duration;

use callweave_provider::{
    CallContext, Change, ErrorKind, RawDocument, RecordRef, Result, dialogs::QueueKind,
};
use serde_json::Value;

use crate::{
    Neuro,
    map::{Documents, dates},
    wire::{Listed, Row, id},
};

/// A dialog that is neither waiting nor counted this long after its start does not exist. Within
/// this time one may have left the queue and not be counted yet.
const GONE_AFTER: Duration = Duration::from_hours(12);

/// The pages of the queue that are read to see how far a dialog is.
const FEW_PAGES: u64 = 3;

/// Calls of a dialog are looked for so far around the dates of its statistic: first where they
/// should be, then where the report may count by another time.
const AROUND: [Duration; 2] = [Duration::from_mins(2), Duration::from_hours(1)];

/// The most agents whose reports are searched for the calls of a dialog of an unknown agent.
const MOST_AGENTS: usize = 32;

impl Neuro {
    /// What can be said of a dialog without a statistic.
    pub(crate) async fn untold(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        mut raw: Vec<RawDocument>,
    ) -> Result<Change> {
        let started = Documents::read(&raw)
            .ok()
            .and_then(|documents| documents.started);
        let Some(started) = started else {
            return Ok(self.waits(context, record, raw));
        };
        let Some(agent) = started.agent_uuid.as_deref() else {
            return Ok(self.waits(context, record, raw));
        };
        let overdue = started
            .sent_at
            .is_some_and(|sent_at| context.now.since(sent_at) >= GONE_AFTER);
        // A batch is asked for as a whole as long as it is young.
        let batch = started.bulk_uuid.as_deref();
        if batch.is_some() && !overdue {
            return Ok(self.waits(context, record, raw));
        }
        let kind = QueueKind::Dialogs;
        let read = if overdue {
            self.proved_queue(context, kind, agent, batch).await
        } else {
            self.whole_queue(context, kind, agent, batch, FEW_PAGES)
                .await
        };
        let (rows, whole) = unless_barred(read)?;
        let named = |row: &Row| id(Some(row), &["uuid", "dialog_uuid"]);
        let mine = rows
            .into_iter()
            .find(|row| named(row).as_ref() == Some(&record.remote_id));
        match mine {
            Some(row) => {
                raw.push(RawDocument::json("NN-33", Value::Object(row).to_string()));
                Ok(self.waits(context, record, raw))
            }
            None if overdue && whole => Ok(Change::Gone {
                record: record.clone(),
                evidence: "12 hours after its start the vendor has neither a statistic of the \
                           dialog (NN-28) nor a place in its agent's queue (NN-33)"
                    .to_owned(),
            }),
            None => Ok(self.waits(context, record, raw)),
        }
    }

    /// The calls in which a dialog was held, as the report lists them (NN-29): a statistic does
    /// not name them. Nothing where they are known, or not listed yet.
    pub(crate) async fn calls_of(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        raw: &[RawDocument],
    ) -> Result<Option<RawDocument>> {
        let Ok(documents) = Documents::read(raw) else {
            return Ok(None);
        };
        if documents.listed.is_some() || documents.names_calls() {
            return Ok(None);
        }
        let rows = documents.statistic.as_deref().unwrap_or_default();
        let dates = dates(rows, &self.settings.zone);
        let (Some(first), Some(last)) = (dates.iter().min(), dates.iter().max()) else {
            return Ok(None);
        };
        let agents = self.candidates(context, &documents).await?;
        for around in AROUND {
            let (from, to) = (first.minus(around), last.plus(around));
            for agent in &agents {
                let read = self.report_between(context, agent, from, to).await;
                let (mut rows, _) = unless_barred(read)?;
                rows.retain(|row| {
                    id(Some(row), &["dialog_uuid"]).as_ref() == Some(&record.remote_id)
                });
                if rows
                    .iter()
                    .any(|row| id(Some(row), &["call_uuid"]).is_some())
                {
                    return Ok(listed(agent, rows));
                }
            }
        }
        Ok(None)
    }

    /// The agents that may have held a dialog.
    async fn candidates(
        &self,
        context: &CallContext<'_>,
        documents: &Documents,
    ) -> Result<Vec<String>> {
        if let Some(agent) = documents.agent_uuid() {
            return Ok(vec![agent]);
        }
        let mut agents = if self.settings.agent_uuids.is_empty() {
            let listed = self.company_agents(context).await?;
            listed.into_iter().map(|agent| agent.uuid).collect()
        } else {
            self.settings.agent_uuids.clone()
        };
        agents.truncate(MOST_AGENTS);
        Ok(agents)
    }
}

/// A list of an agent that is gone, or that the account may not see, tells nothing and proves
/// nothing; the dialog itself is told all the same.
fn unless_barred(read: Result<(Vec<Row>, bool)>) -> Result<(Vec<Row>, bool)> {
    read.or_else(|error| match error.kind {
        ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::InvalidRequest => {
            Ok((Vec::new(), false))
        }
        _ => Err(error),
    })
}

/// The report's rows of a dialog as the document that a walk would have made of them.
fn listed(agent: &str, rows: Vec<Row>) -> Option<RawDocument> {
    let listed = Listed {
        agent_uuid: agent.to_owned(),
        agent_name: None,
        result: rows,
    };
    let text = serde_json::to_string(&listed).ok()?;
    Some(RawDocument::json("NN-29", text))
}
