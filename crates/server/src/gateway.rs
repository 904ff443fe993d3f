//! Wiring: from a configuration to something that can serve and sync.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use callweave_credentials::{
    broker::{Broker, BrokerOptions},
    connector::{Connector, ConnectorError},
};
use callweave_identity::Verifier;
use callweave_jobs::{JobOptions, Jobs};
use callweave_model::{
    Clock, SystemClock,
    ids::{Ids, RandomIds},
};
use callweave_provider::Registry;
use callweave_store::{Store, clock::DatabaseClock, connections::ConnectionFilter};
use callweave_sync::{Engine, EngineOptions};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tracing::warn;

use crate::{
    config::Config,
    database::{self, Database},
    egress::Outbound,
    issuers,
    key_ring::{self, KeyRing},
    pace::SharedPace,
    request_log::RequestLog,
    telemetry,
};

/// How many connections are looked at in one transaction.
const PAGE: i64 = 200;
/// From so many milliseconds on the operator hears that two clocks differ.
const CLOCKS_DIFFER: i64 = 2_000;

/// What every part of the process shares.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    /// For requests.
    pub(crate) store: Store,
    /// For background work.
    pub(crate) worker_store: Store,
    pub(crate) connector: Connector,
    pub(crate) broker: Broker,
    pub(crate) clock: Arc<dyn Clock>,
    /// The same clock, to be compared with the database's.
    pub(crate) database_clock: Arc<DatabaseClock>,
    pub(crate) ids: Arc<dyn Ids>,
    /// What was asked of vendors.
    pub(crate) request_log: RequestLog,
    /// The same on every replica with the same keys.
    pub(crate) cursor_key: Vec<u8>,
    /// Believes tokens, or not.
    pub(crate) verifier: Arc<Verifier>,
}

/// How a start treats the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Migrate {
    /// Applies what is missing.
    Apply,
    /// Refuses to go on when something is missing.
    Demand,
}

impl Gateway {
    /// Connects, brings the schema up to date, and refuses what would not keep data safe.
    pub(crate) async fn open(
        config: &Config,
        database: &Database,
        registry: Registry,
        migrate: Migrate,
    ) -> anyhow::Result<Self> {
        let database_clock = Arc::new(DatabaseClock::new(Arc::new(SystemClock)));
        let clock: Arc<dyn Clock> = database_clock.clone();
        let ids: Arc<dyn Ids> = Arc::new(RandomIds);
        let ring = key_ring::open(config, database.is_own(), ids.as_ref())?;
        let vault = ring.vault.clone();
        let settings = &config.database;
        let store = database
            .store_of_requests(settings)?
            .with_sealer(Arc::new(vault.clone()));
        // Work that nobody waits for may wait itself.
        let patience = settings.acquire_timeout * 10;
        let worker_store = database
            .store(settings.worker_connections, patience)?
            .beside(&store)
            .with_sealer(Arc::new(vault.clone()));
        database::wait(&store, settings.connect_timeout).await?;
        schema(&store, migrate).await?;
        store
            .verify_isolation()
            .await
            .context("the database would not keep tenants apart")?;
        follow(&database_clock, &store).await?;
        let request_log = RequestLog::new(clock.clone(), ids.clone(), config.vendors.request_log);
        let outbound = Outbound::new(
            &config.egress,
            config.vendors,
            clock.clone(),
            SharedPace::new(worker_store.clone()),
            request_log.clone(),
        )?;
        let verifier = Arc::new(issuers::verifier(&config.auth, &ring, &outbound)?);
        let options = BrokerOptions {
            lease: config.vendors.token_lease,
            at_once: config.vendors.token_renewals,
        };
        let broker = Broker::with_options(
            worker_store.clone(),
            vault.clone(),
            clock.clone(),
            ids.as_ref(),
            options,
        );
        let connector = Connector::new(
            registry,
            Arc::new(outbound),
            vault,
            broker.clone(),
            clock.clone(),
        );
        let gateway = Self {
            cursor_key: cursor_key(&ring),
            verifier,
            store,
            worker_store,
            connector,
            broker,
            clock,
            database_clock,
            ids,
            request_log,
        };
        let sealed = gateway.unopened().await?;
        anyhow::ensure!(
            sealed.is_empty(),
            "the encryption keys ({}) do not open what is stored; give the keys it was sealed with: {}",
            ring.origin,
            sealed.join("; ")
        );
        Ok(gateway)
    }

