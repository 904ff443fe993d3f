//! An adapter against the sandbox over real HTTP, driven as the gateway drives it.

use std::{collections::BTreeMap, sync::Arc};

use callweave_model::{
    AnalyzedCall, SystemClock, TenantId, Timestamp, ids::AccountId, merge::absorb,
};
use callweave_provider::{
    Change, Cursor, HttpClient, Next, Provider, ProviderFactory, RecordRef, Settings, Walk,
    change::Upsert, manifest::RateBudget,
};
use callweave_provider_http::{ConnectionScope, HttpTransport, TransportConfig, egress::Guard};
use callweave_sandbox::{Sandbox, SandboxConfig, Vendor};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::Caller;

/// The most pages of a walk in a test.
const MOST_PAGES: usize = 2_000;

/// What the gateway would have after a walk.
#[derive(Default)]
pub struct Stored {
    /// The calls, by the vendor's id.
    pub calls: BTreeMap<String, AnalyzedCall>,
    /// The listed form of each record.
    pub fingerprints: BTreeMap<RecordRef, Vec<u8>>,
    /// How often a record was looked up.
    pub lookups: usize,
    /// How many pages were read.
    pub pages: usize,
    /// Pointers that no mapper consumed.
    pub unmapped: Vec<String>,
    /// Records that the vendor does not have any more.
    pub gone: Vec<String>,
    /// Records that are not ready.
    pub not_ready: Vec<String>,
    /// Records that could not be translated, with the reason.
    pub quarantined: Vec<String>,
}

/// A sandbox and a provider that speaks to it.
pub struct Live {
    /// The sandbox.
    pub sandbox: Sandbox,
    /// Where the vendor's paths begin.
    pub base_url: String,
    /// The provider, logged in.
    pub provider: Arc<dyn Provider>,
    /// The account's credentials and token, at the sandbox's time.
    pub caller: Caller,
}

impl Live {
    /// A sandbox with so many calls, and a provider of its account.
    pub async fn start(vendor: Vendor, factory: &dyn ProviderFactory, calls: u32) -> Self {
        let config = SandboxConfig {
            calls_per_vendor: calls,
            ..SandboxConfig::default()
        };
        Self::open(vendor, factory, config, &Map::new()).await
    }

    /// The same with a sandbox and settings of the test's own.
    pub async fn open(
        vendor: Vendor,
        factory: &dyn ProviderFactory,
        config: SandboxConfig,
        settings: &Map<String, Value>,
    ) -> Self {
        let sandbox = Sandbox::start(config).await.expect("a sandbox");
        let accounts = sandbox.world().credentials(&sandbox.base_url());
        let members = |name: &str| {
            let members = accounts.pointer(&format!("/{vendor}/connection/{name}"));
            let members = members.and_then(Value::as_object);
            members.expect("what opens the account").clone()
        };
        let mut all_settings = members("settings");
        all_settings.extend(settings.clone());
        let base_url = all_settings.get("base_url").and_then(Value::as_str);
        let base_url = base_url.expect("an address").to_owned();
        let http = client(factory.manifest().vendor, &base_url);
        let provider = factory
            .build(Settings(all_settings), http)
            .expect("settings of the sandbox");
        let credentials = members("credentials");
        let credentials: Vec<(&str, &str)> = credentials
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .collect();
        let mut live = Self {
            caller: Caller::new(&credentials),
            sandbox,
            base_url,
            provider,
        };
        live.catch_up();
        let grant = match live.provider.token_grant() {
            Some(grants) => Some(grants.login(&live.caller.context()).await.expect("a login")),
            None => None,
        };
        live.caller.access_token = grant.map(|grant| grant.access_token);
        live
    }

    /// Tells the caller the sandbox's time, after a test moved it.
    pub fn catch_up(&mut self) {
        self.caller.now = Timestamp::from_jiff(self.sandbox.world().now());
    }

    /// Sets the sandbox's clock so far ahead of the wall's, and the caller's with it.
    pub fn move_clock(&mut self, offset_ms: i64) {
        self.sandbox.world().set_clock_offset_ms(offset_ms);
        self.catch_up();
    }

    /// Sets an option of the sandbox.
    pub fn option(&self, name: &str, value: Value) {
        let changes = Map::from_iter([(name.to_owned(), value)]);
        let set = self.sandbox.world().set_options(changes);
        set.expect("an option of the sandbox");
    }

    /// How many requests of an operation reached the vendor.
    pub fn asked(&self, vendor: Vendor, operation: &str) -> u64 {
        let report = self.sandbox.world().requests(Some(vendor), Some(operation));
        report.total
    }

