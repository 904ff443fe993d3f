//! What every handler is given.

use std::{fmt, sync::Arc, time::Duration};

use callweave_credentials::connector::Connector;
use callweave_identity::Verifier;
use callweave_jobs::{JobOptions, Jobs};
use callweave_model::{Clock, Timestamp, ids::Ids};
use callweave_store::Store;
use http::HeaderValue;
use ipnet::IpNet;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    admission::{Failures, GuessLimits, Limiter, TenantLimits, Throttle},
    audit::Book,
    authenticator::{Authenticator, Guards},
    cursor::CursorKey,
    feed::{self, FeedOptions, Hub},
    live::Opened,
    trace::SpanLink,
};

/// Writes the Prometheus page.
pub type MetricsPage = Arc<dyn Fn() -> String + Send + Sync>;

/// What an operator may set.
#[derive(Clone)]
pub struct ApiOptions {
    /// The largest body of a request, in bytes.
    pub body_limit: usize,
    /// Requests below `/v1` under way at a time; more are turned away with 503.
    pub concurrency: usize,
    /// Origins that browsers may call from; none by default.
    pub cors_origins: Vec<HeaderValue>,
    /// Where the pages of problem codes stand; the gateway's own by default.
    pub problem_pages: String,
    /// How long a key that was found, and a connection that was opened, are taken from memory.
    /// Revocation takes this long to be seen by other replicas.
    pub key_cache: Duration,
    /// How long a token that the gateway makes may live.
    pub token_life: Duration,
    /// Writes the page of `/metrics`; without it the page answers 404.
    pub metrics: Option<MetricsPage>,
    /// How the feed of events is followed.
    pub feed: FeedOptions,
    /// The largest recording that is passed on to a vendor, in bytes.
    pub upload_limit: u64,
    /// How jobs are paced.
    pub jobs: JobOptions,
    /// What every tenant may do at a time.
    pub limits: TenantLimits,
    /// How often one address may fail to show a key.
    pub guesses: GuessLimits,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Ties requests to traces that are sent to a collector.
    pub span_link: Option<SpanLink>,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            concurrency: 256,
            cors_origins: Vec::new(),
            problem_pages: "/docs/errors".to_owned(),
            key_cache: Duration::from_millis(500),
            token_life: Duration::from_hours(1),
            metrics: None,
            feed: FeedOptions::default(),
            upload_limit: 2 * 1024 * 1024 * 1024,
            jobs: JobOptions::default(),
            limits: TenantLimits::default(),
            guesses: GuessLimits::default(),
            trusted_proxies: Vec::new(),
            span_link: None,
        }
    }
}

impl fmt::Debug for ApiOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiOptions")
            .field("body_limit", &self.body_limit)
            .field("concurrency", &self.concurrency)
            .field("cors_origins", &self.cors_origins)
            .finish_non_exhaustive()
    }
}

/// What every handler is given. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ApiState {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    connector: Connector,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    cursor_key: CursorKey,
    authenticator: Authenticator,
    limiter: Limiter,
    opened: Opened,
    audit_book: Book,
    verifier: Arc<Verifier>,
    options: ApiOptions,
    permits: Arc<Semaphore>,
    tasks: TaskTracker,
    draining: CancellationToken,
    feed: Arc<Hub>,
    jobs: Jobs,
}

impl ApiState {
    /// The state of one gateway. `cursor_key` must be the same on every replica.
    pub fn new(
        store: Store,
        connector: Connector,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        cursor_key: CursorKey,
        verifier: Arc<Verifier>,
        options: ApiOptions,
    ) -> Self {
        let (tasks, draining) = (TaskTracker::new(), CancellationToken::new());
        let guards = Guards {
            throttle: Throttle::new(options.guesses),
            failures: Failures::new(
                store.clone(),
                options.guesses.window,
                tasks.clone(),
                draining.clone(),
            ),
            tasks: tasks.clone(),
        };
        let authenticator = Authenticator::new(
            store.clone(),
            clock.clone(),
            verifier.clone(),
            options.key_cache,
            guards,
        );
        let limiter = Limiter::new(options.limits, options.feed.max_streams_per_tenant);
        let opened = Opened::new(options.key_cache);
        let permits = Arc::new(Semaphore::new(options.concurrency));
        let feed = Arc::new(Hub::new(options.feed));
        let jobs = Jobs::new(
            store.clone(),
            connector.clone(),
            clock.clone(),
            ids.clone(),
            options.jobs.clone(),
        );
        Self {
            inner: Arc::new(Inner {
                store,
                connector,
                clock,
                ids,
                cursor_key,
                authenticator,
                limiter,
                opened,
                audit_book: Book::default(),
                verifier,
                options,
                permits,
                tasks,
                draining,
                feed,
                jobs,
            }),
        }
    }

    /// Says from now on that the gateway is not ready: requests under way are finished, event
    /// streams end, new requests should go elsewhere.
    pub fn begin_drain(&self) {
        self.inner.draining.cancel();
    }

    /// Looks for new events on behalf of all event streams, until `shutdown`. Without it streams
    /// tell only what happened before they began.
    pub async fn watch_events(self, shutdown: CancellationToken) {
        feed::watch(self, shutdown).await;
    }

    /// Waits for requests that go on although their callers have left.
    pub async fn finish(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.inner.tasks
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.inner.draining.is_cancelled()
    }

    pub(crate) fn draining(&self) -> &CancellationToken {
        &self.inner.draining
    }

    pub(crate) fn feed(&self) -> &Arc<Hub> {
        &self.inner.feed
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn jobs(&self) -> &Jobs {
        &self.inner.jobs
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.inner.connector
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn ids(&self) -> &dyn Ids {
        self.inner.ids.as_ref()
    }

    pub(crate) fn cursor_key(&self) -> &CursorKey {
        &self.inner.cursor_key
    }

    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.inner.authenticator
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.inner.limiter
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.inner.opened
    }

    pub(crate) fn audit_book(&self) -> &Book {
        &self.inner.audit_book
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.inner.verifier
    }

    pub(crate) fn options(&self) -> &ApiOptions {
        &self.inner.options
    }

    pub(crate) fn permits(&self) -> &Arc<Semaphore> {
        &self.inner.permits
    }
}
