//! Entries about what is over, on their way into the audit log.
//!
//! Each is written before whoever waits for it goes on. While some of a tenant are written, those
//! that come gather, and are written together.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use callweave_model::TenantId;
use callweave_store::audit::NewEntry;
use tokio::sync::oneshot;

use crate::ApiState;

/// Entries of one transaction.
const MOST: usize = 200;

/// The entries that wait, by tenant. A tenant is in here as long as somebody writes for it.
#[derive(Debug, Default)]
pub(crate) struct Book {
    waiting: Mutex<HashMap<TenantId, Vec<Waiting>>>,
}

#[derive(Debug)]
struct Waiting {
    entry: NewEntry,
    done: oneshot::Sender<()>,
}

impl Book {
    fn waiting(&self) -> MutexGuard<'_, HashMap<TenantId, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next entries of a tenant. Without any, nobody writes for it from then on.
    fn next(&self, tenant: TenantId) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let Some(entries) = waiting.get_mut(&tenant) else {
            return Vec::new();
        };
        if entries.is_empty() {
            waiting.remove(&tenant);
            return Vec::new();
        }
        let later = entries.split_off(entries.len().min(MOST));
        mem::replace(entries, later)
    }
}

/// Sees to it that an entry is written, also if nobody waits for it. What comes back is over when
/// it is written, or when that has failed and was logged.
pub(super) fn add(state: &ApiState, tenant: TenantId, entry: NewEntry) -> oneshot::Receiver<()> {
    let (done, over) = oneshot::channel();
    let waits = Waiting { entry, done };
    let mut waiting = state.audit_book().waiting();
    if let Some(entries) = waiting.get_mut(&tenant) {
        entries.push(waits);
    } else {
        waiting.insert(tenant, vec![waits]);
        let writer = Writer {
            state: state.clone(),
            tenant,
            ended: false,
        };
        state.tasks().spawn(writer.run());
    }
    over
}

/// Writes for one tenant until nothing is left.
struct Writer {
    state: ApiState,
    tenant: TenantId,
    /// Nothing was left: who comes next has another writer.
    ended: bool,
}

impl Writer {
    async fn run(mut self) {
        loop {
            let waiting = self.state.audit_book().next(self.tenant);
            if waiting.is_empty() {
                self.ended = true;
                return;
            }
            let (entries, done): (Vec<NewEntry>, Vec<_>) = waiting
                .into_iter()
                .map(|waiting| (waiting.entry, waiting.done))
                .unzip();
            append(&self.state, self.tenant, &entries).await;
            for done in done {
                // Whoever has left does not wait.
                let _left = done.send(());
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // Writing panicked: the next entry finds nobody and begins anew.
        let lost = self.state.audit_book().waiting().remove(&self.tenant);
        for lost in lost.into_iter().flatten() {
            log(self.tenant, &lost.entry, None);
        }
    }
}

/// Adds entries to a tenant's audit log; what cannot be written there stands in the log.
async fn append(state: &ApiState, tenant: TenantId, entries: &[NewEntry]) {
    let written = async {
        let mut tx = state.store().tenant(tenant).await?;
        tx.audit_all(entries).await?;
        tx.commit().await
    };
    if let Err(error) = written.await {
        for entry in entries {
            log(tenant, entry, Some(&error));
        }
    }
}

fn log(tenant: TenantId, entry: &NewEntry, error: Option<&callweave_store::StoreError>) {
    tracing::error!(
        error = error.map(|error| error as &dyn std::error::Error),
        tenant.id = %tenant,
        audit.action = entry.action,
        audit.resource = entry.resource,
        audit.outcome = entry.outcome.as_str(),
        request.id = entry.request_id,
        "What was done could not be written to the audit log"
    );
}
