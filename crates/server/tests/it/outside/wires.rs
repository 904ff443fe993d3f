//! Faults on the wire to one vendor: they cost that connection its freshness, and nobody else
//! anything.

use callweave_fault_proxy::Fault;
use callweave_sandbox::Vendor;
use serde_json::Value;
use uuid::Uuid;

use super::{Api, PATIENCE, Stage};
use crate::support::{eventually, turn};

/// Limits that tests can wait out.
const LIMITS: [(&str, &str); 3] = [
    ("CALLWEAVE__EGRESS__CONNECT_TIMEOUT", "1s"),
    ("CALLWEAVE__EGRESS__REQUEST_TIMEOUT", "2s"),
    ("CALLWEAVE__SYNC__POLL_INTERVAL", "200ms"),
];

async fn calls_of(api: &Api, id: Uuid) -> Value {
    api.get(&format!("/v1/calls?connection_id={id}&limit=200"))
        .await
}

fn count(page: &Value) -> usize {
    page["data"].as_array().unwrap().len()
}

async fn until_state(api: &Api, id: Uuid, state: &str) -> Value {
    eventually(state, PATIENCE, async || {
        let status = api.status(id).await;
        if status["state"] == state {
            Ok(status)
        } else {
            Err(format!("{}: {}", status["state"], status["last_error"]))
        }
    })
    .await
}

