//! Dialogs: started, queued, stopped (NN-03 to NN-06, NN-30, NN-33 to NN-39).
//!
//! Starting a dialog rings somebody's phone and the vendor knows no key that would tell a second
//! request from a first one: each start is one request that is sent once.

mod batch;
mod find;
pub(crate) mod queue;
mod request;

use async_trait::async_trait;
use callweave_model::{
    Timestamp,
    owned::{Campaign, DialogRequest, QueuedItem},
};
use callweave_provider::{
    CallContext, Change, RecordRef, Result,
    dialogs::{BatchProgress, DialogTarget, Dialogs, QueueKind, StartedBatch, StartedDialog},
    listing::{ListQuery, Listing},
    submit::Found,
};
use serde_json::Value;

use crate::{Neuro, agents::checked, client::Call, pull::DIALOG, wire::Started};

/// The most dialogs of one request. The vendor names no limit; an upload of this size stays well
/// below every usual limit of a body.
const BATCH_LIMIT: usize = 1_000;

#[async_trait]
impl Dialogs for Neuro {
    fn validate_dialog(
        &self,
        target: &DialogTarget,
        request: &DialogRequest,
        index: Option<usize>,
    ) -> Result<()> {
        request::check_target("NN-03", target)?;
        request::body(&self.settings, request, index).map(|_| ())
    }

    fn batch_limit(&self) -> usize {
        BATCH_LIMIT
    }

    async fn start(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        request: &DialogRequest,
    ) -> Result<StartedDialog> {
        request::check_target("NN-03", target)?;
        let body = request::body(&self.settings, request, None)?;
        let query = request::query(target);
        let path = "/dialog/dialog-initial";
        let call = Call::write("NN-03", path, &query, Value::Object(body));
        let answer = self.client.post(context, call).await?;
        let id = request::dialog_uuid(&answer.body)?;
        Ok(StartedDialog {
            record: RecordRef::new(DIALOG, id),
            hint: Started::at(context.now, &target.agent, target.batch.as_deref()).hint(),
        })
    }

    async fn start_batch(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        requests: &[DialogRequest],
    ) -> Result<StartedBatch> {
        self.upload(context, target, requests).await
    }

    async fn batch_progress(
        &self,
        context: &CallContext<'_>,
        batch: &StartedBatch,
    ) -> Result<BatchProgress> {
        self.upload_progress(context, batch).await
    }

    async fn batch_outcomes(&self, context: &CallContext<'_>, batch: &str) -> Result<Vec<Change>> {
        self.group_outcomes(context, batch).await
    }

    async fn find_dialog(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        request: &DialogRequest,
        sent_at: Timestamp,
    ) -> Result<Found<StartedDialog>> {
        request::check_target("NN-33", target)?;
        self.search(context, target, request, sent_at).await
    }

    async fn queue(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        kind: QueueKind,
        batch: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<QueuedItem>> {
        self.list_queue(context, agent, kind, batch, query).await
    }

    async fn stop_queue(&self, context: &CallContext<'_>, agent: &str) -> Result<Value> {
        let query = [("agent_uuid", checked("NN-35", agent)?)];
        self.command(context, "NN-35", "/queue/stop", &query).await
    }

    async fn resume_queue(&self, context: &CallContext<'_>, agent: &str) -> Result<Value> {
        let query = [("agent_uuid", checked("NN-36", agent)?)];
        self.command(context, "NN-36", "/queue/return", &query)
            .await
    }

    async fn remove_queued(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        dialog: &str,
    ) -> Result<Value> {
        // Without a dialog this very request would delete all of them.
        let query = [
            ("agent_uuid", checked("NN-38", agent)?),
            ("dialog_uuid", request::checked_dialog("NN-38", dialog)?),
        ];
        self.command(context, "NN-38", "/queue/remove", &query)
            .await
    }

    async fn clear_queue(&self, context: &CallContext<'_>, agent: &str) -> Result<Value> {
        let query = [("agent_uuid", checked("NN-37", agent)?)];
        self.command(context, "NN-37", "/queue/remove", &query)
            .await
    }

    async fn campaigns(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        completed: Option<bool>,
    ) -> Result<Vec<Campaign>> {
        self.selections(context, agent, completed).await
    }
}