    /// The pull engine.
    pub(crate) fn engine(&self, sync: &crate::config::Sync) -> Engine {
        let options = EngineOptions {
            workers: sync.workers,
            poll_interval: sync.poll_interval,
            full_walk_interval: sync.full_walk_interval,
            turn: sync.turn,
            lease: sync.lease,
            readiness_deadline: sync.readiness_deadline,
            vendor_retention: (sync.vendor_retention_days > 0)
                .then(|| Duration::from_hours(u64::from(sync.vendor_retention_days) * 24)),
        };
        Engine::new(
            self.worker_store.clone(),
            self.connector.clone(),
            self.clock.clone(),
            self.ids.clone(),
            options,
        )
    }

    /// What passes work to the vendors.
    pub(crate) fn jobs(&self, jobs: &crate::config::Jobs) -> Jobs {
        Jobs::new(
            self.worker_store.clone(),
            self.connector.clone(),
            self.clock.clone(),
            self.ids.clone(),
            job_options(jobs),
        )
    }

    /// Connections whose credentials the keys do not open.
    pub(crate) async fn unopened(&self) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        let mut tx = self.store.system().await?;
        let tenants = tx.list_tenants().await?;
        tx.commit().await?;
        for tenant in tenants {
            let mut filter = ConnectionFilter {
                limit: PAGE,
                ..ConnectionFilter::default()
            };
            loop {
                let mut tx = self.store.tenant(tenant.tenant_id.into()).await?;
                let connections = tx.list_connections(&filter).await?;
                tx.commit().await?;
                for connection in &connections {
                    if let Err(ConnectorError::Sealed(error)) = self.connector.open(connection) {
                        found.push(format!(
                            "connection {} of tenant {:?}: {error}",
                            connection.id, tenant.name
                        ));
                    }
                }
                let Some(last) = connections.last() else {
                    break;
                };
                filter.after = Some((last.created_at, last.id));
            }
        }
        Ok(found)
    }

    /// Waits for token renewals under way, then lets go of the database.
    pub(crate) async fn close(&self) {
        self.broker.close().await;
        self.worker_store.close().await;
        self.store.close().await;
    }
}

/// Sets the clock by the database's, and says so where that makes a difference.
async fn follow(clock: &DatabaseClock, store: &Store) -> anyhow::Result<()> {
    clock
        .compare(store)
        .await
        .context("read the database's clock")?;
    if clock.ahead_ms().abs() > CLOCKS_DIFFER {
        warn!(
            clock.ahead_ms = clock.ahead_ms(),
            "This machine's clock is not the database's; the database's is used, logs apart"
        );
    }
    Ok(())
}

/// How jobs are paced, as it is configured.
pub(crate) fn job_options(jobs: &crate::config::Jobs) -> JobOptions {
    JobOptions {
        workers: jobs.workers,
        per_connection: i64::from(jobs.per_connection),
        lease: jobs.lease,
        deadline: jobs.deadline,
        dialog_deadline: jobs.dialog_deadline,
        settle: jobs.settle,
        low_usage: jobs.low_usage_percent / 100.0,
        traces: telemetry::job_traces(),
    }
}

/// Brings the schema up to date, or refuses to go on without; returns whether migrations were missing.
pub(crate) async fn schema(store: &Store, migrate: Migrate) -> anyhow::Result<bool> {
    let standing = store.standing().await?;
    let missing = !standing.missing.is_empty();
    if let Some(newest) = standing.newer.last() {
        tracing::info!(
            schema.newest = newest,
            "The schema is of a later release; goes on with what it knows"
        );
    }
    match migrate {
        Migrate::Apply => {
            if missing {
                tracing::info!("Applies migrations");
            }
            // Also where none is missing: the gateway's role may be.
            store.migrate().await?;
        }
        Migrate::Demand => {
            anyhow::ensure!(!missing, "migrations are missing; run `callweave migrate`");
        }
    }
    Ok(missing)
}

/// Derived, so that replicas agree without one more secret. A new active key makes cursors of
/// before worthless, which clients are told.
fn cursor_key(ring: &KeyRing) -> Vec<u8> {
    let active = ring
        .text
        .expose_secret()
        .split(',')
        .find(|key| !key.trim().is_empty());
    Sha256::new()
        .chain_update("callweave/1|cursors|")
        .chain_update(active.unwrap_or_default().trim())
        .finalize()
        .to_vec()
}
