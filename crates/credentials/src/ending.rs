//! Watching over credentials that end by themselves, also of connections that nobody uses.

use std::{sync::Arc, time::Duration};

use callweave_model::Clock;
use callweave_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often it is looked; the notice is counted in hours.
const PAUSE: Duration = Duration::from_mins(5);

/// Until `shutdown`: asks the owners of connections whose credentials are about to end for others,
/// once each. Any number of replicas may do so.
pub async fn watch(store: Store, clock: Arc<dyn Clock>, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match announce(&store, clock.as_ref()).await {
            Ok(0) => {}
            Ok(told) => info!(
                connections.count = told,
                "Asked owners for credentials in place of ending ones"
            ),
            Err(error) => warn!(
                error = &error as &dyn std::error::Error,
                "Which credentials are about to end could not be found out"
            ),
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// One look at all tenants; tells how many owners were asked.
pub async fn announce(store: &Store, clock: &dyn Clock) -> Result<usize, StoreError> {
    let mut tx = store.system().await?;
    let tenants = tx.list_tenants().await?;
    tx.commit().await?;
    let mut told = 0;
    for tenant in tenants {
        let mut tx = store.tenant(tenant.tenant_id.into()).await?;
        told += tx.announce_ending_credentials(clock.now()).await?;
        tx.commit().await?;
    }
    Ok(told)
}
