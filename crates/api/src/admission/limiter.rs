//! How much a tenant may ask for at a time.
//!
//! Each process counts by itself: with two replicas behind one address a tenant gets up to twice
//! the quota. What it buys is that no request waits for a counter in the database.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use callweave_model::TenantId;
use callweave_store::{Store, limits::Overrides};
use http::HeaderValue;

use super::bucket::{Bucket, Standing};

/// What every tenant may do in one process, unless it was granted something else; 0 is no limit.
#[derive(Clone, Copy, Debug)]
pub struct TenantLimits {
    /// Requests in `window`.
    pub requests: u32,
    /// The window of `requests`.
    pub window: Duration,
    /// Requests under way at a time.
    pub concurrency: u32,
    /// Exports under way at a time.
    pub exports: u32,
    /// How long what a tenant was granted is taken from memory.
    pub refresh: Duration,
}

impl Default for TenantLimits {
    fn default() -> Self {
        Self {
            requests: 600_000,
            window: Duration::from_secs(60),
            concurrency: 192,
            exports: 2,
            refresh: Duration::from_secs(5),
        }
    }
}

/// The accounts of all tenants that have called.
#[derive(Debug)]
pub(crate) struct Limiter {
    defaults: TenantLimits,
    streams: u32,
    tenants: Mutex<HashMap<TenantId, Arc<Account>>>,
}

/// What one tenant may do, and does.
#[derive(Debug)]
pub(crate) struct Account {
    standing: Mutex<Granted>,
    requests: AtomicU32,
    exports: AtomicU32,
}

#[derive(Debug)]
struct Granted {
    limits: Limits,
    looked_at: Option<Instant>,
    bucket: Bucket,
    policy: Option<HeaderValue>,
}

/// What one tenant may do; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limits {
    requests: u32,
    window: Duration,
    concurrency: u32,
    exports: u32,
    streams: u32,
}

/// Why a request is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Too many in the window; there is room after this long.
    Requests(Duration),
    /// Too many at a time.
    Concurrency,
}

/// A place among the requests, or exports, of a tenant; given back when it goes.
#[derive(Debug)]
pub(crate) struct Permit {
    account: Arc<Account>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Request,
    Export,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.account
            .counter(self.kind)
            .fetch_sub(1, Ordering::AcqRel);
    }
}

impl Limiter {
    pub(crate) fn new(defaults: TenantLimits, streams: usize) -> Self {
        Self {
            defaults,
            streams: u32::try_from(streams).unwrap_or(u32::MAX),
            tenants: Mutex::default(),
        }
    }

    /// The account of a tenant, with what it was granted lately.
    pub(crate) async fn account(&self, store: &Store, tenant: TenantId) -> Arc<Account> {
        let now = Instant::now();
        let account = self.known(tenant, now);
        if account.is_due(now, self.defaults.refresh) {
            match overrides(store, tenant).await {
                Ok(granted) => account.grant(self.limits(granted)),
                // What was known before goes on.
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "The limits of a tenant could not be read"
                ),
            }
        }
        account
    }

    fn known(&self, tenant: TenantId, now: Instant) -> Arc<Account> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tenants.entry(tenant);
        known
            .or_insert_with(|| Arc::new(Account::new(self.limits(Overrides::default()), now)))
            .clone()
    }

    fn limits(&self, granted: Overrides) -> Limits {
        Limits {
            requests: granted.requests.unwrap_or(self.defaults.requests),
            window: self.defaults.window,
            concurrency: granted.concurrency.unwrap_or(self.defaults.concurrency),
            exports: granted.exports.unwrap_or(self.defaults.exports),
            streams: granted.streams.unwrap_or(self.streams),
        }
    }
}

async fn overrides(store: &Store, tenant: TenantId) -> callweave_store::Result<Overrides> {
    let mut tx = store.system().await?;
    let granted = tx.tenant_limits(tenant).await?;
    tx.commit().await?;
    Ok(granted)
}

impl Account {
    fn new(limits: Limits, now: Instant) -> Self {
        Self {
            standing: Mutex::new(Granted {
                bucket: Bucket::full(limits.requests, now),
                policy: policy(&limits),
                limits,
                looked_at: None,
            }),
            requests: AtomicU32::new(0),
            exports: AtomicU32::new(0),
        }
    }

