//! Taking dialogs on.

use callweave_model::{job::JobType, owned::DialogRequest};
use callweave_provider::{
    ErrorKind, ProviderError,
    dialogs::{DialogTarget, Dialogs},
};
use callweave_store::{
    connections::Connection,
    jobs::{Job, NewItem},
};
use serde_json::Value;

use super::{Accepted, Requester, unfit, unsupported};
use crate::{
    Attachment, DialogOrder, Jobs, Refusal,
    input::{self, Input, ItemInput},
};

/// Wrong dialogs that are told of at once.
const TOLD: usize = 50;

/// Dialogs to be started together.
#[derive(Clone, Debug)]
pub struct BatchOrder {
    /// Where.
    pub target: DialogTarget,
    /// With whom, and what each call gets.
    pub dialogs: Vec<(DialogRequest, Attachment)>,
}

impl Jobs {
    /// Takes one dialog on; a worker starts it.
    pub async fn accept_dialog(
        &self,
        connection: &Connection,
        requester: &Requester,
        order: DialogOrder,
    ) -> Result<Accepted, Refusal> {
        let tenant = connection.tenant_id;
        if let Some(known) = self.known(tenant, requester).await? {
            return Ok(known);
        }
        let open = self.open(connection)?;
        let dialogs = open
            .provider()
            .dialogs()
            .ok_or_else(|| unsupported(&open, "dialogs"))?;
        dialogs
            .validate_dialog(&order.target, &order.request, None)
            .map_err(unfit)?;
        let mut job = self.draft(connection, JobType::LaunchDialog, requester);
        note_target(&mut job, &order.target);
        self.seal(tenant, &mut job, &Input::Dialog(order))?;
        self.store_job(tenant, &requester.doer, job).await
    }

    /// Takes many dialogs on, each checked; a worker starts them in as many requests as the vendor
    /// needs for so many.
    pub async fn accept_batch(
        &self,
        connection: &Connection,
        requester: &Requester,
        order: BatchOrder,
    ) -> Result<Accepted, Refusal> {
        let tenant = connection.tenant_id;
        if let Some(known) = self.known(tenant, requester).await? {
            return Ok(known);
        }
        let open = self.open(connection)?;
        let dialogs = open
            .provider()
            .dialogs()
            .ok_or_else(|| unsupported(&open, "dialogs"))?;
        check(dialogs, &order)?;
        let limit = dialogs.batch_limit().max(1);
        let mut job = self.draft(connection, JobType::LaunchDialogBatch, requester);
        note_target(&mut job, &order.target);
        let items = self.seal_items(connection, &job, order.dialogs, limit)?;
        let target = order.target;
        self.seal(tenant, &mut job, &Input::Batch { target })?;
        let mut tx = self.store.tenant(tenant).await?;
        let accepted = self.insert(&mut tx, &requester.doer, job).await?;
        if let Accepted::New(job) = &accepted {
            tx.insert_items(job.id, &items).await?;
        }
        tx.commit().await?;
        Ok(accepted)
    }

    fn seal_items(
        &self,
        connection: &Connection,
        job: &Job,
        dialogs: Vec<(DialogRequest, Attachment)>,
        limit: usize,
    ) -> Result<Vec<NewItem>, Refusal> {
        let too_many = |_error| Refusal::State("there are too many dialogs".to_owned());
        dialogs
            .into_iter()
            .enumerate()
            .map(|(index, (request, attachment))| {
                let number = i32::try_from(index).map_err(too_many)?;
                let place = input::item_place(connection.tenant_id, job.id, number);
                let item = ItemInput {
                    request,
                    attachment,
                };
                let sealed_input = input::seal(self.connector.vault(), &place, &item)
                    .map_err(|_error| Refusal::Internal("a dialog could not be sealed"))?;
                Ok(NewItem {
                    number,
                    chunk: i32::try_from(index / limit).map_err(too_many)?,
                    sealed_input,
                })
            })
            .collect()
    }
}

/// Checks every dialog; tells of the first wrong ones.
fn check(dialogs: &dyn Dialogs, order: &BatchOrder) -> Result<(), Refusal> {
    let mut wrong: Vec<ProviderError> = Vec::new();
    for (index, (request, _)) in order.dialogs.iter().enumerate() {
        match dialogs.validate_dialog(&order.target, request, Some(index)) {
            Ok(()) => {}
            Err(error) if error.kind == ErrorKind::InvalidInput => {
                let of_target = error
                    .pointer
                    .as_deref()
                    .is_some_and(|pointer| !pointer.starts_with("/dialogs/"));
                wrong.push(error);
                // What is wrong with the target is wrong for all.
                if of_target || wrong.len() >= TOLD {
                    break;
                }
            }
            Err(error) => return Err(unfit(error)),
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Unfit(wrong))
    }
}

/// What of the target is told with the job: none of it is about a person.
fn note_target(job: &mut Job, target: &DialogTarget) {
    let mut note = |name: &str, value: Option<&String>| {
        if let Some(value) = value {
            job.remote_refs
                .insert(name.to_owned(), Value::String(value.clone()));
        }
    };
    note("agent", Some(&target.agent));
    note("batch", target.batch.as_ref());
    note("campaign", target.campaign.as_ref());
}
