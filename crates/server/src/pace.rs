//! The pauses that vendors asked for, kept in the database: no replica asks before they are over.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use callweave_model::ids::AccountId;
use callweave_provider_http::{MemoryPace, Pace};
use callweave_store::{Store, StoreError};
use tracing::warn;

/// How long a look into the database may take. A request is not held up by a database that is away:
/// what this process knows by itself holds then.
const PATIENCE: Duration = Duration::from_secs(2);

/// Pauses of all replicas.
#[derive(Debug)]
pub(crate) struct SharedPace {
    store: Store,
    /// What this process met itself, which also answers without a look into the database.
    own: MemoryPace,
}

impl SharedPace {
    /// Pauses in this database.
    pub(crate) fn new(store: Store) -> Arc<Self> {
        let own = MemoryPace::default();
        Arc::new(Self { store, own })
    }

    async fn read(&self, account: AccountId) -> Result<Option<Duration>, StoreError> {
        let mut tx = self.store.tenant(account.tenant).await?;
        let left = tx.vendor_pause(account.namespace).await?;
        tx.commit().await?;
        Ok(left)
    }

    async fn write(&self, account: AccountId, pause: Duration) -> Result<(), StoreError> {
        let mut tx = self.store.tenant(account.tenant).await?;
        tx.note_vendor_pause(account.namespace, pause).await?;
        tx.commit().await
    }
}

#[async_trait]
impl Pace for SharedPace {
    async fn remaining(&self, account: AccountId) -> Option<Duration> {
        if let Some(left) = self.own.remaining(account).await {
            return Some(left);
        }
        match tokio::time::timeout(PATIENCE, self.read(account)).await {
            Ok(Ok(left)) => left,
            Ok(Err(error)) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "Whether a vendor is to be left alone could not be read"
                );
                None
            }
            Err(_elapsed) => None,
        }
    }

    async fn note(&self, account: AccountId, pause: Duration) {
        self.own.note(account, pause).await;
        match tokio::time::timeout(PATIENCE, self.write(account, pause)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(
                error = &error as &dyn std::error::Error,
                "A pause that a vendor asked for is known to this process only"
            ),
            Err(_elapsed) => {
                warn!("A pause that a vendor asked for is known to this process only");
            }
        }
    }
}
