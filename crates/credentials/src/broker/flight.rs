//! Single flight: everybody who waits for one account's token waits for one spawned task.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callweave_provider::{ErrorKind, ProviderError, Retry};
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tokio_util::task::TaskTracker;

use super::{Account, Token};

/// Why no token could be had; shared by all who waited.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) operation: &'static str,
    pub(crate) kind: ErrorKind,
    pub(crate) retry: Retry,
    pub(crate) status: Option<u16>,
    pub(crate) vendor_code: Option<String>,
    pub(crate) message: Option<String>,
}

impl Failure {
    /// Our own side failed, or it is too early: try again after a pause.
    pub(crate) fn pause(message: &str, pause: Duration) -> Self {
        Self {
            operation: "token",
            kind: ErrorKind::VendorFailure,
            retry: Retry::After(pause),
            status: None,
            vendor_code: None,
            message: Some(message.to_owned()),
        }
    }

    /// The credentials were refused; only their owner can help.
    pub(crate) fn rejected(message: &str) -> Self {
        Self {
            operation: "token",
            kind: ErrorKind::InvalidCredentials,
            retry: Retry::Never,
            status: None,
            vendor_code: None,
            message: Some(message.to_owned()),
        }
    }

    pub(crate) fn into_error(self, vendor: &'static str) -> ProviderError {
        let mut error =
            ProviderError::new(vendor, self.operation, self.kind).with_retry(self.retry);
        error.status = self.status;
        error.vendor_code = self.vendor_code;
        error.message = self.message;
        error
    }
}

impl From<&ProviderError> for Failure {
    fn from(error: &ProviderError) -> Self {
        Self {
            operation: error.operation,
            kind: error.kind,
            retry: error.retry,
            status: error.status,
            vendor_code: error.vendor_code.clone(),
            message: error.message.clone(),
        }
    }
}

type Flight = Shared<BoxFuture<'static, Result<Token, Failure>>>;

/// The renewals under way in this process.
#[derive(Clone, Default)]
pub(crate) struct Flights {
    under_way: Arc<Mutex<HashMap<Account, Flight>>>,
}

impl std::fmt::Debug for Flights {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Flights").finish_non_exhaustive()
    }
}

impl Flights {
    /// The renewal of this account that is under way, or the one that `begin` begins. It runs in
    /// a task of its own and is forgotten on success, error and panic alike.
    pub(crate) fn join<F>(
        &self,
        account: Account,
        tasks: &TaskTracker,
        begin: impl FnOnce() -> F,
    ) -> Flight
    where
        F: Future<Output = Result<Token, Failure>> + Send + 'static,
    {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = under_way.get(&account) {
            return flight.clone();
        }
        let work = std::panic::AssertUnwindSafe(begin()).catch_unwind();
        let flights = self.clone();
        let task = tasks.spawn(async move {
            let result = work.await.unwrap_or_else(|_panic| {
                Err(Failure::pause(
                    "the renewal of a token panicked",
                    Duration::from_secs(5),
                ))
            });
            flights
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&account);
            result
        });
        let ended = |_error| {
            Err(Failure::pause(
                "the gateway is shutting down",
                Duration::from_secs(5),
            ))
        };
        let flight = task
            .map(move |joined| joined.unwrap_or_else(ended))
            .boxed()
            .shared();
        under_way.insert(account, flight.clone());
        flight
    }
}
