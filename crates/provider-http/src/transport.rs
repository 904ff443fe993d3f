//! The process-wide transport and the clients it gives to connections.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use callweave_model::{Clock, ids::AccountId};
use callweave_provider::{HttpClient, manifest::RateBudget};
use tokio::time::Instant;

use crate::{
    certificates::Clients,
    client::{ConnectionClient, Reach},
    egress::Guard,
    lane::Lane,
    limits::{Limits, TransportConfig},
    pace::{MemoryPace, Pace, lock},
};

/// How long the budget of a connection that nobody uses is remembered.
const LANE_KEPT: Duration = Duration::from_mins(10);

/// The TLS set-up of this machine does not work.
#[derive(Debug, thiserror::Error)]
#[error("set up the HTTP client")]
pub struct BuildError(#[source] reqwest::Error);

/// Whose requests a client sends.
#[derive(Clone, Debug)]
pub struct ConnectionScope {
    /// The vendor's key, for metrics and spans.
    pub vendor: &'static str,
    /// The vendor account: its clients share one rate budget, one pause and one circuit breaker.
    pub account: AccountId,
    /// Where requests must go: another scheme, host or port is refused. `None` leaves only the
    /// egress guard.
    pub base_url: Option<String>,
    /// The authority, in PEM, that the vendor's certificate must be signed by, in place of the public
    /// ones. Where it cannot be read nothing is sent.
    pub ca_certificate: Option<String>,
    /// How hard the account may be driven.
    pub rate_budget: RateBudget,
    /// Other limits than the transport's.
    pub limits: Option<Limits>,
}

/// The one HTTP client of the process: one connection pool, one guard, one clock.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    shared: Arc<Shared>,
}

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Shared {
    http: reqwest::Client,
    trusting: Clients,
    pub(crate) guard: Guard,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pace: Arc<dyn Pace>,
    config: TransportConfig,
    lanes: Mutex<HashMap<AccountId, Arc<Lane>>>,
}

impl HttpTransport {
    /// A transport whose pauses are known to this process only.
    pub fn new(
        config: TransportConfig,
        guard: Guard,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        Self::with_pace(config, guard, clock, Arc::new(MemoryPace::default()))
    }

    /// A transport whose pauses are kept elsewhere.
    pub fn with_pace(
        config: TransportConfig,
        guard: Guard,
        clock: Arc<dyn Clock>,
        pace: Arc<dyn Pace>,
    ) -> Result<Self, BuildError> {
        let http = builder(&config, &guard).build().map_err(BuildError)?;
        let shared = Shared {
            http,
            trusting: Clients::default(),
            guard,
            clock,
            pace,
            config,
            lanes: Mutex::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The client of one connection. Cheap; clients of one connection share its rate budget.
    pub fn for_connection(&self, scope: ConnectionScope) -> Arc<dyn HttpClient> {
        let lane = self.shared.lane(&scope);
        let limits = scope.limits.unwrap_or(self.shared.config.limits);
        let (http, reach) = match &scope.ca_certificate {
            None => (
                self.shared.http.clone(),
                Reach::of(scope.base_url.as_deref()),
            ),
            Some(pem) => match self.shared.trusting(pem) {
                Some(http) => (http, Reach::of(scope.base_url.as_deref())),
                None => (self.shared.http.clone(), Reach::Nowhere),
            },
        };
        Arc::new(ConnectionClient::new(
            Arc::clone(&self.shared),
            http,
            scope,
            reach,
            lane,
            limits,
        ))
    }
}

/// What is the same for every client of the process.
fn builder(config: &TransportConfig, guard: &Guard) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("callweave/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(config.keep_alive)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .dns_resolver(guard.clone())
}

impl Shared {
    /// The client that trusts the authority of this certificate only.
    fn trusting(&self, pem: &str) -> Option<reqwest::Client> {
        self.trusting.of(pem, |certificates| {
            builder(&self.config, &self.guard)
                .tls_certs_only(certificates)
                .build()
                .map_err(BuildError)
        })
    }

    fn lane(&self, scope: &ConnectionScope) -> Arc<Lane> {
        let budget = scope.rate_budget;
        let mut lanes = lock(&self.lanes);
        let now = Instant::now();
        lanes.retain(|_, lane| {
            Arc::strong_count(lane) > 1 || now.duration_since(lane.last_used()) < LANE_KEPT
        });
        match lanes.get(&scope.account) {
            Some(lane) if lane.serves(budget) => Arc::clone(lane),
            _ => {
                let lane = Arc::new(Lane::new(scope.vendor, budget));
                lanes.insert(scope.account, Arc::clone(&lane));
                lane
            }
        }
    }
}
