//! A whole gateway in one process: the real vendors against the sandbox over real HTTP, the real
//! router, a real PostgreSQL. The sandbox's ledger is the judge.

mod judge;
mod outbound;

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body};
use callweave_api::{ApiOptions, ApiState, CursorKey, keys, router};
use callweave_credentials::{
    broker::Broker,
    connector::Connector,
    vault::{Vault, generate_key},
};
use callweave_identity::{OwnTokens, Verifier};
use callweave_model::{
    ApiKeyId, Clock as _, ConnectionId, SystemClock, TenantId,
    ids::{Ids as _, RandomIds},
};
use callweave_postgres::testing::TestDatabase;
use callweave_sandbox::{FaultKind, FaultSpec, Sandbox, SandboxConfig, Vendor, World as Truth};
use callweave_store::{Options, Store, api_keys::ApiKey};
use callweave_sync::{Engine, EngineOptions};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use outbound::Outbound;

/// Turns after which a sync that does not come to rest is taken for one that never will.
const MOST_TURNS: u32 = 200;

/// A gateway and the vendors it talks to.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) tenant: TenantId,
    pub(crate) database: TestDatabase,
    connector: Connector,
    router: Router,
    key: String,
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }
}

/// Nothing becomes due by the mere passing of a test's time.
pub(crate) fn engine_options() -> EngineOptions {
    EngineOptions {
        workers: 1,
        poll_interval: Duration::from_hours(1),
        full_walk_interval: Duration::from_hours(24),
        turn: Duration::from_secs(60),
        ..EngineOptions::default()
    }
}

pub(crate) async fn world(calls: u32) -> World {
    world_with(calls, engine_options()).await
}

