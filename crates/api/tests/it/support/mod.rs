//! What the tests share.

mod answer;
pub(crate) mod documented;
mod locks;
mod samples;
mod stream;
pub(crate) mod tokens;
mod vendors;
mod work;

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body};
use callweave_api::{ApiOptions, ApiState, CursorKey, FeedOptions, keys, router};
use callweave_credentials::{
    broker::Broker,
    connector::Connector,
    vault::{Vault, generate_key},
};
use callweave_model::{
    AnalyzedCall, ApiKeyId, CallId, ConnectionId, SystemClock, TenantId, ids::Ids, ids::RandomIds,
    merge::Share,
};
use callweave_postgres::testing::TestDatabase;
use callweave_provider::Registry;
use callweave_provider_testkit::fake::FakeFactory;
use callweave_store::{
    Options, Store,
    api_keys::ApiKey,
    calls::ConnectionScope,
    documents::Document,
    records::{Fetched, News},
    sync_state::RunEnd,
};
use http::{Method, Request};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

pub(crate) use answer::Answer;
pub(crate) use locks::wait_for_waiting;
pub(crate) use samples::{sample, spoken};
pub(crate) use stream::EventStream;
pub(crate) use vendors::{UNDATED, UndatedFactory};
pub(crate) use work::{Form, Workers, quick_jobs};

/// The feed waits for every open transaction of the server, whichever database it is in: tests of
/// it run one after the other.
static FEED: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Waits for the turn of a test of the feed.
pub(crate) async fn feed_turn() -> tokio::sync::MutexGuard<'static, ()> {
    FEED.lock().await
}

