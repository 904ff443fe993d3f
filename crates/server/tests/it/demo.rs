//! `callweave demo` from the first start over a crash to the second.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use crate::support::{Place, Running, eventually, http, turn};

/// How long the calls of all vendors may take to be listed, in a debug build on a small and busy
/// machine.
const BOUND: Duration = Duration::from_mins(7);

fn demo(place: &Place, calls: u32) -> (Running, Api) {
    let mut command = place.command();
    command.args(["demo", "--json", "--listen", "127.0.0.1:0"]);
    command.args(["--calls", &calls.to_string()]);
    let mut running = Running::start(&mut command);
    let report = running.report();
    (running, Api { report })
}

/// The demo's API and its sandbox.
struct Api {
    report: Value,
}

impl Api {
    fn text(&self, member: &str) -> &str {
        self.report[member].as_str().unwrap()
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        let url = format!("{}{path}", self.text("url"));
        let request = http().get(url).bearer_auth(self.text("key"));
        request.send().await.unwrap()
    }

    /// The vendors' ids of all listed calls, by vendor. None stands for two calls; a call whose
    /// place in the list changes while we read may be met twice.
    async fn listed(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut calls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        let mut cursor = String::new();
        loop {
            let response = self.get(&format!("/v1/calls?limit=200{cursor}")).await;
            assert_eq!(response.status(), 200);
            let page: Value = response.json().await.unwrap();
            for call in page["data"].as_array().unwrap() {
                let vendor = call["vendor"].as_str().unwrap().to_owned();
                let remote = call["remote_id"].as_str().unwrap().to_owned();
                let id = call["id"].as_str().unwrap();
                let known = ids.entry(format!("{vendor} {remote}"));
                let first = known.or_insert_with(|| id.to_owned());
                assert_eq!(first, id, "{vendor} {remote} is there twice");
                calls.entry(vendor).or_default().insert(remote);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return calls,
            }
        }
    }

    /// The calls that a vendor of the sandbox has now, by its ledger. What it never analysed is no
    /// analysed call.
    async fn ledger(&self, vendor: &str) -> BTreeSet<String> {
        let mut live = BTreeSet::new();
        let mut after = 0_u64;
        loop {
            let url = format!(
                "{}/control/ledger?vendor={vendor}&after={after}&limit=2000",
                self.text("sandbox")
            );
            let page: Value = http().get(url).send().await.unwrap().json().await.unwrap();
            for entry in page["entries"].as_array().unwrap() {
                if let Some(call) = entry["call_id"].as_str() {
                    if entry["deleted"] == true || entry["facts"]["analysed"] == false {
                        live.remove(call);
                    } else {
                        live.insert(call.to_owned());
                    }
                }
            }
            if page["more"] == false {
                return live;
            }
            after = page["next_after"].as_u64().unwrap();
        }
    }

    /// Waits until what was in the ledgers at some moment is listed, and nothing that never was.
    async fn all_arrive(&self) -> BTreeMap<String, BTreeSet<String>> {
        let vendors: Vec<String> = self.report["connections"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let mut wanted = BTreeMap::new();
        for vendor in &vendors {
            wanted.insert(vendor.clone(), self.ledger(vendor).await);
        }
        eventually("all calls", BOUND, async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let listed = self.listed().await;
            for vendor in &vendors {
                let shown = listed.get(vendor).cloned().unwrap_or_default();
                let mut missing: BTreeSet<String> =
                    wanted[vendor].difference(&shown).cloned().collect();
                if missing.len() < 20 && !missing.is_empty() {
                    // What went away meanwhile need not have been seen.
                    let now = self.ledger(vendor).await;
                    missing.retain(|call| now.contains(call));
                }
                if let Some(first) = missing.first() {
                    let count = missing.len();
                    return Err(format!("{vendor}: {count} are missing, {first} is one"));
                }
            }
            Ok(listed)
        })
        .await
    }
}

#[tokio::test]
async fn everything_runs_with_nothing_configured() {
    let _turn = turn().await;
    let place = Place::new();
    let (running, api) = demo(&place, 1_000);
    for path in ["/readyz", "/livez", "/openapi.json", "/metrics"] {
        assert_eq!(api.get(path).await.status(), 200, "{path}");
    }
    let docs = http().get(format!("{}/", api.text("docs"))).send().await;
    assert_eq!(docs.unwrap().status(), 200);
    eventually("first calls", Duration::from_secs(5), async || {
        match api.listed().await.values().map(BTreeSet::len).sum() {
            0_usize => Err("none".to_owned()),
            count => Ok(count),
        }
    })
    .await;
    let listed = api.all_arrive().await;
    assert_eq!(listed.len(), 4, "{:?}", listed.keys());
    assert!(listed.values().map(BTreeSet::len).sum::<usize>() > 3_000);
    let (code, said) = running.stop();
    assert_eq!(code, Some(0), "{said}");
    place.assert_abandoned();
}

#[tokio::test]
async fn a_crash_in_the_first_sync_loses_and_doubles_nothing() {
    let _turn = turn().await;
    let place = Place::new();
    let (running, before) = demo(&place, 400);
    eventually("some calls", Duration::from_secs(30), async || match before
        .listed()
        .await
        .values()
        .map(BTreeSet::len)
        .sum()
    {
        count @ 50_usize.. => Ok(count),
        count => Err(format!("{count}")),
    })
    .await;
    let known: Vec<BTreeSet<String>> = {
        let mut known = Vec::new();
        for vendor in before.report["connections"].as_object().unwrap().keys() {
            known.push(before.ledger(vendor).await);
        }
        known
    };
    running.kill();
    place.assert_abandoned();

    let (running, after) = demo(&place, 400);
    assert_eq!(after.text("key"), before.text("key"));
    assert_eq!(after.text("sandbox"), before.text("sandbox"));
    assert_eq!(after.report["connections"], before.report["connections"]);
    for (vendor, known) in after.report["connections"]
        .as_object()
        .unwrap()
        .keys()
        .zip(known)
    {
        let now = after.ledger(vendor).await;
        let gone = known.difference(&now).count();
        assert!(gone <= 1, "{vendor} forgot {gone} calls");
    }
    after.all_arrive().await;
    let connections: Value = after.get("/v1/connections").await.json().await.unwrap();
    for connection in connections["data"].as_array().unwrap() {
        assert_eq!(connection["state"], "active", "{connection}");
    }
    let (code, said) = running.stop();
    assert_eq!(code, Some(0), "{said}");
    place.assert_abandoned();
}

#[tokio::test]
async fn an_ordinary_user_needs_no_rights() {
    let _turn = turn().await;
    let place = Place::of_ordinary_user();
    let (running, api) = demo(&place, 20);
    api.all_arrive().await;
    let (code, said) = running.stop();
    assert_eq!(code, Some(0), "{said}");
    place.assert_abandoned();
}

#[tokio::test]
async fn a_second_demo_on_the_same_directory_is_told_so() {
    let _turn = turn().await;
    let place = Place::new();
    let (running, _api) = demo(&place, 5);
    let mut command = place.command();
    let second = command
        .args(["demo", "--json", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another demo runs on"), "{said}");
    assert_eq!(running.stop().0, Some(0));
    place.assert_abandoned();
}
