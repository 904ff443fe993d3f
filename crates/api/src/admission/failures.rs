//! Failed tries with a tenant's own keys, gathered and told to it in its audit log.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callweave_model::{ApiKeyId, TenantId};
use callweave_store::{
    Store,
    audit::{Actor, ActorKind, NewEntry, Outcome},
};
use serde_json::json;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Kinds of failures that are gathered at a time.
const SIZE: usize = 10_000;

/// Why a key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    WrongSecret,
    Expired,
    Revoked,
}

impl Reason {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::WrongSecret => "wrong_secret",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A failure that is like others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Failure {
    pub(crate) tenant: TenantId,
    pub(crate) key: ApiKeyId,
    pub(crate) source: Option<IpAddr>,
    pub(crate) reason: Reason,
}

#[derive(Clone, Debug)]
pub(crate) struct Failures {
    store: Store,
    window: Duration,
    tasks: TaskTracker,
    draining: CancellationToken,
    gathered: Arc<Mutex<HashMap<Failure, u32>>>,
}

impl Failures {
    pub(crate) fn new(
        store: Store,
        window: Duration,
        tasks: TaskTracker,
        draining: CancellationToken,
    ) -> Self {
        Self {
            store,
            window,
            tasks,
            draining,
            gathered: Arc::default(),
        }
    }

    /// Counts a failure; the first of its kind is written, with all that follow, when the window
    /// ends.
    pub(crate) fn note(&self, failure: Failure) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = gathered.get_mut(&failure) {
            *count = count.saturating_add(1);
            return;
        }
        if gathered.len() >= SIZE {
            tracing::warn!("More keys are tried than the audit log can be told of");
            return;
        }
        gathered.insert(failure, 1);
        let this = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(this.window) => {}
                () = this.draining.cancelled() => {}
            }
            this.write(failure).await;
        });
    }

    async fn write(&self, failure: Failure) {
        let count = self
            .gathered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&failure);
        let entry = NewEntry {
            actor: Actor {
                source: failure.source.map(|source| source.to_string()),
                ..Actor::of(ActorKind::Nobody)
            },
            action: "authentication.failed",
            resource: Some(format!("/v1/api-keys/{}", failure.key)),
            request_id: None,
            outcome: Outcome::Refused,
            count: count.unwrap_or(1),
            detail: json!({"reason": failure.reason.as_str()}),
        };
        let written = async {
            let mut tx = self.store.tenant(failure.tenant).await?;
            tx.audit(&entry).await?;
            tx.commit().await
        };
        if let Err(error) = written.await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                tenant.id = %failure.tenant,
                audit.count = entry.count,
                "Failed tries with a key could not be written to the audit log"
            );
        }
    }
}
