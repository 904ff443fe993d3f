//! Dialogs of the fake vendor: what is started waits until a test says what came of it.

use async_trait::async_trait;
use callweave_model::{
    Timestamp,
    enums::CallStatus,
    owned::{Campaign, DialogRequest, QueuedItem},
};
use callweave_provider::{
    CallContext, Change, ErrorKind, RecordRef, Result,
    dialogs::{
        BatchItem, BatchProgress, DialogTarget, Dialogs, QueueKind, StartedBatch, StartedDialog,
    },
    listing::{ListQuery, Listing},
    submit::Found,
};
use serde_json::{Map, Value, json};

use super::{Batch, Finds, take};
use crate::fake::{
    operation::{DIALOGS, FIND, START},
    provider::FakeProvider,
    vendor::{Fate, KIND},
};

impl FakeProvider {
    /// Puts a dialog into the queue of its agent.
    fn start_one(&self, target: &DialogTarget, request: &DialogRequest) -> Result<RecordRef> {
        self.owned(DIALOGS, |owned| {
            let id = format!("dialog-{}", owned.next_id());
            let mut agents = owned.agents.iter_mut();
            let agent = agents.find(|known| known.agent.remote_id == target.agent)?;
            agent.queue.push(QueuedItem {
                remote_id: id.clone(),
                dialog_remote_id: None,
                phone: None,
                phone_raw: Some(request.phone.clone()),
                status: CallStatus::Queued,
                status_raw: Some("queued".to_owned()),
                added_at: None,
                extra: Map::new(),
            });
            owned.started.push((target.clone(), request.clone()));
            Some(id)
        })
        .map(|id| {
            self.put_pending(&id);
            RecordRef::new(KIND, id)
        })
    }

    /// Starts one dialog of a batch; a phone without enough digits is refused.
    fn start_item(&self, target: &DialogTarget, request: &DialogRequest) -> Result<BatchItem> {
        let digits = request.phone.chars().filter(char::is_ascii_digit).count();
        let record = match digits {
            0..5 => None,
            _ => Some(self.start_one(target, request)?),
        };
        Ok(BatchItem {
            accepted: record.is_some(),
            phone_raw: Some(request.phone.clone()),
            message: record.is_none().then(|| "invalid phone number".to_owned()),
            record,
            hint: None,
        })
    }

    /// Changes every dialog in the queue of an agent.
    async fn steer(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        status: CallStatus,
        word: &str,
    ) -> Result<Value> {
        self.enter(DIALOGS, context).await?;
        self.owned(DIALOGS, |owned| {
            let mut agents = owned.agents.iter_mut();
            let known = agents.find(|known| known.agent.remote_id == agent)?;
            for item in &mut known.queue {
                item.status = status;
                item.status_raw = Some(word.to_owned());
            }
            Some(Value::Null)
        })
    }
}

#[async_trait]
impl Dialogs for FakeProvider {
    fn validate_dialog(
        &self,
        _target: &DialogTarget,
        request: &DialogRequest,
        index: Option<usize>,
    ) -> Result<()> {
        if request.phone.chars().any(|digit| digit.is_ascii_digit()) {
            return Ok(());
        }
        let pointer = index.map_or_else(
            || "/phone".to_owned(),
            |index| format!("/dialogs/{index}/phone"),
        );
        Err(self.refused(DIALOGS, &pointer, "must hold digits"))
    }

    fn batch_limit(&self) -> usize {
        self.vendor.owned(|owned| owned.batch_limit.unwrap_or(100))
    }

    async fn start(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        request: &DialogRequest,
    ) -> Result<StartedDialog> {
        let fate = self.enter_write(START, context).await?;
        let record = self.start_one(target, request)?;
        match fate {
            Fate::Answers => Ok(StartedDialog { record, hint: None }),
            Fate::Lost => Err(self.vendor.error(START, ErrorKind::Transport)),
        }
    }

