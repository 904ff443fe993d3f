//! Answers that are none: nothing of them is stored, and none is taken for an empty list.

use std::time::Duration;

use callweave_model::connection::ConnectionState;
use callweave_provider::{Change, ErrorKind, RecordRef};
use callweave_sandbox::{FaultKind, FaultSpec, Vendor};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Inside, Replica, calls};
use crate::support::eventually;

/// The vendors that are walked.
const WALKED: [Vendor; 3] = [Vendor::CallGear, Vendor::Neuro, Vendor::Transcripto];

fn replaced(status: u16, body: &str, content_type: Option<&str>) -> FaultKind {
    FaultKind::Replace {
        status,
        body: json!(body),
        base64: false,
        content_type: content_type.map(str::to_owned),
    }
}

/// What stands in the database of one connection's calls and walks.
#[derive(Debug, PartialEq)]
struct Stored {
    calls: usize,
    records: Vec<(String, String)>,
    streams: Vec<(String, Option<serde_json::Value>)>,
    synced: Option<String>,
}

async fn stored(inside: &Inside) -> Stored {
    let pool = inside.database.pool().await;
    let records = sqlx::query_as("SELECT remote_id, state FROM records ORDER BY kind, remote_id")
        .fetch_all(&pool)
        .await
        .unwrap();
    let streams = sqlx::query_as("SELECT stream, resume FROM sync_streams ORDER BY stream")
        .fetch_all(&pool)
        .await
        .unwrap();
    let synced = sqlx::query_scalar("SELECT fresh_as_of::text FROM sync_state")
        .fetch_one(&pool)
        .await
        .unwrap();
    Stored {
        calls: calls(inside).await.values().sum(),
        records,
        streams,
        synced,
    }
}

