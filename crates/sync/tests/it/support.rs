//! A gateway without its API: store, broker, connector, engine, and a clock that is set by hand.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use callweave_credentials::{
    broker::Broker,
    connector::{Connector, Destination, Transport},
    vault::{Vault, generate_key},
};
use callweave_model::{
    Clock, ConnectionId, TenantId, Timestamp, connection::ConnectionState, ids::RandomIds,
};
use callweave_postgres::testing::TestDatabase;
use callweave_provider::{Credentials, HttpClient, Registry, Settings};
use callweave_provider_testkit::{CannedClient, fake::FakeFactory};
use callweave_store::{
    Options, Store,
    calls::{CallFilter, Order, StoredCall},
    connections::Connection,
};
use callweave_sync::{Engine, EngineOptions};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[derive(Debug)]
pub(crate) struct HandClock(Mutex<Timestamp>);

impl HandClock {
    pub(crate) fn forward(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(by);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The fake vendor sends no requests.
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

pub(crate) struct Gateway {
    pub(crate) store: Store,
    pub(crate) vendor: FakeFactory,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) tenant: TenantId,
    pub(crate) connection: ConnectionId,
    pub(crate) engine: Engine,
    pub(crate) database: TestDatabase,
}

pub(crate) fn engine_options() -> EngineOptions {
    EngineOptions {
        workers: 1,
        poll_interval: Duration::ZERO,
        full_walk_interval: Duration::from_hours(1),
        ..EngineOptions::default()
    }
}

pub(crate) async fn gateway() -> Gateway {
    gateway_with(engine_options()).await
}

pub(crate) async fn gateway_with(engine_options: EngineOptions) -> Gateway {
    let options = |url: &str| Options {
        url: url.to_owned().into(),
        max_connections: 8,
        acquire_timeout: Duration::from_secs(10),
    };
    let database = TestDatabase::from_template("sync", |url| async move {
        let store = Store::connect(&options(&url)).unwrap();
        store.migrate().await.unwrap();
        store.close().await;
    })
    .await;
    let store = Store::connect(&options(database.url())).unwrap();
    let clock = Arc::new(HandClock(Mutex::new(
        "2026-03-02T12:00:00Z".parse().unwrap(),
    )));
    let vendor = FakeFactory::new();
    let vault = Vault::parse(&generate_key("test")).unwrap();
    let broker = Broker::new(store.clone(), vault.clone(), clock.clone(), &RandomIds);
    let registry = Registry::new().with(vendor.clone());
    let connector = Connector::new(
        registry,
        Arc::new(NoTransport),
        vault,
        broker,
        clock.clone(),
    );
    let engine = Engine::new(
        store.clone(),
        connector.clone(),
        clock.clone(),
        Arc::new(RandomIds),
        engine_options,
    );
    let mut tx = store.system().await.unwrap();
    let tenant = tx.ensure_tenant("acme").await.unwrap();
    tx.commit().await.unwrap();
    let connection = connect(&store, &connector, tenant, clock.now()).await;
    Gateway {
        store,
        vendor,
        clock,
        tenant,
        connection,
        engine,
        database,
    }
}

async fn connect(
    store: &Store,
    connector: &Connector,
    tenant: TenantId,
    now: Timestamp,
) -> ConnectionId {
    let id = ConnectionId(Uuid::from_u128(7));
    let credentials = Credentials::new([("password".to_owned(), "correct".to_owned().into())]);
    let settings = Settings::default();
    let validated = connector.validate("fake", &settings, &credentials).unwrap();
    let connection = Connection {
        tenant_id: tenant,
        id,
        vendor: "fake".into(),
        name: "Fake".into(),
        state: ConnectionState::Connecting,
        state_reason: None,
        settings: settings.0,
        tags: serde_json::Map::new(),
        account_name: None,
        namespace: tenant.namespace("fake", &validated.account_key),
        credential_names: vec!["password".into()],
        credentials_version: 1,
        sealed_credentials: connector.seal(tenant, id, &credentials).unwrap(),
        version: 1,
        created_at: now,
        modified_at: now,
        last_ok_at: None,
        last_error: None,
        token: None,
    };
    let mut tx = store.tenant(tenant).await.unwrap();
    tx.insert_connection(&connection).await.unwrap();
    tx.commit().await.unwrap();
    id
}

impl Gateway {
    /// Gives the connection turns until `turns` were had; a turn must be due.
    pub(crate) async fn turn(&self) {
        assert!(
            self.engine.turn(&CancellationToken::new()).await.unwrap(),
            "no turn was due"
        );
    }

    /// Makes the connection due and gives it a turn.
    pub(crate) async fn sync(&self, full: bool) {
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        tx.request_sync(self.connection, full).await.unwrap();
        tx.commit().await.unwrap();
        self.turn().await;
    }

    /// The same after the pause that failures brought about.
    pub(crate) async fn sync_forgiven(&self) {
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        tx.forgive(self.connection).await.unwrap();
        tx.commit().await.unwrap();
        self.sync(false).await;
    }

    /// The same at once, with the failures remembered.
    pub(crate) async fn sync_hard(&self) {
        self.execute("UPDATE sync_state SET not_before = NULL")
            .await;
        self.sync(false).await;
    }

    /// How many events of a type there are.
    pub(crate) async fn events(&self, event_type: &'static str) -> i64 {
        let pool = self.database.pool().await;
        sqlx::query_scalar("SELECT count(*) FROM events WHERE type = $1")
            .bind(event_type)
            .fetch_one(&pool)
            .await
            .unwrap()
    }

    /// What a statement counts.
    pub(crate) async fn number(&self, statement: &'static str) -> i64 {
        let pool = self.database.pool().await;
        sqlx::query_scalar(statement)
            .fetch_one(&pool)
            .await
            .unwrap()
    }

    /// Makes a run due without asking for a walk.
    pub(crate) async fn make_due(&self) {
        self.execute("UPDATE sync_state SET next_run_at = now()")
            .await;
    }

    /// Makes due what is to be fetched within two hours.
    pub(crate) async fn age_records(&self) {
        self.execute("UPDATE records SET due_at = due_at - interval '2 hours'")
            .await;
    }

    /// Changes the database behind the gateway's back.
    pub(crate) async fn execute(&self, statement: &'static str) {
        let pool = self.database.pool().await;
        let mut tx = pool.begin().await.unwrap();
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn calls(&self) -> Vec<StoredCall> {
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        tx.list_calls(&CallFilter::default(), Order::Asc, None, 10_000)
            .await
            .unwrap()
    }

    pub(crate) async fn remote_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self
            .calls()
            .await
            .into_iter()
            .map(|call| call.call.remote_id)
            .collect();
        ids.sort();
        ids
    }

    pub(crate) async fn state(&self) -> ConnectionState {
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        tx.find_connection(self.connection)
            .await
            .unwrap()
            .unwrap()
            .state
    }
}
