//! The token broker.
//!
//! One row a vendor account holds the token; whoever renews it holds the row's lease, and saves
//! only while it still does. In the process, everybody who waits for the same account waits for
//! the same spawned task, which no caller can cancel.

mod endpoints;
mod flight;
mod granting;
mod life;
mod renewal;
mod saving;
mod secrets;
mod standing;
mod token;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callweave_model::{Clock, TenantId, ids::Ids};
use callweave_provider::{Credentials, Grant, Provider, ProviderError};
use callweave_store::{Store, StoreError, TenantTx};
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::vault::Vault;
use flight::{Failure, Flights};
use renewal::Need;
pub use standing::{Standing, TokenState};
pub use token::Token;

/// A token younger than this that is refused points at the endpoint or the rights, not at the
/// token: it is renewed once, and then not again until it is older.
const YOUNG: Duration = Duration::from_secs(60);

/// Background renewals of one account are begun at least so far apart.
const AHEAD_GAP: Duration = Duration::from_secs(10);

/// How often a caller joins a renewal that brings no newer token than the refused one.
const JOINS: usize = 3;

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

/// How renewals are bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerOptions {
    /// How long a renewal belongs to a process that gives no sign of life: after a crash another
    /// one takes over that much later.
    pub lease: Duration,
    /// Renewals at one vendor at the same time, over all replicas.
    pub at_once: u32,
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            at_once: 4,
        }
    }
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
    pub(crate) options: BrokerOptions,
    tokens: Mutex<HashMap<Account, Token>>,
    /// The refused generation for which an account's token was last renewed although it was
    /// young, and when.
    refusals: Mutex<HashMap<(TenantId, Uuid), (i64, Instant)>>,
    /// When a background renewal was last begun.
    ahead: Mutex<HashMap<Account, Instant>>,
    flights: Flights,
    vendors: Mutex<HashMap<&'static str, Arc<Semaphore>>>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

/// What came of asking for a token in place of a refused one.
#[derive(Debug)]
pub(crate) enum Renewed {
    /// Another one.
    Token(Token),
    /// None: another would be refused as well.
    Pointless,
}

impl Broker {
    /// A broker of this process.
    pub fn new(store: Store, vault: Vault, clock: Arc<dyn Clock>, ids: &dyn Ids) -> Self {
        Self::with_options(store, vault, clock, ids, BrokerOptions::default())
    }

    /// The same with other bounds.
    pub fn with_options(
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
        ids: &dyn Ids,
        options: BrokerOptions,
    ) -> Self {
        let inner = Inner {
            store,
            vault,
            clock,
            owner: ids.next(),
            options,
            tokens: Mutex::default(),
            refusals: Mutex::default(),
            ahead: Mutex::default(),
            flights: Flights::default(),
            vendors: Mutex::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
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
                if self.inner.may_renew_ahead(account) {
                    let need = Need::Ahead(token.generation);
                    drop(self.join(account, provider, credentials, need));
                }
                Ok(token)
            }
            _ => self.join(account, provider, credentials, Need::Any).await,
        }
    }

    /// A token in place of one that an operation refused.
    pub(crate) async fn renew_refused(
        &self,
        account: &Account,
        provider: &Arc<dyn Provider>,
        credentials: &Arc<Credentials>,
        refused: &Token,
        operation: &'static str,
    ) -> Result<Renewed, ProviderError> {
        let rests = endpoints::rests(&self.inner, account, operation).await;
        let vendor = provider.manifest().vendor;
        if rests.map_err(|error| Failure::from(error).into_error(vendor))? {
            return Ok(Renewed::Pointless);
        }
        let newer = |token: &Token| token.generation > refused.generation;
        if let Some(token) = self.inner.cached(account).filter(newer) {
            return Ok(Renewed::Token(token));
        }
        if refused.age() < YOUNG && !self.inner.may_renew_young(account, refused.generation) {
            return Ok(Renewed::Pointless);
        }
        self.inner.forget(account, refused.generation);
        let need = Need::Refused(refused.generation);
        // A renewal that began before the refusal was known may still bring the refused token.
        for _ in 0..JOINS {
            let token = self.join(account, provider, credentials, need).await?;
            if newer(&token) {
                return Ok(Renewed::Token(token));
            }
        }
        Ok(Renewed::Pointless)
    }

    /// An operation refused a token that was renewed for it.
    pub(crate) async fn endpoint_refused(&self, account: &Account, operation: &'static str) {
        if let Err(error) = endpoints::refused(&self.inner, account, operation).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "That an endpoint refuses a fresh token could not be noted"
            );
        }
    }

    /// Keeps a token that was got outside of a renewal, if the account has none yet.
    pub(crate) async fn keep(
        &self,
        tx: &mut TenantTx,
        account: &Account,
        credentials: &Credentials,
        grant: Grant,
    ) -> Result<(), StoreError> {
        saving::keep(&self.inner, tx, account, credentials, grant).await
    }

    /// Ends: what waits gives up, a vendor's answer that is on its way is still saved, and no
    /// renewal begins afterwards.
    pub async fn close(&self) {
        self.inner.closing.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Joins the renewal under way, or begins one.
    fn join(
        &self,
        account: &Account,
        provider: &Arc<dyn Provider>,
        credentials: &Arc<Credentials>,
        need: Need,
    ) -> impl Future<Output = Result<Token, ProviderError>> + use<> {
        let renewal = renewal::Renewal {
            inner: self.inner.clone(),
            account: *account,
            provider: provider.clone(),
            credentials: credentials.clone(),
            need,
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
        locked(&self.tokens).get(account).cloned()
    }

    pub(crate) fn remember(&self, account: &Account, token: &Token) {
        let mut tokens = locked(&self.tokens);
        tokens.retain(|known, _| {
            (known.tenant, known.namespace) != (account.tenant, account.namespace)
        });
        tokens.insert(*account, token.clone());
    }

    fn forget(&self, account: &Account, generation: i64) {
        let mut tokens = locked(&self.tokens);
        if tokens
            .get(account)
            .is_some_and(|token| token.generation <= generation)
        {
            tokens.remove(account);
        }
    }

    /// Whether it is time for another background renewal.
    fn may_renew_ahead(&self, account: &Account) -> bool {
        let mut ahead = locked(&self.ahead);
        ahead.retain(|_, at| at.elapsed() < AHEAD_GAP);
        let may = !ahead.contains_key(account);
        ahead.entry(*account).or_insert_with(Instant::now);
        may
    }

    /// Whether a young token that was refused may be renewed: one generation, then none for a
    /// while. All who were refused with the same generation get the same answer.
    fn may_renew_young(&self, account: &Account, generation: i64) -> bool {
        let mut refusals = locked(&self.refusals);
        refusals.retain(|_, (_, at)| at.elapsed() < YOUNG);
        match refusals.entry((account.tenant, account.namespace)) {
            Entry::Occupied(entry) => generation <= entry.get().0,
            Entry::Vacant(entry) => {
                entry.insert((generation, Instant::now()));
                true
            }
        }
    }

    /// This process's places for renewals at one vendor; those of all processes are counted in the
    /// database, where fewer then wait in line.
    fn places(&self, vendor: &'static str) -> Arc<Semaphore> {
        let mut vendors = locked(&self.vendors);
        let at_once = usize::try_from(self.options.at_once.max(1)).unwrap_or(1);
        let fresh = || Arc::new(Semaphore::new(at_once));
        Arc::clone(vendors.entry(vendor).or_insert_with(fresh))
    }
}

/// Locks state that each holder changes in one step, so that a panic leaves nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
