//! `GET /v1/vendor-requests`: why something is not here yet.

use std::collections::BTreeSet;

use callweave_sandbox::{FaultKind, FaultSpec, Vendor};
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use super::{Api, Gateway, PATIENCE, Stage};
use crate::support::{eventually, turn};

async fn rows(api: &Api, query: &str) -> Vec<Value> {
    let page = api
        .get(&format!("/v1/vendor-requests?limit=200&{query}"))
        .await;
    page["data"].as_array().unwrap().clone()
}

/// Waits until a query finds something.
async fn found(api: &Api, query: &str) -> Vec<Value> {
    eventually(query, PATIENCE, async || {
        let rows = rows(api, query).await;
        if rows.is_empty() {
            Err("nothing".to_owned())
        } else {
            Ok(rows)
        }
    })
    .await
}

const VENDORS: [Vendor; 4] = [
    Vendor::CallGear,
    Vendor::AloVoice,
    Vendor::Neuro,
    Vendor::Transcripto,
];

/// A gateway that keeps 60 requests of each kind, with all vendors connected.
async fn connected(stage: &Stage) -> (Gateway, Vec<(Vendor, Uuid)>) {
    let gateway = stage
        .gateway("all", &[("CALLWEAVE__VENDORS__REQUEST_LOG", "60")])
        .await;
    let base_url = stage.sandbox.base_url();
    let mut connections = Vec::new();
    for vendor in VENDORS {
        let id = stage.connect(&gateway.api, vendor, &base_url).await;
        connections.push((vendor, id));
    }
    (gateway, connections)
}

#[tokio::test]
async fn what_was_asked_of_a_vendor_is_told_and_a_failure_says_where() {
    let _turn = turn().await;
    let stage = Stage::new(8).await;
    let (gateway, connections) = connected(&stage).await;
    let api = &gateway.api;
    // One of them cannot be asked anything that goes well before it has taken a call.
    let asked = |vendor: &Vendor| *vendor != Vendor::AloVoice;
    for (vendor, id) in connections.iter().filter(|(vendor, _)| asked(vendor)) {
        let rows = found(api, &format!("connection_id={id}&failed=false")).await;
        for row in &rows {
            assert_eq!(row["vendor"], vendor.key());
            assert_eq!(row["outcome"], "2xx", "{row}");
            assert!(row["elapsed_ms"].as_f64().unwrap() > 0.0, "{row}");
            assert!(row["vendor_route"].is_string(), "{row}");
            assert!(row["request_id"].is_string() || row["connection_id"].is_null());
        }
    }

    // A request that fails says where to look, and there it is.
    let (_, id) = connections[0];
    let failing = FaultKind::Status { status: 500 };
    let world = stage.sandbox.world();
    world.add_fault(FaultSpec::always(Vendor::CallGear, "*", failing));
    let path = format!("/v1/connections/{id}/rubrics");
    let (status, problem) = api.send(Method::GET, &path, None).await;
    assert!(status >= 500, "{problem}");
    let link = problem["vendor_requests"].as_str().unwrap();
    let asked = eventually(
        link,
        PATIENCE,
        async || match &api.get(link).await["data"] {
            Value::Array(rows) if !rows.is_empty() => Ok(rows.clone()),
            other => Err(other.to_string()),
        },
    )
    .await;
    assert_eq!(asked[0]["request_id"], problem["request_id"]);
    assert_eq!(asked[0]["status"], 500);
    assert_eq!(asked[0]["failed"], true);
    assert_eq!(asked[0]["operation"], problem["vendor"]["operation"]);
    let status = api.status(id).await;
    let link = status["vendor_requests"].as_str().unwrap();
    assert!(!api.get(link).await["data"].as_array().unwrap().is_empty());
    world.clear_faults();
}

#[tokio::test]
async fn the_log_of_vendor_requests_is_bounded_and_holds_neither_secrets_nor_contents() {
    let _turn = turn().await;
    let stage = Stage::new(8).await;
    let (gateway, _connections) = connected(&stage).await;
    let api = &gateway.api;
    // By the vendor's id of a record, in pages without gaps.
    // The first requests are a login and a page of the list, which are about no record.
    let (one, remote) = eventually("a request about a record", PATIENCE, async || {
        let rows = found(api, "vendor=transcripto&failed=false").await;
        let about = rows.iter().find_map(|row| row["remote_id"].as_str());
        let remote = about.map(str::to_owned).ok_or("none yet")?;
        Ok((rows, remote))
    })
    .await;
    for row in found(api, &format!("remote_id={remote}&vendor=transcripto")).await {
        assert_eq!(row["remote_id"], remote.as_str());
    }
    let before = one[0]["at"].as_str().unwrap();
    let whole: Vec<Value> = rows(api, &format!("before={before}")).await;
    let (mut paged, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = api
            .get(&format!(
                "/v1/vendor-requests?limit=7&before={before}{cursor}"
            ))
            .await;
        for row in page["data"].as_array().unwrap() {
            assert!(paged.insert(row["id"].as_str().unwrap().to_owned()));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    // Meanwhile old ones may have gone, never come.
    assert!(paged.len() <= whole.len().max(60 * 2 + 15));

    // Bounded, and none of it says more than it should.
    eventually("no more than are kept", PATIENCE, async || {
        let pool = stage.database.pool().await;
        let most: i64 = sqlx::query_scalar(
            "SELECT max(count) FROM (SELECT count(*) FROM vendor_requests GROUP BY failed) AS kinds",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        pool.close().await;
        // A quarter more may come before they are counted again, and a batch on top.
        if most <= 60 + 15 + 50 {
            Ok(())
        } else {
            Err(format!("{most} rows"))
        }
    })
    .await;
    let everything = Value::from(rows(api, "order=asc").await).to_string();
    let credentials = stage.sandbox.world().credentials(&stage.sandbox.base_url());
    for vendor in VENDORS {
        let secrets = &credentials[vendor.key()]["connection"]["credentials"];
        for (name, secret) in secrets.as_object().unwrap() {
            let secret = secret.as_str().unwrap();
            assert!(!everything.contains(secret), "{vendor}: {name} is told");
        }
    }
    let calls = api.get("/v1/calls?limit=200").await;
    let phones: BTreeSet<&str> = calls["data"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|call| call["parties"].as_array().into_iter().flatten())
        .filter_map(|party| party["phone"].as_str())
        .collect();
    assert!(!phones.is_empty());
    for phone in phones {
        assert!(
            !everything.contains(phone.trim_start_matches('+')),
            "{phone}"
        );
    }
}