/// One turn, whatever pause lasts.
async fn turn(inside: &Inside, replica: &Replica, full: bool) {
    let pool = inside.database.pool().await;
    sqlx::query("UPDATE records SET due_at = now() - interval '1 hour' WHERE due_at IS NOT NULL")
        .execute(&pool)
        .await
        .unwrap();
    let id = sqlx::query_scalar("SELECT connection_id FROM sync_state")
        .fetch_one(&pool)
        .await
        .unwrap();
    let id = callweave_model::ConnectionId(id);
    let mut tx = replica.store.tenant(inside.tenant).await.unwrap();
    tx.request_sync(id, full).await.unwrap();
    tx.forgive(id).await.unwrap();
    tx.commit().await.unwrap();
    replica
        .engine()
        .turn(&CancellationToken::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn case_008_case_013_case_014_case_017_an_answer_that_is_none_is_never_an_empty_list() {
    let broken = "vendor.bad_response";
    let redirected = "vendor.unexpected_redirect";
    let elsewhere = |location: &str, status| FaultKind::Redirect {
        location: location.to_owned(),
        status,
    };
    let faults = [
        (
            "case 8, cut off",
            FaultKind::Truncated {
                correct_length: true,
            },
            broken,
        ),
        ("case 13, a log-in page", FaultKind::Html, broken),
        (
            "case 13, a page that says it is JSON",
            replaced(200, "<html>sign in</html>", Some("application/json")),
            broken,
        ),
        ("case 14, nothing", FaultKind::Empty, broken),
        ("case 14, 204", replaced(204, "", None), broken),
        (
            "case 14, white space",
            replaced(200, " \n", Some("application/json")),
            broken,
        ),
        (
            "case 17, to a cloud's inside",
            elsewhere("http://169.254.169.254/latest/meta-data", 302),
            redirected,
        ),
        ("case 17, around", elsewhere("/", 307), redirected),
    ];
    for vendor in WALKED {
        let inside = Inside::new(12).await;
        let replica = inside.replica();
        let (settings, credentials) = inside.account(vendor);
        let connection = inside
            .connect(&replica, vendor, settings, &credentials)
            .await;
        replica.check(&connection).await.unwrap();
        let mut before = stored(&inside).await;
        assert_eq!(before.calls, 0);
        for round in ["at first", "later"] {
            for (what, fault, code) in &faults {
                inside.fault(FaultSpec::always(vendor, "*", fault.clone()));
                turn(&inside, &replica, true).await;
                inside.sandbox.world().clear_faults();
                let at = format!("{vendor}, {round}: {what}");
                let now = stored(&inside).await;
                assert_eq!(now.records, before.records, "{at}");
                assert_eq!(
                    (now.calls, &now.synced),
                    (before.calls, &before.synced),
                    "{at}"
                );
                for (stream, resume) in &now.streams {
                    let known = before.streams.iter().find(|(name, _)| name == stream);
                    assert_eq!(
                        resume.as_ref(),
                        known.and_then(|(_, resume)| resume.as_ref()),
                        "{at}"
                    );
                }
                let stands = inside.stored(&replica, connection.id).await;
                assert_eq!(stands.state, ConnectionState::Degraded, "{at}");
                let error = stands.last_error.unwrap();
                assert_eq!(error.code, *code, "{at}: {:?}", error.detail);
            }
            // The vendor is back: everything arrives, and nothing is gone.
            let live = inside.ledger(vendor).len();
            assert!(live >= 12);
            eventually("all calls", Duration::from_secs(60), async || {
                turn(&inside, &replica, true).await;
                let now = stored(&inside).await;
                let stands = inside.stored(&replica, connection.id).await;
                if now.calls > 0 && stands.state == ConnectionState::Active {
                    Ok(())
                } else {
                    Err(format!("{vendor}: {} calls, {}", now.calls, stands.state))
                }
            })
            .await;
            let after = stored(&inside).await;
            assert!(after.calls >= before.calls, "{vendor}: nothing is lost");
            assert!(
                after.records.iter().all(|(_, state)| state != "gone"),
                "{vendor}"
            );
            before = after;
        }
    }
}

#[tokio::test]
async fn case_013_case_014_a_result_that_is_none_is_no_result() {
    let inside = Inside::new(3).await;
    let replica = inside.replica();
    let vendor = Vendor::AloVoice;
    let (settings, credentials) = inside.account(vendor);
    let connection = inside
        .connect(&replica, vendor, settings, &credentials)
        .await;
    let known = inside.ledger(vendor).first().unwrap().id.clone();
    let record = RecordRef::new("call", known);
    let fetch = async || {
        let open = replica.open(&connection);
        let provider = open.provider().clone();
        open.run("test", |access| {
            let (provider, record) = (provider.clone(), record.clone());
            Box::pin(async move {
                let lookup = provider.lookup().unwrap();
                lookup.fetch(&access.context(), &record, None).await
            })
        })
        .await
    };
    let whole = fetch().await.unwrap();
    assert!(!matches!(whole, Change::Gone { .. }), "{whole:?}");
    for (fault, told) in [
        (FaultKind::Html, true),
        (
            FaultKind::Truncated {
                correct_length: true,
            },
            true,
        ),
        (FaultKind::Empty, false),
        (replaced(204, "", None), false),
    ] {
        inside.fault(FaultSpec::always(vendor, "*", fault.clone()));
        match fetch().await {
            Err(error) => assert_eq!(error.kind, ErrorKind::BadResponse, "{fault:?}"),
            // Its documents name no answer for what is not there yet: it is asked for again.
            Ok(Change::NotReady { .. }) if !told => {}
            Ok(other) => panic!("{fault:?}: {other:?}"),
        }
        inside.sandbox.world().clear_faults();
    }
}

#[tokio::test]
async fn case_011_429_without_a_time_loses_nothing() {
    let inside = Inside::new(10).await;
    let replica = inside.replica();
    let vendor = Vendor::CallGear;
    let (settings, credentials) = inside.account(vendor);
    let connection = inside
        .connect(&replica, vendor, settings, &credentials)
        .await;
    replica.check(&connection).await.unwrap();
    let limited = FaultKind::RateLimited { retry_after: None };
    inside.fault(FaultSpec {
        probability: Some(0.4),
        seed: 11,
        ..FaultSpec::always(vendor, "*", limited).times(6)
    });
    let mut met_a_limit = false;
    eventually("all calls", Duration::from_secs(120), async || {
        turn(&inside, &replica, false).await;
        let stands = inside.stored(&replica, connection.id).await;
        met_a_limit |= stands.state == ConnectionState::RateLimited;
        let now = stored(&inside).await;
        if stands.state == ConnectionState::Active && now.calls >= 10 {
            Ok(())
        } else {
            Err(format!("{} calls, {}", now.calls, stands.state))
        }
    })
    .await;
    assert!(
        met_a_limit,
        "the owner saw that the vendor asked to slow down"
    );
    let now = stored(&inside).await;
    assert!(
        now.records.iter().all(|(_, state)| state != "quarantined"),
        "{:?}",
        now.records
    );
    let report = inside.sandbox.world().requests(Some(vendor), None);
    assert_eq!(
        report.by_status.get(&429),
        Some(&6),
        "{:?}",
        report.by_status
    );
}

#[tokio::test]
async fn case_012_three_failures_in_ten_requests_lose_nothing_and_cost_a_fifth_more_at_most() {
    for vendor in WALKED {
        let inside = Inside::new(40).await;
        let replica = inside.replica();
        let (settings, credentials) = inside.account(vendor);
        let connection = inside
            .connect(&replica, vendor, settings, &credentials)
            .await;
        replica.check(&connection).await.unwrap();
        for (number, status) in [500, 502, 503, 504].into_iter().enumerate() {
            inside.fault(FaultSpec {
                probability: Some(0.08),
                seed: number as u64,
                ..FaultSpec::always(vendor, "*", FaultKind::Status { status })
            });
        }
        eventually("all calls", Duration::from_secs(120), async || {
            turn(&inside, &replica, false).await;
            let now = stored(&inside).await;
            let waiting = now
                .records
                .iter()
                .filter(|(_, state)| state == "seen")
                .count();
            let stands = inside.stored(&replica, connection.id).await;
            if now.calls >= 40 && waiting == 0 && now.synced.is_some() {
                Ok(())
            } else {
                Err(format!(
                    "{vendor}: {} calls, {waiting} waiting, {}",
                    now.calls, stands.state
                ))
            }
        })
        .await;
        let report = inside.sandbox.world().requests(Some(vendor), None);
        let failed: u64 = (500..=504)
            .filter_map(|status| report.by_status.get(&status))
            .sum();
        assert!(
            failed * 5 >= report.total,
            "{vendor}: {:?}",
            report.by_status
        );
        let now = stored(&inside).await;
        assert!(
            now.records.iter().all(|(_, state)| state != "gone"),
            "{vendor}"
        );
    }
}