/// A gateway with a database of its own.
pub(crate) struct Gateway {
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) vendor: FakeFactory,
    /// The tenant most tests work in, and a key of it that may do everything.
    pub(crate) tenant: TenantId,
    pub(crate) key: String,
    pub(crate) state: ApiState,
    pub(crate) workers: Workers,
    vault: Vault,
    database: TestDatabase,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self::start_with(ApiOptions {
            key_cache: Duration::ZERO,
            jobs: quick_jobs(),
            ..ApiOptions::default()
        })
        .await
    }

    /// A gateway whose event streams are quick.
    pub(crate) async fn start_with_feed(feed: FeedOptions) -> Self {
        let options = ApiOptions {
            key_cache: Duration::ZERO,
            feed,
            ..ApiOptions::default()
        };
        let gateway = Self::start_with(options).await;
        // Ends with the run time of the test.
        tokio::spawn(gateway.state.clone().watch_events(CancellationToken::new()));
        gateway
    }

    pub(crate) async fn start_with(options: ApiOptions) -> Self {
        Self::start_on(options, |store| store).await
    }

    /// A gateway whose statements may take so long.
    pub(crate) async fn start_patient(patience: Duration) -> Self {
        Self::start_on(ApiOptions::default(), |store| store.with_patience(patience)).await
    }

    async fn start_on(options: ApiOptions, store: impl FnOnce(Store) -> Store) -> Self {
        let database = TestDatabase::from_template("api", async |url| {
            let store = connect(&url);
            store.migrate().await.unwrap();
            store.close().await;
        })
        .await;
        let vendor = FakeFactory::new();
        let vault = Vault::parse(&generate_key("test")).unwrap();
        let store = store(connect(database.url())).with_sealer(Arc::new(vault.clone()));
        let (state, workers) = state(&store, &vendor, &vault, options);
        let mut gateway = Self {
            router: router(state.clone()),
            store,
            vendor,
            tenant: TenantId(Uuid::nil()),
            key: String::new(),
            state,
            workers,
            vault,
            database,
        };
        gateway.tenant = gateway.tenant_named("first").await;
        gateway.key = gateway.key_of(gateway.tenant, &["*"]).await;
        gateway
    }

    /// Another way into the same database, with so many connections.
    pub(crate) fn another_store(&self, connections: u32) -> Store {
        connect_with(self.database.url(), connections)
    }

    /// The database itself, as its owner sees it.
    pub(crate) async fn pool(&self) -> sqlx::PgPool {
        self.database.pool().await
    }

    /// Does something to the database that no gateway would do.
    pub(crate) async fn meddle(&self, statement: &str) {
        let pool = self.database.pool().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap();
    }

    async fn feed_is_whole(&self) -> bool {
        let pool = self.database.pool().await;
        let query = "SELECT NOT EXISTS \
                     (SELECT FROM events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))";
        let whole = sqlx::query_scalar(query).fetch_one(&pool).await.unwrap();
        pool.close().await;
        whole
    }

    /// Transactions that the database has ended so far. A session of PostgreSQL tells what it counted
    /// at its next one, if the last telling was a second ago, and after ten seconds otherwise.
    pub(crate) async fn transactions(&self) -> i64 {
        tokio::time::sleep(Duration::from_millis(10_500)).await;
        let pool = self.database.pool().await;
        let query = "SELECT xact_commit + xact_rollback FROM pg_stat_database \
                     WHERE datname = current_database()";
        sqlx::query_scalar(query).fetch_one(&pool).await.unwrap()
    }

    pub(crate) async fn tenant_named(&self, name: &str) -> TenantId {
        let mut tx = self.store.system().await.unwrap();
        let tenant = tx.ensure_tenant(name).await.unwrap();
        tx.commit().await.unwrap();
        tenant
    }

    /// A fresh key of a tenant.
    pub(crate) async fn key_of(&self, tenant: TenantId, scopes: &[&str]) -> String {
        let id = ApiKeyId(RandomIds.next());
        let made = keys::generate(id, &mut rand::rng());
        let now = callweave_model::Clock::now(&SystemClock);
        let key = ApiKey {
            tenant_id: tenant,
            id,
            name: "test".to_owned(),
            secret_hash: made.secret_hash,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            created_at: now,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        let mut tx = self.store.tenant(tenant).await.unwrap();
        tx.insert_api_key(&key).await.unwrap();
        tx.commit().await.unwrap();
        made.text.expose_secret().to_owned()
    }

    /// Waits until the feed shows what is committed, at most for some seconds: a test may hold it
    /// back on purpose, and other tests work on the same server.
    async fn caught_up(&self) {
        for _ in 0..30 {
            if self.feed_is_whole().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        if path.starts_with("/v1/events") {
            self.caught_up().await;
        }
        self.send(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, None, headers).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// Sends a request with the tenant's key, unless `headers` name another.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send_to(&self.router, method, path, body, headers)
            .await
    }

    /// The same, to another replica.
    pub(crate) async fn send_to(
        &self,
        router: &Router,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method.clone()).uri(path);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            if !value.is_empty() {
                request = request.header(*name, *value);
            }
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = router.clone().oneshot(request.body(body).unwrap()).await;
        let answer = Answer::read(response.unwrap()).await;
        documented::assert_documented(&method, path, &answer);
        answer
    }

    /// Another replica on the same database.
    pub(crate) fn replica(&self, options: ApiOptions) -> Router {
        let store = connect(self.database.url()).with_sealer(Arc::new(self.vault.clone()));
        router(state(&store, &self.vendor, &self.vault, options).0)
    }

    /// Sends a request as it is.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Connects an account of the fake vendor and returns the connection's id.
    pub(crate) async fn connect(&self, account: &str) -> ConnectionId {
        let body = json!({
            "vendor": "fake", "name": account,
            "credentials": {"password": "correct"}, "settings": {"account": account},
        });
        let answer = self.post("/v1/connections", &body).await;
        assert_eq!(answer.status, 201, "{:?}", answer.json());
        answer.json()["id"].as_str().unwrap().parse().unwrap()
    }

    /// Notes that a sync of a connection was complete, as the engine would.
    pub(crate) async fn complete_a_sync(&self, connection: ConnectionId, since: &str) {
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        tx.request_sync(connection, false).await.unwrap();
        tx.commit().await.unwrap();
        let owner = RandomIds.next();
        let mut tx = self.store.system().await.unwrap();
        let lease = tx
            .claim_due_sync(owner, Duration::from_secs(30))
            .await
            .unwrap()
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(lease.connection, connection);
        let end = RunEnd {
            next_in: Duration::from_secs(60),
            pause: None,
            complete_since: since.parse().ok(),
            failed: false,
            walk_in: None,
        };
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        tx.end_run(&lease, end).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Stores calls as a sync would, and returns their ids.
    pub(crate) async fn put(
        &self,
        connection: ConnectionId,
        calls: Vec<AnalyzedCall>,
    ) -> Vec<CallId> {
        let now = callweave_model::Clock::now(&SystemClock);
        let fetched: Vec<Fetched> = calls
            .into_iter()
            .map(|call| Fetched {
                kind: "call".to_owned(),
                remote_id: call.remote_id.clone(),
                observed_at: now,
                fingerprint: None,
                documents: vec![Document {
                    operation: "FK-04".to_owned(),
                    part: String::new(),
                    content_type: "application/json".to_owned(),
                    body: json!({"id": call.remote_id}).to_string().into_bytes(),
                }],
                news: News::Upsert {
                    call: Box::new(call),
                    share: Share::Whole,
                    unmapped: vec!["FK-04/odd".to_owned()],
                    due_at: None,
                },
            })
            .collect();
        self.store.prepare_months(&fetched, now).await.unwrap();
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        let scope: ConnectionScope = tx.connection_scope(connection).await.unwrap().unwrap();
        tx.apply(&scope, &fetched, now).await.unwrap();
        tx.commit().await.unwrap();
        fetched
            .iter()
            .map(|record| CallId::derive(scope.namespace, &record.remote_id))
            .collect()
    }
}

/// The state of one replica, and its workers.
fn state(
    store: &Store,
    vendor: &FakeFactory,
    vault: &Vault,
    options: ApiOptions,
) -> (ApiState, Workers) {
    let clock = Arc::new(SystemClock);
    let registry = Registry::new()
        .with(vendor.clone())
        .with(FakeFactory::without_tokens())
        .with(UndatedFactory::default());
    let broker = Broker::new(store.clone(), vault.clone(), clock.clone(), &RandomIds);
    let transport = Arc::new(vendors::NoNetwork);
    let connector = Connector::new(registry, transport, vault.clone(), broker, clock.clone());
    let workers = Workers::new(store, &connector, clock.clone(), options.jobs.clone());
    let state = ApiState::new(
        store.clone(),
        connector,
        clock,
        Arc::new(RandomIds),
        CursorKey::new(vec![7; 32]),
        Arc::new(tokens::verifier()),
        options,
    );
    (state, workers)
}

fn connect(url: &str) -> Store {
    connect_with(url, 5)
}

fn connect_with(url: &str, max_connections: u32) -> Store {
    Store::connect(&Options {
        url: url.into(),
        max_connections,
        acquire_timeout: Duration::from_secs(10),
    })
    .unwrap()
}
