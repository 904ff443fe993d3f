//! What the ledger says, compared with what the gateway serves.

use std::collections::{BTreeMap, BTreeSet};

use callweave_model::ConnectionId;
use callweave_sandbox::{LedgerEntry, Vendor};
use serde_json::Value;

use super::World;

impl World {
    /// The last word of the ledger on each record: kind and id.
    pub(crate) fn ledger(&self, vendor: Vendor) -> BTreeMap<(String, String), LedgerEntry> {
        let mut known = BTreeMap::new();
        let mut after = 0;
        loop {
            let page = self.truth().ledger_page(vendor, after, 5_000);
            for entry in page.entries {
                // A task that makes a report over many calls is no call.
                if entry.call_id.is_some() && entry.facts["type"] != "callreport" {
                    known.insert((entry.kind.clone(), entry.id.clone()), entry);
                }
            }
            after = page.next_after;
            if !page.more {
                return known;
            }
        }
    }

    /// The vendor's ids of the calls that it has now.
    pub(crate) fn live_calls(&self, vendor: Vendor) -> BTreeSet<String> {
        self.ledger(vendor)
            .into_values()
            .filter(|entry| !entry.deleted)
            .filter_map(|entry| entry.call_id)
            .collect()
    }

    /// The calls that the gateway serves, by the vendor's id. Fails when one is served twice, or
    /// when one is missing that the vendor has.
    pub(crate) async fn assert_holds_all(
        &self,
        vendor: Vendor,
        connection: ConnectionId,
    ) -> BTreeMap<String, Value> {
        let mut served = BTreeMap::new();
        for call in self.calls(connection, "analyses").await {
            let id = call["remote_id"].as_str().unwrap().to_owned();
            assert!(served.insert(id.clone(), call).is_none(), "{id} is doubled");
        }
        let live = self.live_calls(vendor);
        let lost: Vec<_> = live.iter().filter(|id| !served.contains_key(*id)).collect();
        assert!(lost.is_empty(), "{vendor} lost {lost:?}");
        served
    }

    /// Fails unless the gateway serves exactly the calls that the vendor has, each once, and as the
    /// vendor has them now.
    pub(crate) async fn assert_mirrors(&self, vendor: Vendor, connection: ConnectionId) {
        let served = self.assert_holds_all(vendor, connection).await;
        let live = self.live_calls(vendor);
        let invented: Vec<_> = served.keys().filter(|id| !live.contains(*id)).collect();
        assert!(invented.is_empty(), "{vendor} invented {invented:?}");
        let records = self.ledger(vendor);
        for entry in records.values().filter(|entry| !entry.deleted) {
            let call = &served[entry.call_id.as_ref().unwrap()];
            assert_current(vendor, entry, call);
        }
    }
}

/// Fails when a call shows another state of a record than the vendor's present one.
fn assert_current(vendor: Vendor, entry: &LedgerEntry, call: &Value) {
    let facts = &entry.facts;
    let about = format!("{vendor} {} {} is stale", entry.kind, entry.id);
    match (vendor, entry.kind.as_str()) {
        (Vendor::CallGear, "result") => {
            let analyses = call["analyses"].as_array().unwrap();
            let own: Vec<_> = analyses
                .iter()
                .filter(|analysis| analysis["remote_id"] == entry.id.as_str())
                .collect();
            assert_eq!(own.len(), 1, "{about}");
            if facts["empty_result"] != true {
                let score = &own[0]["scorecards"][0]["score_pct"];
                assert_eq!(score.as_f64(), facts["score_percent"].as_f64(), "{about}");
            }
        }
        (Vendor::Transcripto, "task") => {
            let instant =
                |value: &Value| -> jiff::Timestamp { value.as_str().unwrap().parse().unwrap() };
            let told = instant(&facts["updated_at"]);
            let known = instant(&call["vendor_updated_at"]);
            assert_eq!(known.as_second(), told.as_second(), "{about}");
        }
        (Vendor::Neuro, "dialog") => {
            let raw = &call["analyses"][0]["outcome"]["raw"];
            assert_eq!(raw, &facts["result"], "{about}");
        }
        _ => {}
    }
}