    async fn start_batch(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        requests: &[DialogRequest],
    ) -> Result<StartedBatch> {
        let fate = self.enter_write(START, context).await?;
        let items = requests
            .iter()
            .map(|request| self.start_item(target, request))
            .collect::<Result<Vec<_>>>()?;
        let (id, task) = self.vendor.owned(|owned| {
            let id = target.batch.clone().unwrap_or_else(|| owned.next_id());
            let task = format!("task-{}", owned.next_id());
            owned.batches.push(Batch {
                id: id.clone(),
                task: task.clone(),
                items,
            });
            (id, task)
        });
        match fate {
            Fate::Answers => Ok(StartedBatch {
                agent: target.agent.clone(),
                batch: id,
                task,
            }),
            Fate::Lost => Err(self.vendor.error(START, ErrorKind::Transport)),
        }
    }

    async fn batch_progress(
        &self,
        context: &CallContext<'_>,
        batch: &StartedBatch,
    ) -> Result<BatchProgress> {
        self.enter(DIALOGS, context).await?;
        self.owned(DIALOGS, |owned| {
            if owned.batches_run {
                return Some(BatchProgress::Running {
                    state_raw: "running".to_owned(),
                    info: None,
                });
            }
            let mut batches = owned.batches.iter();
            let known =
                batches.find(|known| (&known.id, &known.task) == (&batch.batch, &batch.task))?;
            Some(BatchProgress::Done(known.items.clone()))
        })
    }

    async fn batch_outcomes(&self, context: &CallContext<'_>, _batch: &str) -> Result<Vec<Change>> {
        self.enter(DIALOGS, context).await?;
        Ok(self
            .vendor
            .lock()
            .records
            .values()
            .map(super::super::vendor::Record::whole)
            .collect())
    }

    async fn find_dialog(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        request: &DialogRequest,
        _sent_at: Timestamp,
    ) -> Result<Found<StartedDialog>> {
        self.enter(FIND, context).await?;
        self.owned(FIND, |owned| {
            if owned.finds == Finds::CannotTell {
                return Some(Found::Unknown);
            }
            let mut agents = owned.agents.iter();
            let agent = agents.find(|known| known.agent.remote_id == target.agent)?;
            let mut queue = agent.queue.iter();
            let found = queue.find(|item| item.phone_raw.as_deref() == Some(&request.phone));
            Some(found.map_or(Found::No, |item| {
                Found::Yes(StartedDialog {
                    record: RecordRef::new(KIND, item.remote_id.clone()),
                    hint: None,
                })
            }))
        })
    }

    async fn queue(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        _kind: QueueKind,
        _batch: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<QueuedItem>> {
        self.enter(DIALOGS, context).await?;
        self.owned(DIALOGS, |owned| {
            let mut agents = owned.agents.iter();
            let known = agents.find(|known| known.agent.remote_id == agent)?;
            owned.page(&known.queue, query)
        })
    }

    async fn stop_queue(&self, context: &CallContext<'_>, agent: &str) -> Result<Value> {
        self.steer(context, agent, CallStatus::Canceled, "stopped")
            .await
    }

    async fn resume_queue(&self, context: &CallContext<'_>, agent: &str) -> Result<Value> {
        self.steer(context, agent, CallStatus::Queued, "queued")
            .await
    }

    async fn remove_queued(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        dialog: &str,
    ) -> Result<Value> {
        self.enter(DIALOGS, context).await?;
        self.owned(DIALOGS, |owned| {
            let mut agents = owned.agents.iter_mut();
            let known = agents.find(|known| known.agent.remote_id == agent)?;
            take(&mut known.queue, |item| item.remote_id == dialog)?;
            Some(Value::Null)
        })
        .inspect(|_removed| self.vendor.delete(dialog))
    }

    async fn clear_queue(&self, context: &CallContext<'_>, agent: &str) -> Result<Value> {
        self.enter(DIALOGS, context).await?;
        self.owned(DIALOGS, |owned| {
            let mut agents = owned.agents.iter_mut();
            let known = agents.find(|known| known.agent.remote_id == agent)?;
            let count = known.queue.len();
            known.queue.clear();
            Some(json!({"deleted": count}))
        })
    }

    async fn campaigns(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        completed: Option<bool>,
    ) -> Result<Vec<Campaign>> {
        self.enter(DIALOGS, context).await?;
        self.owned(DIALOGS, |owned| {
            let mut agents = owned.agents.iter();
            let known = agents.find(|known| known.agent.remote_id == agent)?;
            let fits =
                |campaign: &&Campaign| completed.is_none() || campaign.completed == completed;
            Some(known.campaigns.iter().filter(fits).cloned().collect())
        })
    }
}
