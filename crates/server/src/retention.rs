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
}

impl Retention {
    /// As it is configured.
    pub(crate) fn new(gateway: &Gateway, config: &Config) -> Self {
        Self {
            store: gateway.worker_store.clone(),
            clock: gateway.clock.clone(),
            events: config.events.retention,
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
        let before = self.clock.now().minus(self.events);
        let mut deleted = 0;
        // In small transactions, so that nobody waits for one of them.
        while !shutdown.is_cancelled() {
            let mut tx = self.store.tenant(tenant).await?;
            let count = tx.purge_events(before).await?;
            tx.commit().await?;
            deleted += count;
            if count == 0 {
                break;
            }
        }
        if deleted > 0 {
            info!(tenant.id = %tenant, retention.events = deleted, "Deleted old events");
        }
        Ok(())
    }
}