pub(crate) async fn world_with(calls: u32, options: EngineOptions) -> World {
    let config = SandboxConfig {
        calls_per_vendor: calls,
        analysis_delay: Duration::ZERO,
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    let store_options = |url: &str| Options {
        url: url.to_owned().into(),
        max_connections: 8,
        acquire_timeout: Duration::from_secs(30),
    };
    let database = TestDatabase::from_template("sync", |url| async move {
        let store = Store::connect(&store_options(&url)).unwrap();
        store.migrate().await.unwrap();
        store.close().await;
    })
    .await;
    let store = Store::connect(&store_options(database.url())).unwrap();
    let clock = Arc::new(SystemClock);
    let vault = Vault::parse(&generate_key("test")).unwrap();
    let broker = Broker::new(store.clone(), vault.clone(), clock.clone(), &RandomIds);
    let connector = Connector::new(
        callweave_registry::vendors(),
        Arc::new(Outbound::new()),
        vault,
        broker,
        clock.clone(),
    );
    let secret = vec![7; 32].into();
    let own_tokens = OwnTokens::new("callweave", "callweave", &[secret]).unwrap();
    let state = ApiState::new(
        store.clone(),
        connector.clone(),
        clock,
        Arc::new(RandomIds),
        CursorKey::new(vec![7; 32]),
        Arc::new(Verifier::trusting_nobody(own_tokens)),
        ApiOptions::default(),
    );
    let mut tx = store.system().await.unwrap();
    let tenant = tx.ensure_tenant("acme").await.unwrap();
    tx.commit().await.unwrap();
    let key = api_key(&store, tenant).await;
    World {
        engine: engine(&store, &connector, options),
        sandbox,
        store,
        tenant,
        database,
        connector,
        router: router(state),
        key,
    }
}

fn engine(store: &Store, connector: &Connector, options: EngineOptions) -> Engine {
    Engine::new(
        store.clone(),
        connector.clone(),
        Arc::new(SystemClock),
        Arc::new(RandomIds),
        options,
    )
}

async fn api_key(store: &Store, tenant: TenantId) -> String {
    let id = ApiKeyId(RandomIds.next());
    let made = keys::generate(id, &mut rand::rng());
    let key = ApiKey {
        tenant_id: tenant,
        id,
        name: "test".to_owned(),
        secret_hash: made.secret_hash,
        scopes: vec!["*".to_owned()],
        created_at: SystemClock.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    let mut tx = store.tenant(tenant).await.unwrap();
    tx.insert_api_key(&key).await.unwrap();
    tx.commit().await.unwrap();
    made.text.expose_secret().to_owned()
}

impl World {
    /// The truth behind the vendors.
    pub(crate) fn truth(&self) -> &Truth {
        self.sandbox.world()
    }

    /// Another engine over the same database, as another replica would run it.
    pub(crate) fn replica(&self, options: EngineOptions) -> Engine {
        engine(&self.store, &self.connector, options)
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key));
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "{path}: {text}");
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Connects the sandbox's account of a vendor, with some settings of its own.
    pub(crate) async fn connect_with(&self, vendor: Vendor, settings: &Value) -> ConnectionId {
        let accounts = self.truth().credentials(&self.sandbox.base_url());
        let connection = &accounts[vendor.key()]["connection"];
        let mut all = connection["settings"].clone();
        for (name, value) in settings.as_object().unwrap() {
            all[name] = value.clone();
        }
        let body = json!({
            "vendor": vendor.key(), "name": vendor.key(),
            "credentials": connection["credentials"], "settings": all,
        });
        let made = self.post("/v1/connections", &body).await;
        let text = String::from_utf8_lossy(&made.body);
        assert_eq!(made.status, 201, "{text}");
        made.json()["id"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn connect(&self, vendor: Vendor) -> ConnectionId {
        self.connect_with(vendor, &json!({})).await
    }

    /// Gives turns until nothing is due.
    pub(crate) async fn settle(&self) {
        for _ in 0..MOST_TURNS {
            if !self.engine.turn(&CancellationToken::new()).await.unwrap() {
                return;
            }
        }
        panic!("the sync does not come to rest");
    }

    /// Asks for a sync and lets it come to rest.
    pub(crate) async fn sync(&self, connection: ConnectionId, full: bool) {
        let path = format!("/v1/connections/{connection}/sync?full={full}");
        let asked = self.send(Method::POST, &path, None).await;
        assert_eq!(asked.status, 202);
        self.settle().await;
    }

    /// The same after failures: their pause is over.
    pub(crate) async fn sync_forgiven(&self, connection: ConnectionId, full: bool) {
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        tx.forgive(connection).await.unwrap();
        tx.commit().await.unwrap();
        self.sync(connection, full).await;
    }

    pub(crate) async fn status(&self, connection: ConnectionId) -> Value {
        self.get(&format!("/v1/connections/{connection}/status"))
            .await
    }

    /// Plays a fault.
    pub(crate) fn fault(&self, vendor: Vendor, operation: &str, kind: FaultKind) {
        self.truth()
            .add_fault(FaultSpec::always(vendor, operation, kind));
    }

    /// How often an operation was asked for.
    pub(crate) fn asked(&self, vendor: Vendor, operation: &str) -> u64 {
        self.truth().requests(Some(vendor), Some(operation)).total
    }

    /// All calls of a connection, as the list shows them, page by page, with more to be included.
    pub(crate) async fn calls(&self, connection: ConnectionId, include: &str) -> Vec<Value> {
        let mut calls = Vec::new();
        let mut cursor = String::new();
        let include = if include.is_empty() {
            String::new()
        } else {
            format!("&include={include}")
        };
        loop {
            let path = format!("/v1/calls?connection_id={connection}&limit=200{include}{cursor}");
            let page = self.get(&path).await;
            calls.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return calls,
            }
        }
    }

    /// The one call of a connection with a vendor id.
    pub(crate) async fn call(&self, connection: ConnectionId, remote_id: &str) -> Value {
        let path = format!(
            "/v1/calls?connection_id={connection}&remote_id={remote_id}\
             &include=transcript,analyses,provenance,deleted"
        );
        let found = self.get(&path).await;
        let calls = found["data"].as_array().unwrap();
        assert_eq!(calls.len(), 1, "{remote_id}");
        calls[0].clone()
    }

    /// Makes everything due that waits to be asked for again.
    pub(crate) async fn make_all_due(&self) {
        self.execute("UPDATE records SET due_at = now() WHERE due_at IS NOT NULL")
            .await;
    }

    /// Makes one record due.
    pub(crate) async fn want(&self, remote_id: &str) {
        let pool = self.database.pool().await;
        sqlx::query("UPDATE records SET due_at = now() WHERE remote_id = $1")
            .bind(remote_id)
            .execute(&pool)
            .await
            .unwrap();
    }

    /// Changes the database behind the gateway's back.
    pub(crate) async fn execute(&self, statement: &'static str) {
        let pool = self.database.pool().await;
        sqlx::query(statement).execute(&pool).await.unwrap();
    }

    /// The events of a connection, oldest first: type and data.
    pub(crate) async fn events(&self, connection: ConnectionId) -> Vec<(String, Value)> {
        let pool = self.database.pool().await;
        sqlx::query_as(
            "SELECT type, data || jsonb_build_object('subject', subject_id) FROM events \
             WHERE connection_id = $1 ORDER BY id",
        )
        .bind(connection.0)
        .fetch_all(&pool)
        .await
        .unwrap()
    }

    /// How many events of a type there are.
    pub(crate) async fn count_events(&self, connection: ConnectionId, event_type: &str) -> usize {
        let events = self.events(connection).await;
        events
            .iter()
            .filter(|(known, _)| known == event_type)
            .count()
    }
}