    fn granted(&self) -> MutexGuard<'_, Granted> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn counter(&self, kind: Kind) -> &AtomicU32 {
        match kind {
            Kind::Request => &self.requests,
            Kind::Export => &self.exports,
        }
    }

    /// Whether it is this caller's turn to look what was granted.
    fn is_due(&self, now: Instant, refresh: Duration) -> bool {
        let mut granted = self.granted();
        let due = granted
            .looked_at
            .is_none_or(|at| now.saturating_duration_since(at) >= refresh);
        if due {
            granted.looked_at = Some(now);
        }
        due
    }

    fn grant(&self, limits: Limits) {
        let mut granted = self.granted();
        if granted.limits != limits {
            // A new quota begins whole.
            granted.bucket = Bucket::full(limits.requests, Instant::now());
            granted.policy = policy(&limits);
            granted.limits = limits;
        }
    }

    /// Takes a request in, if there is room for it.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<(Permit, Option<Standing>), Excess> {
        let (standing, concurrency) = {
            let mut granted = self.granted();
            let Limits {
                requests, window, ..
            } = granted.limits;
            let standing = if requests == 0 {
                None
            } else {
                let taken = granted.bucket.take(requests, window, Instant::now());
                Some(taken.map_err(Excess::Requests)?)
            };
            (standing, granted.limits.concurrency)
        };
        let permit = self
            .enter(Kind::Request, concurrency)
            .ok_or(Excess::Concurrency)?;
        Ok((permit, standing))
    }

    /// Takes an export in, if there is room for it.
    pub(crate) fn export(self: &Arc<Self>) -> Option<Permit> {
        let exports = self.granted().limits.exports;
        self.enter(Kind::Export, exports)
    }

    fn enter(self: &Arc<Self>, kind: Kind, limit: u32) -> Option<Permit> {
        let counter = self.counter(kind);
        let entered = counter.fetch_update(Ordering::AcqRel, Ordering::Acquire, |inside| {
            (limit == 0 || inside < limit).then(|| inside + 1)
        });
        entered.ok().map(|_before| Permit {
            account: Arc::clone(self),
            kind,
        })
    }

    /// How many event streams may be open.
    pub(crate) fn streams(&self) -> usize {
        match self.granted().limits.streams {
            0 => usize::MAX,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }

    /// What the tenant may do, as `RateLimit-Policy` says it.
    pub(crate) fn policy(&self) -> Option<HeaderValue> {
        self.granted().policy.clone()
    }
}

/// `RateLimit-Policy`; `None` where there is no limit.
fn policy(limits: &Limits) -> Option<HeaderValue> {
    let mut items = Vec::new();
    if limits.requests > 0 {
        let window = limits.window.as_secs().max(1);
        items.push(format!("\"requests\";q={};w={window}", limits.requests));
    }
    if limits.concurrency > 0 {
        items.push(format!(
            "\"concurrency\";q={};qu=\"concurrent-requests\"",
            limits.concurrency
        ));
    }
    (!items.is_empty())
        .then(|| HeaderValue::from_str(&items.join(", ")).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(requests: u32, concurrency: u32, exports: u32) -> Arc<Account> {
        let limits = Limits {
            requests,
            window: Duration::from_secs(60),
            concurrency,
            exports,
            streams: 0,
        };
        Arc::new(Account::new(limits, Instant::now()))
    }

    #[test]
    fn a_place_is_given_back_when_its_request_goes() {
        let account = account(0, 2, 1);
        let first = account.admit().unwrap();
        let _second = account.admit().unwrap();
        assert_eq!(account.admit().unwrap_err(), Excess::Concurrency);
        drop(first);
        assert!(account.admit().is_ok());
        let export = account.export().unwrap();
        assert!(account.export().is_none());
        drop(export);
        assert!(account.export().is_some());
        assert_eq!(account.streams(), usize::MAX);
    }

    #[test]
    fn a_quota_is_told_and_kept() {
        let account = account(2, 0, 0);
        assert_eq!(account.policy().unwrap(), "\"requests\";q=2;w=60");
        let (_permit, standing) = account.admit().unwrap();
        assert_eq!(standing.unwrap().left, 1);
        account.admit().unwrap();
        let Err(Excess::Requests(wait)) = account.admit() else {
            panic!("the quota was not kept");
        };
        assert!(wait <= Duration::from_secs(30), "{wait:?}");
        account.grant(Limits {
            requests: 0,
            window: Duration::from_secs(60),
            concurrency: 0,
            exports: 0,
            streams: 5,
        });
        assert!(account.admit().unwrap().1.is_none());
        assert!(account.policy().is_none());
        assert_eq!(account.streams(), 5);
    }
}
