//! The token broker.
//!
//! One row a vendor account holds the token; whoever renews it holds the row's lease, and saves
//! only while it still does. In the process, everybody who waits for the same account waits for
//! the same spawned task, which no caller can cancel.

mod flight;
mod renewal;
mod token;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callweave_model::{Clock, TenantId, ids::Ids};
use callweave_provider::{Credentials, Grant, Provider, ProviderError};
use callweave_store::{Store, StoreError};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::vault::Vault;
use flight::Flights;
pub use token::Token;

/// A token younger than this that is refused points at the endpoint or the rights, not at the
/// token: it is renewed once, and then not again until it is older.
const YOUNG: Duration = Duration::from_secs(60);

/// Whose token it is: connections to one vendor account share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// The account, as the namespace of its calls' ids.
    pub namespace: Uuid,
    /// The version of the credentials in use.
    pub credentials_version: i32,
}

/// The token broker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Broker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) owner: Uuid,
    tokens: Mutex<HashMap<Account, Token>>,
    /// When an account's token was last renewed because it had been refused.
    refusals: Mutex<HashMap<(TenantId, Uuid), tokio::time::Instant>>,
    flights: Flights,
    tasks: TaskTracker,
}

impl Broker {
    /// A broker of this process.
    pub fn new(store: Store, vault: Vault, clock: Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        let inner = Inner {
            store,
            vault,
            clock,
            owner: ids.next(),
            tokens: Mutex::default(),
            refusals: Mutex::default(),
            flights: Flights::default(),
            tasks: TaskTracker::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A token that still has time left. Inside the last tenth of its life it is renewed in the
    /// background while the old one is used.
    pub(crate) async fn token(
        &self,
        account: &Account,
        provider: &Arc<dyn Provider>,
        credentials: &Arc<Credentials>,
    ) -> Result<Token, ProviderError> {
        match self.inner.cached(account) {
            Some(token) if !token.needs_renewal_soon() => Ok(token),
            Some(token) if !token.is_over() => {
                drop(self.join(account, provider, credentials, Some(token.generation)));
                Ok(token)
            }
            _ => self.join(account, provider, credentials, None).await,
        }
    }

    /// A token in place of one that was refused; `None` when another would be refused as well.
    pub(crate) async fn renew_refused(
        &self,
        account: &Account,
        provider: &Arc<dyn Provider>,
        credentials: &Arc<Credentials>,
        refused: &Token,
    ) -> Result<Option<Token>, ProviderError> {
        if let Some(token) = self
            .inner
            .cached(account)
            .filter(|token| token.generation > refused.generation)
        {
            return Ok(Some(token));
        }
        if refused.age() < YOUNG && !self.inner.may_renew_young(account) {
            return Ok(None);
        }
        self.inner.forget(account);
        self.join(account, provider, credentials, Some(refused.generation))
            .await
            .map(Some)
    }

    /// Keeps a token that was got outside of a renewal, if the account has none of these
    /// credentials yet.
    pub(crate) async fn keep(&self, account: &Account, grant: Grant) -> Result<(), StoreError> {
        renewal::keep(&self.inner, account, grant).await
    }

    /// Waits for renewals under way; none begins afterwards.
    pub async fn close(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Joins the renewal under way, or begins one. A generation up to `beyond` is not good enough.
    fn join(
        &self,
        account: &Account,
        provider: &Arc<dyn Provider>,
        credentials: &Arc<Credentials>,
        beyond: Option<i64>,
    ) -> impl Future<Output = Result<Token, ProviderError>> + use<> {
        let renewal = renewal::Renewal {
            inner: self.inner.clone(),
            account: *account,
            provider: provider.clone(),
            credentials: credentials.clone(),
            beyond,
        };
        let flight = self
            .inner
            .flights
            .join(*account, &self.inner.tasks, || renewal.run());
        let vendor = provider.manifest().vendor;
        async move { flight.await.map_err(|failure| failure.into_error(vendor)) }
    }
}

impl Inner {
    fn cached(&self, account: &Account) -> Option<Token> {
        self.tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(account)
            .cloned()
    }

    pub(crate) fn remember(&self, account: &Account, token: &Token) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|known, _| {
            (known.tenant, known.namespace) != (account.tenant, account.namespace)
        });
        tokens.insert(*account, token.clone());
    }

    fn forget(&self, account: &Account) {
        self.tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(account);
    }

    /// Whether a young token that was refused may be renewed: once, then not for a while.
    fn may_renew_young(&self, account: &Account) -> bool {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|_, at| at.elapsed() < YOUNG);
        match refusals.entry((account.tenant, account.namespace)) {
            std::collections::hash_map::Entry::Occupied(_) => false,
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(tokio::time::Instant::now());
                true
            }
        }
    }
}