/// Waits until a connection was synced so often anew.
async fn synced_again(api: &Api, id: Uuid, times: usize) {
    let mut seen = Vec::new();
    eventually("syncs of another connection", PATIENCE, async || {
        let at = api.status(id).await["freshness"]["synced_at"].clone();
        if seen.last() != Some(&at) {
            seen.push(at);
        }
        if seen.len() > times {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn case_001_case_002_case_003_case_004_a_sick_vendor_costs_only_its_own_connection() {
    let _turn = turn().await;
    let stage = Stage::new(10).await;
    let gateway = stage.gateway("all", &LIMITS).await;
    let api = &gateway.api;
    let wire = stage.proxy();
    let sick = stage.connect(api, Vendor::CallGear, &wire.url()).await;
    let well = stage
        .connect(api, Vendor::Neuro, &stage.sandbox.base_url())
        .await;
    for id in [sick, well] {
        eventually("the first calls", PATIENCE, async || {
            let (calls, status) = (count(&calls_of(api, id).await), api.status(id).await);
            if calls >= 10 && status["freshness"]["synced_at"].is_string() {
                Ok(())
            } else {
                Err(format!("{calls} calls, {status}"))
            }
        })
        .await;
    }
    let served = count(&calls_of(api, sick).await);
    for (what, fault) in [
        ("case 1, refused", Fault::Refuse),
        ("case 2, connects hang", Fault::Hang),
        ("case 2, nothing comes back", Fault::BlackHole),
        ("case 3, the body stalls", Fault::Stall { after_bytes: 200 }),
        (
            "case 4, a byte a second",
            Fault::Drip {
                bytes_per_second: 1,
            },
        ),
    ] {
        let fresh = api.status(sick).await["freshness"]["data_fresh_as_of"].clone();
        wire.set(fault);
        wire.sever();
        // Others keep their pace while it is found out, and afterwards.
        synced_again(api, well, 3).await;
        let status = until_state(api, sick, "degraded").await;
        assert_eq!(
            status["last_error"]["code"], "vendor.unreachable",
            "{what}: {status}"
        );
        assert!(status["next_run_at"].is_string(), "{what}: {status}");
        synced_again(api, well, 3).await;
        assert_eq!(api.status(well).await["state"], "active", "{what}");
        // What is known is served, and says how old it is.
        let page = calls_of(api, sick).await;
        assert_eq!(count(&page), served, "{what}");
        let freshness = &page["freshness"][sick.to_string()];
        assert_eq!(freshness["state"], "degraded", "{what}: {freshness}");
        assert!(freshness["reason"].is_string(), "{what}: {freshness}");
        let as_of = freshness["data_fresh_as_of"].as_str().unwrap();
        assert!(as_of >= fresh.as_str().unwrap(), "{what}: {freshness}");
        // It heals by itself; its pauses are short as long as it failed a few times only.
        wire.lift();
        wire.sever();
        until_state(api, sick, "active").await;
    }
}

#[tokio::test]
async fn case_001_failures_in_a_row_bring_pauses_that_grow() {
    let _turn = turn().await;
    let stage = Stage::new(2).await;
    let gateway = stage.gateway("all", &LIMITS).await;
    let api = &gateway.api;
    let wire = stage.proxy();
    let id = stage.connect(api, Vendor::CallGear, &wire.url()).await;
    until_state(api, id, "active").await;
    wire.set(Fault::Refuse);
    let failures = async |least: i64| {
        eventually("failures", PATIENCE, async || {
            let status = api.status(id).await;
            match status["sync"]["failures"].as_i64() {
                Some(number) if number >= least => Ok(status),
                other => Err(format!("{other:?}")),
            }
        })
        .await
    };
    failures(4).await;
    let pool = stage.database.pool().await;
    // Far along, the pause is what it is after so many failures, and five minutes at most.
    for (failed, ceiling) in [(7, 128.0), (9, 300.0), (40, 300.0)] {
        sqlx::query("UPDATE sync_state SET failures = $1, not_before = NULL, next_run_at = now()")
            .bind(failed)
            .execute(&pool)
            .await
            .unwrap();
        failures(i64::from(failed) + 1).await;
        let pause: f64 = sqlx::query_scalar(
            "SELECT EXTRACT(EPOCH FROM not_before - now())::float8 FROM sync_state",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        assert!(pause <= ceiling, "{failed}: {pause}");
        assert!(
            pause >= ceiling / 10.0 - PATIENCE.as_secs_f64(),
            "{failed}: {pause}"
        );
    }
    let types: Vec<String> = sqlx::query_scalar("SELECT type FROM events ORDER BY id")
        .fetch_all(&pool)
        .await
        .unwrap();
    let degraded = types
        .iter()
        .filter(|one| *one == "connection.degraded")
        .count();
    assert_eq!(degraded, 1, "told once: {types:?}");
}

#[tokio::test]
async fn case_005_an_idle_connection_that_the_vendor_closed_is_noticed_by_nobody() {
    let _turn = turn().await;
    let stage = Stage::new(2).await;
    let gateway = stage.gateway("api", &[]).await;
    let wire = stage.proxy();
    let id = stage
        .connect(&gateway.api, Vendor::CallGear, &wire.url())
        .await;
    for _ in 0..10 {
        assert_eq!(gateway.api.check(id).await["ok"], true);
        // All connections that are kept for the next request are gone.
        wire.sever();
    }
}

#[tokio::test]
async fn case_006_case_007_a_page_that_breaks_off_is_discarded_whole() {
    let _turn = turn().await;
    let stage = Stage::new(60).await;
    let gateway = stage.gateway("all", &LIMITS).await;
    let api = &gateway.api;
    let wire = stage.proxy();
    // Connected while nothing but short answers pass: the login does, a page does not.
    wire.set(Fault::Reset { after_bytes: 1_500 });
    let id = stage.connect(api, Vendor::CallGear, &wire.url()).await;
    let stored = async || -> (i64, i64, i64) {
        let pool = stage.database.pool().await;
        sqlx::query_as(
            "SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM records), \
                 (SELECT count(*) FROM sync_streams WHERE resume IS NOT NULL OR synced_at IS NOT NULL)",
        )
        .fetch_one(&pool)
        .await
        .unwrap()
    };
    for (what, fault, code) in [
        (
            "case 6",
            Fault::Reset { after_bytes: 1_500 },
            "vendor.unreachable",
        ),
        (
            "case 7",
            Fault::Close { after_bytes: 1_500 },
            "vendor.bad_response",
        ),
    ] {
        let struck = wire.struck();
        wire.set(fault);
        wire.sever();
        eventually("cut pages", PATIENCE, async || {
            let status = api.status(id).await;
            let seen = &status["last_error"]["code"];
            if *seen == *code && wire.struck() >= struck + 3 {
                Ok(())
            } else {
                Err(format!("{seen}, {} cut", wire.struck() - struck))
            }
        })
        .await;
        assert_eq!(stored().await, (0, 0, 0), "{what}");
    }
    let metrics = api.metrics().await;
    let counted = metrics.lines().any(|line| {
        line.starts_with("callweave_vendor_requests_total")
            && line.contains("outcome=\"truncated\"")
    });
    assert!(counted, "{metrics}");
    wire.lift();
    wire.sever();
    eventually("all calls", PATIENCE, async || {
        match count(&calls_of(api, id).await) {
            60.. => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
}