    /// Looks a record up.
    pub async fn fetch(&self, record: &RecordRef, hint: Option<&Value>) -> Change {
        let lookup = self.provider.lookup().expect("a vendor that looks up");
        let change = lookup.fetch(&self.caller.context(), record, hint).await;
        change.expect("an answer of the sandbox")
    }

    /// Walks every stream to its end and looks up what is new or changed; gives the cursors where
    /// the next walk begins.
    pub async fn walk(
        &self,
        stored: &mut Stored,
        walk: Walk,
        resume: &BTreeMap<String, Cursor>,
    ) -> BTreeMap<String, Cursor> {
        let pull = self.provider.pull().expect("a vendor that lists");
        let context = self.caller.context();
        let mut ends = BTreeMap::new();
        for stream in pull.streams(&context).await.expect("streams") {
            let mut cursor = resume.get(&stream).cloned();
            loop {
                let page = pull.page(&context, &stream, walk, cursor.as_ref()).await;
                let page = page.expect("a page");
                stored.pages += 1;
                assert!(stored.pages < MOST_PAGES, "the walk does not end");
                for change in page.changes {
                    self.take(stored, change).await;
                }
                match page.next {
                    Next::More(next) => {
                        assert_ne!(Some(&next), cursor.as_ref(), "the cursor does not move");
                        cursor = Some(next);
                    }
                    Next::Done { resume } => {
                        ends.insert(stream, resume);
                        break;
                    }
                    Next::Unproved { reason, .. } => panic!("unproved: {reason}"),
                }
            }
        }
        ends
    }

    /// Takes a change in as the gateway would; a listed record is looked up where it is new.
    pub async fn take(&self, stored: &mut Stored, change: Change) {
        match change {
            Change::Seen {
                record,
                fingerprint,
                hint,
            } => {
                if stored.fingerprints.get(&record) == Some(&fingerprint) {
                    return;
                }
                stored.fingerprints.insert(record.clone(), fingerprint);
                stored.lookups += 1;
                let change = self.fetch(&record, hint.as_ref()).await;
                assert!(!matches!(change, Change::Seen { .. }));
                Box::pin(self.take(stored, change)).await;
            }
            Change::Upsert(upsert) => {
                stored.unmapped.extend(upsert.unmapped.clone());
                self.assert_remaps(&upsert);
                let id = upsert.call.remote_id.clone();
                let known = stored.calls.remove(&id);
                let call = absorb(known, upsert.call.clone(), upsert.share);
                stored.calls.insert(id, call);
            }
            Change::NotReady { record, .. } => stored.not_ready.push(record.remote_id),
            Change::Gone { record, .. } => stored.gone.push(record.remote_id),
            Change::Quarantined { record, reason, .. } | Change::Foreign { record, reason, .. } => {
                let entry = format!("{}: {reason}", record.remote_id);
                stored.quarantined.push(entry);
            }
        }
    }

    /// The stored documents alone give the same call, but for what goes by the time of day.
    fn assert_remaps(&self, upsert: &Upsert) {
        let lookup = self.provider.lookup().expect("a vendor that looks up");
        let Some(Change::Upsert(again)) = lookup.remap(&upsert.record, &upsert.raw) else {
            panic!("no remap of {:?}", upsert.record);
        };
        if !upsert.unfinished {
            assert_eq!(again.call, upsert.call);
        }
        assert_eq!(again.unmapped, upsert.unmapped);
    }

    /// The ledger's facts of one kind of record, the latest of each, by id.
    pub fn ledger(&self, vendor: Vendor, kind: &str) -> BTreeMap<String, Value> {
        let page = self.sandbox.world().ledger_page(vendor, 0, 1_000_000);
        let mut facts = BTreeMap::new();
        for entry in page.entries.into_iter().filter(|entry| entry.kind == kind) {
            if entry.deleted {
                facts.remove(&entry.id);
            } else {
                facts.insert(entry.id, entry.facts);
            }
        }
        facts
    }
}

/// The real client, toward a sandbox on this machine.
pub fn client(vendor: &'static str, base_url: &str) -> Arc<dyn HttpClient> {
    let guard = Guard::new(["127.0.0.0/8".parse().expect("a range of addresses")]);
    let transport = HttpTransport::new(TransportConfig::default(), guard, Arc::new(SystemClock))
        .expect("an HTTP client");
    transport.for_connection(ConnectionScope {
        vendor,
        account: AccountId {
            tenant: TenantId(Uuid::nil()),
            namespace: Uuid::new_v5(&Uuid::NAMESPACE_URL, base_url.as_bytes()),
        },
        base_url: Some(base_url.to_owned()),
        ca_certificate: None,
        rate_budget: RateBudget {
            requests_per_second: 10_000,
            concurrency: 8,
        },
        limits: None,
    })
}
