//! Deleting what is older than it is kept.

use std::{sync::Arc, time::Duration};

use callweave_model::{Clock, TenantId};
use callweave_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{config::Config, gateway::Gateway};

/// How often it is looked for.
const LOOK: Duration = Duration::from_mins(10);

/// What is kept for how long.
#[derive(Clone, Debug)]
pub(crate) struct Retention {
    store: Store,
    clock: Arc<dyn Clock>,
    events: Duration,
    jobs: Duration,
}

impl Retention {
    /// As it is configured.
    pub(crate) fn new(gateway: &Gateway, config: &Config) -> Self {
        Self {
            store: gateway.worker_store.clone(),
            clock: gateway.clock.clone(),
            events: config.events.retention,
            jobs: config.jobs.retention,
        }
    }

    /// Deletes what has become too old, again and again until `shutdown`. Several replicas do so at
    /// once without harm.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.look(&shutdown).await {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "What is too old could not be deleted"
                );
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn look(&self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        let mut tx = self.store.system().await?;
        let tenants = tx.list_tenants().await?;
        tx.commit().await?;
        for tenant in tenants {
            self.purge(TenantId(tenant.tenant_id), shutdown).await?;
        }
        Ok(())
    }

    async fn purge(
        &self,
        tenant: TenantId,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (events, jobs) = (now.minus(self.events), now.minus(self.jobs));
        let (mut old_events, mut old_jobs) = (0, 0);
        // In small transactions, so that nobody waits for one of them.
        while !shutdown.is_cancelled() {
            let mut tx = self.store.tenant(tenant).await?;
            let (of_events, of_jobs) = (tx.purge_events(events).await?, tx.purge_jobs(jobs).await?);
            tx.commit().await?;
            old_events += of_events;
            old_jobs += of_jobs;
            if of_events + of_jobs == 0 {
                break;
            }
        }
        if old_events + old_jobs > 0 {
            info!(
                tenant.id = %tenant,
                retention.events = old_events,
                retention.jobs = old_jobs,
                "Deleted what was too old"
            );
        }
        Ok(())
    }
}
