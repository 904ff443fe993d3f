//! The pauses that vendors asked for, kept in the database: no replica asks before they are over.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use callweave_model::ids::AccountId;
use callweave_provider_http::{MemoryPace, Pace};
use callweave_store::{Store, StoreError};
use tokio::{sync::Mutex, time::Instant};
use tracing::warn;

/// How long a look into the database may take. A request is not held up by a database that is away:
/// what this process knows by itself holds then.
const PATIENCE: Duration = Duration::from_secs(2);

/// For how long an answer of the database serves. Requests of one account come in crowds; a request takes
/// longer than that to reach its vendor, and so does a 429 to come back.
const FRESH: Duration = Duration::from_millis(10);

/// The last look into the database for one account: when it began, and until when the account is to be left alone.
type Look = Option<(Instant, Option<Instant>)>;

/// Pauses of all replicas.
#[derive(Debug)]
pub(crate) struct SharedPace {
    store: Store,
    /// Whoever looks for an account holds its place; who comes meanwhile waits and takes the answer.
    looks: std::sync::Mutex<HashMap<AccountId, Arc<Mutex<Look>>>>,
    /// What this process met itself, which also answers without a look into the database.
    own: MemoryPace,
}

impl SharedPace {
    /// Pauses in this database.
    pub(crate) fn new(store: Store) -> Arc<Self> {
        Arc::new(Self {
            store,
            looks: std::sync::Mutex::default(),
            own: MemoryPace::default(),
        })
    }

    /// What the database knows of an account, at most [`FRESH`] ago.
    async fn look(&self, account: AccountId) -> Option<Duration> {
        let place = self.place(account);
        let mut look = place.lock().await;
        let until = match *look {
            Some((began, until)) if began.elapsed() < FRESH => until,
            _ => {
                let began = Instant::now();
                let left = self.ask(account).await;
                let until = left.map(|left| Instant::now() + left);
                *look = Some((began, until));
                until
            }
        };
        until
            .map(|until| until.saturating_duration_since(Instant::now()))
            .filter(|left| !left.is_zero())
    }

    /// Where the looks for an account are kept; those of accounts that nobody asks for any more are forgotten.
    fn place(&self, account: AccountId) -> Arc<Mutex<Look>> {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = looks.get(&account) {
            return place.clone();
        }
        looks.retain(|_, place| Arc::strong_count(place) > 1);
        looks.entry(account).or_default().clone()
    }

    /// Asks the database.
    async fn ask(&self, account: AccountId) -> Option<Duration> {
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
        self.look(account).await
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
