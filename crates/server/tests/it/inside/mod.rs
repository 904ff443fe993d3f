//! Gateways without a process around them, against the sandbox over real HTTP: each replica has its
//! own pool, broker, HTTP client and engine, and shares nothing with others but the database. Its
//! clock can be moved, the vendors' with it. The sandbox's ledger is the judge.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use callweave_credentials::{
    broker::{Broker, BrokerOptions},
    connector::{Connector, Destination, OpenConnection, Transport},
    vault::{Vault, generate_key},
};
use callweave_model::{
    Clock, ConnectionId, SystemClock, TenantId, Timestamp, connection::ConnectionState,
    ids::RandomIds,
};
use callweave_postgres::testing::TestDatabase;
use callweave_provider::{
    Account, Credentials, HttpClient, ProviderError, Settings, manifest::RateBudget,
};
use callweave_provider_http::{
    ConnectionScope, HttpTransport, Limits, TransportConfig, egress::Guard,
};
use callweave_sandbox::{Action, FaultSpec, LedgerEntry, Sandbox, SandboxConfig, Vendor};
use callweave_store::{Options, Store, clock::DatabaseClock, connections::Connection};
use callweave_sync::{Engine, EngineOptions};
use serde_json::Value;
use uuid::Uuid;

mod broken_answers;
mod clocks;
mod ending;
mod figures;
mod shared_tokens;

/// The machine's clock, moved.
#[derive(Debug, Default)]
pub(crate) struct MovedClock(AtomicI64);

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        let millis = SystemClock.now().as_millis() + self.0.load(Ordering::SeqCst);
        Timestamp::from_millis(millis).unwrap()
    }
}

/// A sandbox, a database and a tenant.
pub(crate) struct Inside {
    pub(crate) sandbox: Sandbox,
    pub(crate) tenant: TenantId,
    pub(crate) database: TestDatabase,
    clock: Arc<MovedClock>,
    key: String,
    numbers: AtomicU64,
}

/// One replica of the gateway.
#[derive(Clone)]
pub(crate) struct Replica {
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) connector: Connector,
    pub(crate) clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Outside(HttpTransport);

impl Transport for Outside {
    fn client(&self, destination: Destination<'_>) -> Arc<dyn HttpClient> {
        self.0.for_connection(ConnectionScope {
            vendor: destination.vendor,
            account: destination.account,
            base_url: destination.base_url.map(str::to_owned),
            ca_certificate: None,
            // Tests wait for nothing but what they are about.
            rate_budget: RateBudget {
                requests_per_second: 1_000,
                concurrency: 16,
            },
            limits: None,
        })
    }

    fn check_url(&self, _url: &str) -> Result<(), String> {
        Ok(())
    }

    fn check_certificate(&self, _pem: &str) -> Result<(), String> {
        Ok(())
    }
}

fn options(url: &str, max_connections: u32) -> Options {
    Options {
        url: url.to_owned().into(),
        max_connections,
        acquire_timeout: Duration::from_secs(60),
    }
}

impl Inside {
    pub(crate) async fn new(calls_per_vendor: u32) -> Self {
        let sandbox = Sandbox::start(SandboxConfig {
            calls_per_vendor,
            ..SandboxConfig::default()
        })
        .await
        .unwrap();
        let database = TestDatabase::from_template("server", |url| async move {
            let store = Store::connect(&options(&url, 2)).unwrap();
            store.migrate().await.unwrap();
            store.close().await;
        })
        .await;
        let store = Store::connect(&options(database.url(), 1)).unwrap();
        let mut tx = store.system().await.unwrap();
        let tenant = tx.ensure_tenant("acme").await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;
        Self {
            sandbox,
            tenant,
            database,
            clock: Arc::default(),
            key: generate_key("k1"),
            numbers: AtomicU64::new(1),
        }
    }

    /// Another replica.
    pub(crate) fn replica(&self) -> Replica {
        self.replica_with(8)
    }

    /// Another replica with so many connections to the database.
    pub(crate) fn replica_with(&self, pool: u32) -> Replica {
        self.replica_by(pool, Arc::<MovedClock>::clone(&self.clock))
    }

    /// Another replica, on a machine whose clock is this far off; as a process does, it follows the
    /// database's.
    pub(crate) async fn replica_off_by(&self, millis: i64) -> Replica {
        let machine = Arc::new(MovedClock::default());
        machine.0.store(millis, Ordering::SeqCst);
        let clock = Arc::new(DatabaseClock::new(machine));
        let replica = self.replica_by(4, Arc::<DatabaseClock>::clone(&clock));
        clock.compare(&replica.store).await.unwrap();
        replica
    }

    fn replica_by(&self, pool: u32, clock: Arc<dyn Clock>) -> Replica {
        let store = Store::connect(&options(self.database.url(), pool)).unwrap();
        let vault = Vault::parse(&self.key).unwrap();
        let broker = Broker::with_options(
            store.clone(),
            vault.clone(),
            clock.clone(),
            &RandomIds,
            BrokerOptions::default(),
        );
        let guard = Guard::new(["127.0.0.0/8".parse().unwrap()]);
        let config = TransportConfig {
            limits: Limits {
                queue: Duration::from_secs(60),
                ..Limits::default()
            },
            ..TransportConfig::default()
        };
        let transport = HttpTransport::new(config, guard, clock.clone()).unwrap();
        let connector = Connector::new(
            callweave_registry::vendors(),
            Arc::new(Outside(transport)),
            vault,
            broker.clone(),
            clock.clone(),
        );
        Replica {
            store,
            broker,
            connector,
            clock,
        }
    }

