//! The sandbox over real HTTP, and a provider that talks to it.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use callweave_provider::{
    Change, Cursor, HttpClient, Next, Provider, ProviderFactory as _, RecordRef, Settings, Walk,
    http_client::{OutgoingRequest, Safety},
};
use callweave_provider_callgear::CallGearFactory;
use callweave_provider_testkit::{
    Caller,
    live::{Live, client},
};
use callweave_sandbox::{
    Action, FaultKind, FaultSpec, LedgerEntry, Sandbox, SandboxConfig, Vendor,
};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

/// A sandbox and a provider that is logged in to it.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) caller: Caller,
    client: Arc<dyn HttpClient>,
    base_url: String,
}

impl Scene {
    pub(crate) async fn new(calls: u32, options: Value, settings: Value) -> Self {
        let config = SandboxConfig {
            seed: 7,
            calls_per_vendor: calls,
            ..SandboxConfig::default()
        };
        let settings = members(settings);
        let live = Live::open(Vendor::CallGear, &CallGearFactory, config, &settings).await;
        live.sandbox.world().set_options(members(options)).unwrap();
        Self {
            client: client("callgear", &live.base_url),
            sandbox: live.sandbox,
            provider: live.provider,
            caller: live.caller,
            base_url: live.base_url,
        }
    }

    /// The same account with other settings.
    pub(crate) fn with(&self, settings: Value) -> Arc<dyn Provider> {
        let mut all = members(settings);
        all.insert("base_url".to_owned(), json!(self.base_url));
        CallGearFactory
            .build(Settings(all), self.client.clone())
            .unwrap()
    }

    /// What the vendor says to a request that no adapter made.
    pub(crate) async fn vendor(&self, method: &str, path: &str) -> (u16, Value) {
        let token = self.caller.access_token.as_ref().unwrap().expose_secret();
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header("authorization", format!("Bearer {token}"))
            .body(Bytes::new())
            .unwrap();
        let request = OutgoingRequest {
            operation: "test",
            safety: Safety::Read,
            request,
        };
        let answer = self.client.send(request).await.unwrap();
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status.as_u16(), body)
    }

    /// What the vendor has behind a path.
    pub(crate) async fn at_vendor(&self, path: &str) -> Value {
        let (status, body) = self.vendor("GET", path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// How often an operation was asked for since [`Scene::forget_requests`].
    pub(crate) fn asked(&self, operation: &str) -> u64 {
        let world = self.sandbox.world();
        world
            .requests(Some(Vendor::CallGear), Some(operation))
            .total
    }

    /// Counts from zero again.
    pub(crate) fn forget_requests(&self) {
        self.sandbox.world().clear_requests();
    }

    /// Plays a fault in every request of an operation, or in the next one.
    pub(crate) fn fault(&self, operation: &str, kind: FaultKind) {
        let spec = FaultSpec::always(Vendor::CallGear, operation, kind);
        self.sandbox.world().add_fault(spec);
    }

    /// What the owner of the account wrote, of one kind, oldest first.
    pub(crate) fn written(&self, kind: &str) -> Vec<LedgerEntry> {
        let page = self
            .sandbox
            .world()
            .ledger_page(Vendor::CallGear, 0, 100_000);
        let entries = page.entries.into_iter();
        entries
            .filter(|entry| entry.kind == kind && entry.action != Action::Seeded)
            .collect()
    }

    pub(crate) async fn walk(&self, cursor: Option<Cursor>) -> (BTreeSet<String>, Cursor) {
        let (mut cursor, mut met) = (cursor, BTreeSet::new());
        for _ in 0..500 {
            let pull = self.provider.pull().unwrap();
            let page = pull
                .page(
                    &self.caller.context(),
                    "results",
                    Walk::Full,
                    cursor.as_ref(),
                )
                .await
                .unwrap();
            for change in page.changes {
                match change {
                    Change::Seen { record, .. } => met.insert(record.remote_id),
                    other => panic!("{other:?}"),
                };
            }
            match page.next {
                Next::More(next) => cursor = Some(next),
                Next::Done { resume } => return (met, resume),
                Next::Unproved { reason, .. } => panic!("{reason}"),
            }
        }
        panic!("the walk does not end");
    }

    pub(crate) async fn fetch(&self, kind: &str, id: &str) -> Change {
        let lookup = self.provider.lookup().unwrap();
        let record = RecordRef::new(kind, id);
        lookup
            .fetch(&self.caller.context(), &record, None)
            .await
            .unwrap()
    }

    pub(crate) fn ledger(&self) -> Vec<LedgerEntry> {
        let (mut entries, mut after) = (Vec::new(), 0);
        loop {
            let page = self
                .sandbox
                .world()
                .ledger_page(Vendor::CallGear, after, 500);
            entries.extend(
                page.entries
                    .into_iter()
                    .filter(|entry| entry.kind == "result"),
            );
            after = page.next_after;
            if !page.more {
                return entries;
            }
        }
    }
}

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}
