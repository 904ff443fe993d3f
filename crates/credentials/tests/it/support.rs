//! A tenant with one connection to the fake vendor, replicas that serve it, and a clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use callweave_credentials::{
    broker::Broker,
    connector::{Connector, Destination, OpenConnection, Transport},
    vault::{Vault, generate_key},
};
use callweave_model::{
    Clock, ConnectionId, TenantId, Timestamp, connection::ConnectionState, ids::RandomIds,
};
use callweave_postgres::testing::TestDatabase;
use callweave_provider::{Account, Credentials, HttpClient, ProviderError, Registry};
use callweave_provider_testkit::{
    CannedClient,
    fake::{FakeFactory, FakeVendor, VENDOR, operation},
};
use callweave_store::{Options, Store, connections::Connection, tokens::TokenRow};
use uuid::Uuid;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn new() -> Arc<Self> {
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        Arc::new(Self(AtomicI64::new(start.as_millis())))
    }

    pub(crate) fn forward(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(crate) fn back(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// The fake vendor needs no way out.
#[derive(Debug)]
struct NoTransport;

impl Transport for NoTransport {
    fn client(&self, _destination: Destination<'_>) -> Arc<dyn HttpClient> {
        CannedClient::new().shared()
    }

    fn check_certificate(&self, _pem: &str) -> Result<(), String> {
        Ok(())
    }

    fn check_url(&self, _url: &str) -> Result<(), String> {
        Ok(())
    }
}

pub(crate) struct Home {
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) factory: FakeFactory,
    pub(crate) vendor: FakeVendor,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) key: String,
    numbers: AtomicU64,
    database: TestDatabase,
}

/// A tenant without connections.
pub(crate) async fn home() -> Home {
    let database = TestDatabase::from_template("credentials", |url| async move {
        let store = Store::connect(&options(&url)).unwrap();
        store.migrate().await.unwrap();
        store.close().await;
    })
    .await;
    let store = Store::connect(&options(database.url())).unwrap();
    let mut tx = store.system().await.unwrap();
    let tenant = tx.ensure_tenant("acme").await.unwrap();
    tx.commit().await.unwrap();
    let factory = FakeFactory::new();
    let clock = HandClock::new();
    let vendor = factory.main();
    vendor.set_clock(Arc::<HandClock>::clone(&clock));
    Home {
        store,
        tenant,
        vendor,
        factory,
        clock,
        key: generate_key("k1"),
        numbers: AtomicU64::new(1),
        database,
    }
}

fn options(url: &str) -> Options {
    Options {
        url: url.to_owned().into(),
        max_connections: 8,
        acquire_timeout: Duration::from_secs(10),
    }
}

pub(crate) fn password(text: &str) -> Credentials {
    Credentials::new([("password".to_owned(), text.to_owned().into())])
}

impl Home {
    /// One replica of the gateway: nothing but the database is shared with others.
    pub(crate) fn replica(&self) -> Replica {
        let vault = Vault::parse(&self.key).unwrap();
        let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
        let broker = Broker::new(self.store.clone(), vault.clone(), clock.clone(), &RandomIds);
        let registry = Registry::new().with(self.factory.clone());
        let connector = Connector::new(
            registry,
            Arc::new(NoTransport),
            vault,
            broker.clone(),
            clock,
        );
        Replica { connector, broker }
    }

    /// A stored connection to the main account.
    pub(crate) async fn connection(&self, credentials: &Credentials) -> Connection {
        self.connection_to("main", credentials).await
    }

    /// A stored connection to an account.
    pub(crate) async fn connection_to(
        &self,
        account: &str,
        credentials: &Credentials,
    ) -> Connection {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let id = ConnectionId(Uuid::from_u128(u128::from(number)));
        let sealed = self
            .replica()
            .connector
            .seal(self.tenant, id, credentials)
            .unwrap();
        let connection = Connection {
            tenant_id: self.tenant,
            id,
            vendor: VENDOR.into(),
            name: "Fake".into(),
            state: ConnectionState::Connecting,
            state_reason: None,
            settings: serde_json::Map::from_iter([("account".to_owned(), account.into())]),
            tags: serde_json::Map::new(),
            account_name: None,
            namespace: self.tenant.namespace(VENDOR, account),
            credential_names: vec!["password".into()],
            credentials_version: 1,
            sealed_credentials: sealed,
            version: 1,
            created_at: self.clock.now(),
            modified_at: self.clock.now(),
            last_ok_at: None,
            last_error: None,
            token: None,
        };
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        tx.insert_connection(&connection).await.unwrap();
        tx.commit().await.unwrap();
        connection
    }

    /// The connection after its owner replaced the credentials.
    pub(crate) async fn replace(&self, old: &Connection, credentials: &Credentials) -> Connection {
        let sealed = self
            .replica()
            .connector
            .seal(self.tenant, old.id, credentials)
            .unwrap();
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        let names = ["password".to_owned()];
        tx.replace_credentials(old.id, &sealed, &names, self.clock.now())
            .await
            .unwrap();
        let connection = tx.find_connection(old.id).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        connection
    }

    /// Takes the table of tokens away, as a database does that fails for a while, or gives it back.
    pub(crate) async fn set_tokens_away(&self, away: bool) {
        let (from, to) = if away {
            ("tokens", "away")
        } else {
            ("away", "tokens")
        };
        let statement = format!("ALTER TABLE {from} RENAME TO {to}");
        let pool = self.database.pool().await;
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap();
    }

    pub(crate) async fn row(&self, connection: &Connection) -> TokenRow {
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        let row = tx.load_token(connection.namespace).await.unwrap();
        tx.commit().await.unwrap();
        row
    }

    /// What the vendor counted: logins, renewals, uses of spent refresh tokens.
    pub(crate) fn counted(&self) -> (u64, u64, u64) {
        (
            self.vendor.count(operation::LOGIN),
            self.vendor.count(operation::REFRESH),
            self.vendor.tokens(|tokens| tokens.spent_reuses),
        )
    }
}

#[derive(Clone)]
pub(crate) struct Replica {
    pub(crate) connector: Connector,
    pub(crate) broker: Broker,
}

impl Replica {
    pub(crate) fn open(&self, connection: &Connection) -> OpenConnection {
        self.connector.open(connection).unwrap()
    }

    /// The cheapest authenticated call.
    pub(crate) async fn check(&self, connection: &Connection) -> Result<Account, ProviderError> {
        check(&self.open(connection)).await
    }
}

pub(crate) async fn check(open: &OpenConnection) -> Result<Account, ProviderError> {
    open.run("test", |access| {
        Box::pin(async move { open.provider().check(&access.context()).await })
    })
    .await
}
