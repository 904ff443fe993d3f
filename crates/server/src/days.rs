//! Keeping the figures by day short, and counting the calls that were there before them.

use std::time::Duration;

use callweave_model::TenantId;
use callweave_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often it is looked for.
const LOOK: Duration = Duration::from_mins(1);

/// Gathers what was added to the figures by day, again and again until `shutdown`. Several replicas do so
/// at once without harm.
pub(crate) async fn tend(store: Store, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        if let Err(error) = look(&store, &shutdown).await {
            warn!(
                error = &error as &dyn std::error::Error,
                "The figures by day could not be gathered"
            );
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn look(store: &Store, shutdown: &CancellationToken) -> Result<(), StoreError> {
    let mut tx = store.system().await?;
    let tenants = tx.list_tenants().await?;
    tx.commit().await?;
    for tenant in tenants {
        let tenant = TenantId(tenant.tenant_id);
        if shutdown.is_cancelled() {
            return Ok(());
        }
        let mut tx = store.tenant(tenant).await?;
        let counted = tx.days_are_counted().await?;
        tx.commit().await?;
        if !counted && let Some(figures) = count(store, tenant, shutdown).await? {
            info!(
                tenant.id = %tenant,
                days.figures = figures,
                "Counted calls from before there were figures by day"
            );
        }
        fold(store, tenant, shutdown).await?;
    }
    Ok(())
}

/// Counts the calls of a tenant, unless another process does so, or `shutdown` comes first: then from the
/// beginning next time.
async fn count(
    store: &Store,
    tenant: TenantId,
    shutdown: &CancellationToken,
) -> Result<Option<u64>, StoreError> {
    let counted = shutdown.run_until_cancelled(store.count_days(tenant));
    Ok(counted.await.transpose()?.flatten())
}

/// In small transactions, so that nobody waits for one of them.
async fn fold(
    store: &Store,
    tenant: TenantId,
    shutdown: &CancellationToken,
) -> Result<(), StoreError> {
    while !shutdown.is_cancelled() {
        let mut tx = store.tenant(tenant).await?;
        let folded = tx.fold_days().await?;
        tx.commit().await?;
        if folded == 0 {
            break;
        }
    }
    Ok(())
}
