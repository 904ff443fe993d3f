//! Drives a provider as the gateway does, against the sandbox over real HTTP.

use std::{collections::BTreeMap, sync::Arc};

use callweave_model::{AnalyzedCall, SystemClock, merge::absorb};
use callweave_provider::{
    Change, Cursor, Next, Provider, ProviderFactory, RecordRef, Settings, Walk,
    manifest::RateBudget,
};
use callweave_provider_http::{ConnectionScope, HttpTransport, TransportConfig, egress::Guard};
use callweave_provider_testkit::Caller;
use callweave_sandbox::{Sandbox, SandboxConfig, Vendor};
use serde_json::Value;

/// What the gateway would have after a walk.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) calls: BTreeMap<String, AnalyzedCall>,
    pub(crate) fingerprints: BTreeMap<RecordRef, Vec<u8>>,
    pub(crate) lookups: usize,
    pub(crate) pages: usize,
    pub(crate) unmapped: Vec<String>,
    pub(crate) gone: Vec<String>,
    pub(crate) not_ready: Vec<String>,
    pub(crate) quarantined: Vec<String>,
}

/// A sandbox and a provider that speaks to it.
pub(crate) struct Live {
    pub(crate) sandbox: Sandbox,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) caller: Caller,
}

impl Live {
    pub(crate) async fn start(vendor: Vendor, factory: &dyn ProviderFactory, calls: u32) -> Self {
        let sandbox = Sandbox::start(SandboxConfig {
            calls_per_vendor: calls,
            ..SandboxConfig::default()
        })
        .await
        .unwrap();
        let base_url = sandbox.vendor_url(vendor);
        let credentials =
            sandbox.world().credentials(&sandbox.base_url())[vendor.to_string()].clone();
        let guard = Guard::new(["127.0.0.0/8".parse().unwrap()]);
        let transport =
            HttpTransport::new(TransportConfig::default(), guard, Arc::new(SystemClock)).unwrap();
        let http = transport.for_connection(ConnectionScope {
            vendor: factory.manifest().vendor,
            connection: "one".to_owned(),
            base_url: Some(base_url.clone()),
            rate_budget: RateBudget {
                requests_per_second: 10_000,
                concurrency: 8,
            },
            limits: None,
        });
        let provider = factory
            .build(settings(&base_url, &credentials), http)
            .unwrap();
        let members: Vec<(String, String)> = secrets(&credentials);
        let members: Vec<(&str, &str)> = members
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut live = Self {
            sandbox,
            provider,
            caller: Caller::new(&members),
        };
        live.caller.now = callweave_model::Timestamp::from_jiff(live.sandbox.world().now());
        let grant = live
            .provider
            .token_grant()
            .unwrap()
            .login(&live.caller.context())
            .await
            .unwrap();
        live.caller.access_token = Some(grant.access_token);
        live
    }

    /// Walks every stream to its end and looks up what is new or changed; gives the cursors where
    /// the next walk begins.
    pub(crate) async fn walk(
        &self,
        stored: &mut Stored,
        walk: Walk,
        resume: &BTreeMap<String, Cursor>,
    ) -> BTreeMap<String, Cursor> {
        let pull = self.provider.pull().unwrap();
        let context = self.caller.context();
        let mut ends = BTreeMap::new();
        for stream in pull.streams(&context).await.unwrap() {
            let mut cursor = resume.get(&stream).cloned();
            loop {
                let page = pull
                    .page(&context, &stream, walk, cursor.as_ref())
                    .await
                    .unwrap();
                stored.pages += 1;
                assert!(stored.pages < 2_000, "the walk does not end");
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

    async fn take(&self, stored: &mut Stored, change: Change) {
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
                let lookup = self.provider.lookup().unwrap();
                let context = self.caller.context();
                let change = lookup
                    .fetch(&context, &record, hint.as_ref())
                    .await
                    .unwrap();
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
            Change::Quarantined { record, reason, .. } => {
                stored
                    .quarantined
                    .push(format!("{}: {reason}", record.remote_id));
            }
        }
    }

    /// The stored documents alone give the same call, but for what goes by the time of day.
    fn assert_remaps(&self, upsert: &callweave_provider::change::Upsert) {
        let lookup = self.provider.lookup().unwrap();
        let Some(Change::Upsert(again)) = lookup.remap(&upsert.record, &upsert.raw) else {
            panic!("no remap of {:?}", upsert.record);
        };
        if !upsert.unfinished {
            assert_eq!(again.call, upsert.call);
        }
        assert_eq!(again.unmapped, upsert.unmapped);
    }

    /// The ledger's facts of one kind of record, the latest of each, by id.
    pub(crate) fn ledger(&self, vendor: Vendor, kind: &str) -> BTreeMap<String, Value> {
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

fn settings(base_url: &str, _credentials: &Value) -> Settings {
    let mut members = serde_json::Map::new();
    members.insert("base_url".to_owned(), base_url.into());
    Settings(members)
}

fn secrets(credentials: &Value) -> Vec<(String, String)> {
    let token = credentials["token"].as_str().unwrap().to_owned();
    vec![("access_token".to_owned(), token)]
}
