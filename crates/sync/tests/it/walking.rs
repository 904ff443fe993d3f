//! Walks over lists that change, lie and fail, judged by the ledger.

use std::time::Duration;

use callweave_sandbox::{CallPatch, FaultKind, FaultSpec, Vendor};
use jiff::Timestamp;
use serde_json::json;

use crate::world::{World, world};

/// The operation that lists a vendor's records.
const fn list(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Neuro => "NN-29",
        Vendor::Transcripto => "TR-09",
        Vendor::CallGear | Vendor::AloVoice => "CG-16",
    }
}

/// Waits until a vendor was asked for a list so often.
async fn listed(world: &World, vendor: Vendor, times: u64) {
    while world.asked(vendor, list(vendor)) < times {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Makes each page of a list take a moment, so that something can happen meanwhile.
fn slow_lists(world: &World, vendor: Vendor) {
    world.fault(vendor, list(vendor), FaultKind::Slow { ms: 40 });
}

fn set(world: &World, options: &serde_json::Value) {
    let options = options.as_object().unwrap().clone();
    world.truth().set_options(options).unwrap();
}

/// A whole second some hours ago.
fn hours_ago(world: &World, hours: i64) -> Timestamp {
    let now = world.truth().now().as_second();
    Timestamp::from_second(now - hours * 3_600).unwrap()
}

fn starting(at: Timestamp) -> CallPatch {
    CallPatch {
        started_at: Some(at),
        ..CallPatch::default()
    }
}

#[tokio::test]
async fn case_059_many_records_of_one_instant_across_page_and_window_edges() {
    let world = world(20).await;
    set(&world, &json!({"neuro_page_cap": 20}));
    let at = hours_ago(&world, 120);
    for vendor in [Vendor::Neuro, Vendor::Transcripto, Vendor::CallGear] {
        for _ in 0..110 {
            world.truth().add_record(vendor, starting(at));
        }
        let connection = world.connect(vendor).await;
        world.settle().await;
        world.assert_mirrors(vendor, connection).await;
    }
}

#[tokio::test]
async fn case_060_a_record_that_appears_late_with_an_old_time_is_found() {
    let world = world(60).await;
    for vendor in [Vendor::Neuro, Vendor::Transcripto, Vendor::CallGear] {
        let connection = world.connect(vendor).await;
        world.settle().await;
        let held = world.assert_holds_all(vendor, connection).await.len();
        let late = starting(hours_ago(&world, 48));
        let ids = world.truth().add_record(vendor, late);
        world.sync(connection, false).await;
        let served = world.assert_holds_all(vendor, connection).await;
        assert_eq!(served.len(), held + 1, "{vendor} {ids:?}");
    }
}

#[tokio::test]
async fn case_061_what_appears_during_a_walk_is_there_after_the_next_and_the_watermark_is_the_start()
 {
    for vendor in [Vendor::Neuro, Vendor::Transcripto, Vendor::CallGear] {
        let world = world(120).await;
        let connection = world.connect(vendor).await;
        slow_lists(&world, vendor);
        let mut appeared = world.truth().now();
        tokio::join!(world.settle(), async {
            listed(&world, vendor, 2).await;
            appeared = world.truth().now();
            world.truth().add_record(vendor, CallPatch::default());
        });
        let status = world.status(connection).await;
        let fresh = status["freshness"]["data_fresh_as_of"].as_str().unwrap();
        let fresh: Timestamp = fresh.parse().unwrap();
        assert!(fresh <= appeared, "{vendor}: {fresh} after {appeared}");
        world.truth().clear_faults();
        world.sync(connection, false).await;
        world.assert_mirrors(vendor, connection).await;
    }
}

#[tokio::test]
async fn case_062_a_task_that_jumps_to_the_front_during_the_walk_is_not_missed() {
    let world = world(200).await;
    let vendor = Vendor::Transcripto;
    let connection = world.connect(vendor).await;
    let ids: Vec<String> = world.live_calls(vendor).into_iter().collect();
    slow_lists(&world, vendor);
    tokio::join!(world.settle(), async {
        listed(&world, vendor, 2).await;
        for id in ids.iter().step_by(9) {
            world
                .truth()
                .change_record(vendor, id, CallPatch::default());
        }
    });
    world.truth().clear_faults();
    world.sync(connection, false).await;
    world.assert_mirrors(vendor, connection).await;
}

#[tokio::test]
async fn case_063_a_deletion_during_the_walk_makes_it_walk_again() {
    let world = world(200).await;
    let vendor = Vendor::Transcripto;
    let connection = world.connect(vendor).await;
    let ids: Vec<String> = world.live_calls(vendor).into_iter().collect();
    slow_lists(&world, vendor);
    tokio::join!(world.settle(), async {
        listed(&world, vendor, 2).await;
        for id in ids.iter().take(5) {
            assert!(world.truth().delete_record(vendor, id));
        }
    });
    assert!(
        world.asked(vendor, "TR-09") > 5,
        "the four pages were walked again: {}",
        world.asked(vendor, "TR-09")
    );
    world.assert_holds_all(vendor, connection).await;
    world.truth().clear_faults();
    for _ in 0..2 {
        world.sync(connection, true).await;
    }
    world.assert_mirrors(vendor, connection).await;
}

#[tokio::test]
async fn case_063_rows_that_shift_up_under_an_offset_are_not_skipped() {
    let world = world(160).await;
    let vendor = Vendor::CallGear;
    let connection = world.connect_with(vendor, &json!({"page_size": 20})).await;
    let ids: Vec<String> = world.live_calls(vendor).into_iter().collect();
    slow_lists(&world, vendor);
    tokio::join!(world.settle(), async {
        for (times, id) in (2..).zip(ids.iter().take(6)) {
            listed(&world, vendor, times).await;
            assert!(world.truth().delete_record(vendor, id));
        }
    });
    world.assert_holds_all(vendor, connection).await;
}

#[tokio::test]
async fn case_064_pages_that_repeat_end_in_an_event_and_not_in_a_loop() {
    let world = world(80).await;
    let vendor = Vendor::Transcripto;
    let connection = world.connect(vendor).await;
    let fault = FaultKind::Replace {
        status: 200,
        body: repeated_tasks(),
        base64: false,
        content_type: None,
    };
    world.fault(vendor, "TR-09", fault);
    for _ in 0..3 {
        world.sync_forgiven(connection, false).await;
    }
    let asked = world.asked(vendor, "TR-09");
    assert!(asked < 100, "it was asked {asked} times");
    let told = world.count_events(connection, "sync.paging_broken").await;
    assert_eq!(told, 1);
    let status = world.status(connection).await;
    assert_eq!(status["streams"][0]["state"], "paging_broken", "{status}");
    assert!(status["freshness"]["data_fresh_as_of"].is_null());

    world.truth().clear_faults();
    world.sync_forgiven(connection, false).await;
    world.sync_forgiven(connection, true).await;
    world.assert_mirrors(vendor, connection).await;
    let status = world.status(connection).await;
    assert_eq!(status["streams"][0]["state"], "active", "{status}");
}

/// The same page whatever page is asked for.
fn repeated_tasks() -> serde_json::Value {
    let rows: Vec<_> = (1..=50)
        .map(|number| {
            json!({
                "id": number, "task_code": format!("none-{number:03}"), "type": "audio",
                "status": "completed", "updated_at": format!("2026-01-01T10:00:{:02}", 59 - number),
            })
        })
        .collect();
    json!({
        "success": true, "tasks": rows,
        "pagination": {"page": 1, "per_page": 50, "total_tasks": 500, "total_pages": 10},
    })
}

#[tokio::test]
async fn case_065_an_unspecified_order_is_never_relied_on() {
    let world = world(160).await;
    set(
        &world,
        &json!({"neuro_page_cap": 20, "neuro_shuffle_pages": true}),
    );
    let connection = world.connect(Vendor::Neuro).await;
    world.settle().await;
    world.assert_mirrors(Vendor::Neuro, connection).await;
    assert!(
        world.asked(Vendor::Neuro, "NN-29") > 20,
        "the windows were cut"
    );
}

#[tokio::test]
async fn case_066_a_page_that_fails_keeps_the_pages_before_it_and_deletes_nothing() {
    let world = world(160).await;
    let vendor = Vendor::CallGear;
    let settings = json!({"page_size": 10, "reread_rows": 10});
    let connection = world.connect_with(vendor, &settings).await;
    let failing = FaultSpec {
        skip: 11,
        ..FaultSpec::always(vendor, "CG-16", FaultKind::Status { status: 500 })
    };
    world.truth().add_fault(failing);
    world.settle().await;
    let held = world.calls(connection, "").await.len();
    assert!(held > 40, "{held}");
    let status = world.status(connection).await;
    assert_eq!(status["state"], "degraded");
    assert_eq!(status["streams"][0]["state"], "failing");
    assert!(status["freshness"]["data_fresh_as_of"].is_null());
    let pages = world.asked(vendor, "CG-16");

    world.truth().clear_faults();
    world.sync_forgiven(connection, false).await;
    world.assert_mirrors(vendor, connection).await;
    let again = world.asked(vendor, "CG-16") - pages;
    world.sync(connection, true).await;
    let whole = world.asked(vendor, "CG-16") - pages - again;
    assert!(
        again + 5 < whole,
        "it went on where it stood: {again}, {whole}"
    );
    let failed = world.count_events(connection, "sync.failed").await;
    assert_eq!(failed, 1);
    assert_eq!(world.count_events(connection, "call.deleted").await, 0);

    // The same in the middle of a full walk: nothing is concluded from half of it.
    let failing = FaultSpec {
        skip: 5,
        ..FaultSpec::always(vendor, "CG-16", FaultKind::Status { status: 500 })
    };
    world.truth().add_fault(failing);
    for _ in 0..3 {
        world.sync_forgiven(connection, true).await;
    }
    assert_eq!(world.count_events(connection, "call.deleted").await, 0);
    world.assert_mirrors(vendor, connection).await;
}

#[tokio::test]
async fn new_calls_arrive_while_a_full_walk_is_under_way() {
    let world = world(120).await;
    for (vendor, settings) in [
        (
            Vendor::CallGear,
            json!({"page_size": 10, "reread_rows": 10}),
        ),
        (Vendor::Transcripto, json!({})),
    ] {
        let connection = world.connect_with(vendor, &settings).await;
        world.settle().await;
        let held = world.assert_holds_all(vendor, connection).await.len();
        let before = world.asked(vendor, list(vendor));
        world.sync(connection, false).await;
        let pages = world.asked(vendor, list(vendor)) - before;
        // The full walk fails at its third page or so, each time.
        for round in 0..4 {
            let failing = FaultSpec {
                skip: pages + 2,
                ..FaultSpec::always(vendor, list(vendor), FaultKind::Status { status: 500 })
            };
            world.truth().clear_faults();
            world.truth().add_fault(failing.times(1));
            let ids = world.truth().add_record(vendor, CallPatch::default());
            world.sync_forgiven(connection, round == 0).await;
            let served = world.assert_holds_all(vendor, connection).await;
            assert_eq!(served.len(), held + 1 + round, "{vendor} {ids:?}");
            let status = world.status(connection).await;
            assert_eq!(status["sync"]["full_walks"], 1, "{vendor}: {status}");
            assert_eq!(
                status["streams"][0]["walks"][0]["walk"], "full",
                "{vendor}: {status}"
            );
            if vendor == Vendor::Transcripto {
                // Its four pages do not last longer.
                break;
            }
        }
        world.truth().clear_faults();
        world.sync_forgiven(connection, false).await;
        assert_eq!(world.status(connection).await["sync"]["full_walks"], 2);
        world.assert_holds_all(vendor, connection).await;
    }
}
