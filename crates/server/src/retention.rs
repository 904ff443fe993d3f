//! Deleting what is older than it is kept.

use std::{sync::Arc, time::Duration};

use callweave_model::{Clock, TenantId, Timestamp};
use callweave_store::{
    Store, StoreError,
    calls::months::RESTS,
    retention::{Kind, Rules},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{config::Config, gateway::Gateway, request_log};

/// How often it is looked for.
const LOOK: Duration = Duration::from_mins(10);

/// What is kept for how long where a tenant says nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Retention {
    store: Store,
    clock: Arc<dyn Clock>,
    events: Duration,
    jobs: Duration,
    vendor_requests: u32,
}

impl Retention {
    /// As it is configured.
    pub(crate) fn new(gateway: &Gateway, config: &Config) -> Self {
        Self {
            store: gateway.worker_store.clone(),
            clock: gateway.clock.clone(),
            events: config.events.retention,
            jobs: config.jobs.retention,
            vendor_requests: gateway.request_log.keep(),
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
        self.store.open_months(self.clock.now()).await?;
        let mut tx = self.store.system().await?;
        let tenants = tx.list_tenants().await?;
        tx.commit().await?;
        for tenant in tenants {
            let tenant = TenantId(tenant.tenant_id);
            let mut tx = self.store.tenant(tenant).await?;
            let rules = tx.retention().await?;
            let oldest = self.clock.now().minus(request_log::LONGEST);
            tx.trim_vendor_requests(self.vendor_requests, oldest)
                .await?;
            tx.commit().await?;
            for kind in Kind::ALL {
                let now = self.clock.now();
                if let Some(before) = self.before(&rules, kind, now) {
                    self.purge(tenant, kind, before, shutdown).await?;
                }
            }
        }
        let dropped = self.store.drop_empty_months(RESTS).await?;
        if !dropped.is_empty() {
            info!(
                months = dropped.join(", "),
                "Dropped months in which nothing lies any more"
            );
        }
        Ok(())
    }

    /// What is older than this is too old; a tenant may only shorten what is configured.
    fn before(&self, rules: &Rules, kind: Kind, now: Timestamp) -> Option<Timestamp> {
        let own = rules.before(kind, now);
        match kind {
            Kind::Events => own.max(Some(now.minus(self.events))),
            Kind::Jobs => own.max(Some(now.minus(self.jobs))),
            Kind::Calls | Kind::Transcripts | Kind::Documents => own,
        }
    }

    /// In small transactions, so that nobody waits for one of them.
    async fn purge(
        &self,
        tenant: TenantId,
        kind: Kind,
        before: Timestamp,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        let mut all = 0;
        while !shutdown.is_cancelled() {
            let now = self.clock.now();
            let mut tx = self.store.tenant(tenant).await?;
            let some = match kind {
                Kind::Calls => tx.expire_calls(before, now).await?,
                Kind::Transcripts => tx.expire_transcripts(before, now).await?,
                Kind::Documents => tx.expire_documents(before).await?,
                Kind::Events => tx.purge_events(before).await?,
                Kind::Jobs => tx.purge_jobs(before).await?,
            };
            tx.commit().await?;
            all += some;
            if some == 0 {
                break;
            }
        }
        if all > 0 {
            info!(
                tenant.id = %tenant,
                retention.kind = kind.word(),
                retention.deleted = all,
                "Deleted what was too old"
            );
        }
        Ok(())
    }
}
