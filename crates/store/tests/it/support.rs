//! A migrated database, a tenant with a connection, and calls to put into it.

use callweave_model::{
    Analysis, AnalyzedCall, ConnectionId, TenantId, Timestamp, Transcript, Utterance,
    analysis::{Detection, Scorecard, Summary},
    call::Party,
    connection::ConnectionState,
    enums::{
        AnalysisKind, ArtifactState, DetectionType, PartyRole, StartedAtSource, SummaryType,
        TextFormat,
    },
    merge::Share,
};
use callweave_postgres::testing::TestDatabase;
use callweave_store::{
    Options, Store,
    calls::{Applied, ConnectionScope},
    connections::Connection,
    records::{Fetched, News},
};
use uuid::Uuid;

pub(crate) struct Home {
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) scope: ConnectionScope,
    database: TestDatabase,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn noon() -> Timestamp {
    at("2026-03-02T12:00:00Z")
}

pub(crate) fn options(url: &str) -> Options {
    Options {
        url: url.to_owned().into(),
        max_connections: 6,
        acquire_timeout: std::time::Duration::from_secs(10),
    }
}

pub(crate) async fn home() -> Home {
    let database = TestDatabase::from_template("store", |url| async move {
        let store = Store::connect(&options(&url)).unwrap();
        store.migrate().await.unwrap();
        store.close().await;
    })
    .await;
    let store = Store::connect(&options(database.url())).unwrap();
    let tenant = tenant(&store, "acme").await;
    let scope = connection(&store, tenant, 1).await;
    Home {
        store,
        tenant,
        scope,
        database,
    }
}

pub(crate) async fn tenant(store: &Store, name: &str) -> TenantId {
    let mut tx = store.system().await.unwrap();
    let id = tx.ensure_tenant(name).await.unwrap();
    tx.commit().await.unwrap();
    id
}

pub(crate) async fn connection(store: &Store, tenant: TenantId, number: u128) -> ConnectionScope {
    let id = ConnectionId(Uuid::from_u128(number));
    let namespace = tenant.namespace("acme", &format!("account {number}"));
    let connection = Connection {
        tenant_id: tenant,
        id,
        vendor: "acme".into(),
        name: "Acme".into(),
        state: ConnectionState::Connecting,
        state_reason: None,
        settings: serde_json::Map::new(),
        tags: serde_json::Map::new(),
        account_name: None,
        namespace,
        credential_names: vec!["token".into()],
        credentials_version: 1,
        sealed_credentials: vec![1, 2, 3],
        version: 1,
        created_at: noon(),
        modified_at: noon(),
        last_ok_at: None,
        last_error: None,
        token: None,
    };
    let mut tx = store.tenant(tenant).await.unwrap();
    tx.insert_connection(&connection).await.unwrap();
    tx.commit().await.unwrap();
    ConnectionScope {
        id,
        vendor: "acme".into(),
        namespace,
    }
}

/// A call with a transcript, a score, a tag and a summary.
pub(crate) fn call(remote_id: &str, started: &str, words: &str) -> AnalyzedCall {
    let mut call = AnalyzedCall::new(remote_id);
    call.started_at = Some(at(started));
    call.started_at_source = StartedAtSource::Vendor;
    let mut agent = Party::new(0, PartyRole::Agent);
    agent.name = Some("Anna".into());
    let mut customer = Party::new(1, PartyRole::Customer);
    customer.phone = Some("+998900000001".into());
    call.parties = vec![agent, customer];
    let utterance = Utterance {
        text: words.to_owned(),
        ..Utterance::default()
    };
    call.transcript = Some(Transcript::of_utterances(remote_id, vec![utterance]));
    let mut analysis = Analysis::new(remote_id, AnalysisKind::LlmAnalysis);
    analysis.scorecards.push(Scorecard {
        score_pct: Some(80.0),
        passed: Some(true),
        ..Scorecard::default()
    });
    analysis
        .detections
        .push(Detection::new("greeting", DetectionType::Tag));
    analysis.summaries.push(Summary {
        summary_type: SummaryType::Brief,
        text: "All went well".into(),
        language: None,
        format: TextFormat::Plain,
        sections: std::collections::BTreeMap::new(),
    });
    call.analyses.push(analysis);
    call.set_artifact("transcript", ArtifactState::Ready);
    call.set_artifact("analysis", ArtifactState::Ready);
    call
}

pub(crate) fn fetched(call: AnalyzedCall, observed_at: Timestamp) -> Fetched {
    Fetched {
        kind: "call".into(),
        remote_id: call.remote_id.clone(),
        observed_at,
        fingerprint: None,
        news: News::Upsert {
            call: Box::new(call),
            share: Share::Whole,
            unmapped: Vec::new(),
            due_at: None,
        },
        documents: vec![callweave_store::documents::Document {
            operation: "X-01".into(),
            part: String::new(),
            content_type: "application/json".into(),
            body: b"{\"a\": 1}".to_vec(),
        }],
    }
}

impl Home {
    /// The database itself, as its owner sees it.
    pub(crate) async fn pool(&self) -> sqlx::PgPool {
        self.database.pool().await
    }

    /// Every row of every table, as text.
    pub(crate) async fn everything(&self) -> String {
        self.database.everything().await
    }

    /// How many rows a table has, whoever owns them.
    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let pool = self.database.pool().await;
        let text = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(text).fetch_one(&pool).await.unwrap()
    }

    pub(crate) async fn apply(&self, batch: &[Fetched]) -> Applied {
        self.apply_at(batch, noon()).await
    }

    pub(crate) async fn apply_at(&self, batch: &[Fetched], now: Timestamp) -> Applied {
        self.store.prepare_months(batch, now).await.unwrap();
        let mut tx = self.store.tenant(self.tenant).await.unwrap();
        let applied = tx.apply(&self.scope, batch, now).await.unwrap();
        tx.commit().await.unwrap();
        applied
    }
}