    /// The account of a vendor as the sandbox has it.
    pub(crate) fn account(&self, vendor: Vendor) -> (Settings, Credentials) {
        let all = self.sandbox.world().credentials(&self.sandbox.base_url());
        let connection = &all[vendor.key()]["connection"];
        let credentials = connection["credentials"].as_object().unwrap();
        let members = credentials
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned().into()));
        let settings = connection["settings"].as_object().unwrap().clone();
        (Settings(settings), Credentials::new(members))
    }

    /// Stores a connection, as one that was made while its vendor could not be reached.
    pub(crate) async fn connect(
        &self,
        replica: &Replica,
        vendor: Vendor,
        settings: Settings,
        credentials: &Credentials,
    ) -> Connection {
        let id = ConnectionId(Uuid::from_u128(u128::from(
            self.numbers.fetch_add(1, Ordering::SeqCst),
        )));
        let connector = &replica.connector;
        let validated = connector
            .validate(vendor.key(), &settings, credentials)
            .unwrap();
        let now = self.clock.now();
        let connection = Connection {
            tenant_id: self.tenant,
            id,
            vendor: vendor.key().to_owned(),
            name: vendor.key().to_owned(),
            state: ConnectionState::Connecting,
            state_reason: None,
            settings: settings.0,
            tags: serde_json::Map::new(),
            account_name: None,
            namespace: self.tenant.namespace(vendor.key(), &validated.account_key),
            credential_names: credentials.names().map(str::to_owned).collect(),
            credentials_version: 1,
            sealed_credentials: connector.seal(self.tenant, id, credentials).unwrap(),
            version: 1,
            created_at: now,
            modified_at: now,
            last_ok_at: None,
            last_error: None,
            token: None,
        };
        let mut tx = replica.store.tenant(self.tenant).await.unwrap();
        tx.insert_connection(&connection).await.unwrap();
        tx.commit().await.unwrap();
        connection
    }

    /// The connection as it stands now.
    pub(crate) async fn stored(&self, replica: &Replica, id: ConnectionId) -> Connection {
        let mut tx = replica.store.tenant(self.tenant).await.unwrap();
        let connection = tx.find_connection(id).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        connection
    }

    /// Moves our clock and the vendors'.
    pub(crate) fn forward(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        let offset = self.clock.0.fetch_add(millis, Ordering::SeqCst) + millis;
        self.sandbox.world().set_clock_offset_ms(offset);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn fault(&self, fault: FaultSpec) {
        self.sandbox.world().add_fault(fault);
    }

    /// The vendor's ledger.
    pub(crate) fn ledger(&self, vendor: Vendor) -> Vec<LedgerEntry> {
        let (mut entries, mut after) = (Vec::new(), 0);
        loop {
            let page = self.sandbox.world().ledger_page(vendor, after, 5_000);
            entries.extend(page.entries);
            after = page.next_after;
            if !page.more {
                return entries;
            }
        }
    }

    /// What the ledger says about tokens and logins.
    pub(crate) fn tally(&self, vendor: Vendor) -> Tally {
        let ledger = self.ledger(vendor);
        let count = |action: Action| ledger.iter().filter(|entry| entry.action == action).count();
        let reused = |entry: &&LedgerEntry| {
            entry.action == Action::Rejected && entry.facts["problem"] == "spent_reuse"
        };
        Tally {
            logins: count(Action::Login),
            rejected_logins: count(Action::LoginRejected),
            refreshes: count(Action::Spent),
            reused: ledger.iter().filter(reused).count(),
        }
    }

    /// The events so far, by type and connection, in the order in which they happened.
    pub(crate) async fn events(&self) -> Vec<(String, Uuid, Value)> {
        let pool = self.database.pool().await;
        sqlx::query_as("SELECT type, connection_id, data FROM events ORDER BY id")
            .fetch_all(&pool)
            .await
            .unwrap()
    }

    /// The types of a connection's events.
    pub(crate) async fn event_types(&self, id: ConnectionId) -> Vec<String> {
        let events = self.events().await;
        events
            .into_iter()
            .filter(|(_, connection, _)| *connection == id.0)
            .map(|(event_type, _, _)| event_type)
            .collect()
    }
}

/// What a vendor counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) logins: usize,
    pub(crate) rejected_logins: usize,
    /// Refresh tokens that bought a new pair.
    pub(crate) refreshes: usize,
    /// Refresh tokens that were used a second time.
    pub(crate) reused: usize,
}

impl Replica {
    pub(crate) fn open(&self, connection: &Connection) -> OpenConnection {
        self.connector.open(connection).unwrap()
    }

    /// The vendor's cheapest authenticated call.
    pub(crate) async fn check(&self, connection: &Connection) -> Result<Account, ProviderError> {
        let open = self.open(connection);
        let provider = open.provider().clone();
        open.run("test", |access| {
            let provider = provider.clone();
            Box::pin(async move { provider.check(&access.context()).await })
        })
        .await
    }

    pub(crate) fn engine(&self) -> Engine {
        let options = EngineOptions {
            workers: 1,
            poll_interval: Duration::ZERO,
            full_walk_interval: Duration::from_hours(1),
            ..EngineOptions::default()
        };
        Engine::new(
            self.store.clone(),
            self.connector.clone(),
            self.clock.clone(),
            Arc::new(RandomIds),
            options,
        )
    }
}

/// The ids of all stored calls, by connection.
pub(crate) async fn calls(inside: &Inside) -> BTreeMap<Uuid, usize> {
    let pool = inside.database.pool().await;
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT connection_id, count(*) FROM calls WHERE deleted_at IS NULL GROUP BY 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    rows.into_iter()
        .map(|(connection, count)| (connection, usize::try_from(count).unwrap()))
        .collect()
}
