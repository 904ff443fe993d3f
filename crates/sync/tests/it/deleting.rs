//! What it takes to delete a call, judged by the ledger.

use std::time::Duration;

use callweave_model::ConnectionId;
use callweave_sandbox::{CallPatch, FaultKind, Vendor};
use serde_json::{Value, json};

use crate::world::{World, engine_options, world, world_with};

const LISTING: [Vendor; 3] = [Vendor::CallGear, Vendor::Neuro, Vendor::Transcripto];

async fn approve(world: &World, connection: ConnectionId, ceiling: i32) -> u16 {
    let path = format!("/v1/connections/{connection}/deletions/approve");
    let answer = world.post(&path, &json!({"ceiling": ceiling})).await;
    world.settle().await;
    answer.status
}

async fn withheld(world: &World, connection: ConnectionId) -> Value {
    world.status(connection).await["sync"]["deletions_withheld"].clone()
}

#[tokio::test]
async fn case_067_an_empty_list_deletes_nothing_and_is_told_once() {
    let world = world(60).await;
    for (vendor, operation, nothing) in [
        (Vendor::CallGear, "CG-16", json!([])),
        (Vendor::Neuro, "NN-29", json!({"result": [], "total": 0})),
        (
            Vendor::Transcripto,
            "TR-09",
            json!({"success": true, "tasks": [], "pagination": {"total_tasks": 0}}),
        ),
    ] {
        let connection = world.connect(vendor).await;
        world.settle().await;
        let fault = FaultKind::Replace {
            status: 200,
            body: nothing,
            base64: false,
            content_type: None,
        };
        world.fault(vendor, operation, fault);
        for _ in 0..4 {
            world.sync_forgiven(connection, true).await;
        }
        world.assert_mirrors(vendor, connection).await;
        let count = withheld(&world, connection).await.as_i64().unwrap();
        assert!(count >= 50, "{vendor}: {count}");
        let told = world
            .count_events(connection, "sync.deletions_withheld")
            .await;
        assert_eq!(told, 1, "{vendor}");

        // Even an approval makes nothing of it once the list is back.
        world.truth().clear_faults();
        assert_eq!(approve(&world, connection, 10_000).await, 202);
        world.assert_mirrors(vendor, connection).await;
        assert_eq!(withheld(&world, connection).await, 0);
        assert_eq!(world.count_events(connection, "call.deleted").await, 0);
    }
}

#[tokio::test]
async fn case_067_an_approval_deletes_up_to_its_ceiling() {
    let world = world(60).await;
    for vendor in LISTING {
        let connection = world.connect(vendor).await;
        world.settle().await;
        let ids: Vec<String> = world.live_calls(vendor).into_iter().collect();
        let held = ids.len();
        for id in ids.iter().take(25) {
            assert!(world.truth().delete_record(vendor, id));
        }
        world.truth().add_record(vendor, CallPatch::default());
        for _ in 0..2 {
            world.sync(connection, true).await;
        }
        assert_eq!(
            world.assert_holds_all(vendor, connection).await.len(),
            held + 1,
            "{vendor}: what is new is there, what is missing too"
        );
        let missing = withheld(&world, connection).await.as_i64().unwrap();
        assert!(missing >= 25, "{vendor}");

        assert_eq!(approve(&world, connection, 24).await, 202);
        assert_eq!(withheld(&world, connection).await, missing, "too low");
        assert_eq!(world.count_events(connection, "call.deleted").await, 0);
        let ceiling = i32::try_from(missing).unwrap();
        assert_eq!(approve(&world, connection, ceiling).await, 202);
        world.assert_mirrors(vendor, connection).await;
        assert_eq!(world.count_events(connection, "call.deleted").await, 25);
        assert_eq!(withheld(&world, connection).await, 0);
        assert_eq!(
            approve(&world, connection, 50).await,
            409,
            "nothing is left"
        );
    }
}

#[tokio::test]
async fn case_068_two_walks_and_the_vendors_word_delete_and_a_return_restores() {
    let world = world(80).await;
    for vendor in LISTING {
        let connection = world.connect(vendor).await;
        world.settle().await;
        let gone = world.live_calls(vendor).into_iter().nth(20).unwrap();
        assert!(world.truth().delete_record(vendor, &gone));
        world.sync(connection, false).await;
        world.sync(connection, true).await;
        let call = world.call(connection, &gone).await;
        assert!(call["_meta"]["deleted_at"].is_null(), "{vendor}: one walk");

        world.sync(connection, true).await;
        let call = world.call(connection, &gone).await;
        let evidence = call["_meta"]["deletion_evidence"].as_str();
        assert!(
            evidence.is_some_and(|text| text.starts_with("two full walks did not list it; ")),
            "{vendor}: {evidence:?}"
        );
        world.assert_mirrors(vendor, connection).await;
        assert_eq!(world.count_events(connection, "call.deleted").await, 1);

        assert!(world.truth().restore_record(vendor, &gone));
        world.sync(connection, false).await;
        world.sync(connection, true).await;
        world.assert_mirrors(vendor, connection).await;
        assert_eq!(world.count_events(connection, "call.restored").await, 1);
        let versions = call["links"]["versions"].as_str().unwrap();
        let versions = world.get(versions).await;
        let causes: Vec<&str> = versions["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| version["cause"].as_str().unwrap())
            .collect();
        assert_eq!(causes[..2], ["restored", "deleted"], "{vendor}");
    }
}

#[tokio::test]
async fn case_068_a_call_that_is_left_out_of_lists_and_answers_by_its_id_stays() {
    let world = world(80).await;
    let vendor = Vendor::Transcripto;
    let connection = world.connect(vendor).await;
    world.settle().await;
    // One page of the list lacks a task, on every walk.
    let fault = FaultKind::Edit {
        set: serde_json::Map::from_iter([("/pagination/total_tasks".to_owned(), json!(78))]),
        remove: vec!["/tasks/3".to_owned()],
    };
    world.fault(vendor, "TR-09", fault);
    for _ in 0..3 {
        world.sync_forgiven(connection, true).await;
    }
    world.assert_mirrors(vendor, connection).await;
    assert_eq!(world.count_events(connection, "call.deleted").await, 0);
}

#[tokio::test]
async fn a_listed_call_that_is_denied_once_is_not_deleted() {
    let world = world(30).await;
    let vendor = Vendor::CallGear;
    let connection = world.connect(vendor).await;
    world.settle().await;
    let id = world.live_calls(vendor).into_iter().next_back().unwrap();
    world
        .truth()
        .change_record(vendor, &id, CallPatch::default());
    world.fault(vendor, "CG-18", FaultKind::Status { status: 404 });
    world.sync(connection, false).await;
    world.assert_holds_all(vendor, connection).await;
    assert_eq!(world.count_events(connection, "call.deleted").await, 0);
    world.truth().clear_faults();
    world.make_all_due().await;
    world.sync(connection, false).await;
    world.assert_mirrors(vendor, connection).await;
}

#[tokio::test]
async fn case_069_what_ages_out_at_the_vendor_stays_here_and_says_so() {
    let mut options = engine_options();
    options.vendor_retention = Some(Duration::from_hours(24 * 20));
    let world = world_with(80, options).await;
    for vendor in [Vendor::Neuro, Vendor::Transcripto] {
        let connection = world.connect(vendor).await;
        world.settle().await;
        // The list is in the order of the starts.
        let calls = world.calls(connection, "").await;
        let id = |place: usize| calls[place]["remote_id"].as_str().unwrap().to_owned();
        let (young, old) = (id(2), id(calls.len() - 3));
        for gone in [&young, &old] {
            assert!(world.truth().delete_record(vendor, gone));
        }
        for _ in 0..2 {
            world.sync(connection, true).await;
        }
        let kept = world.call(connection, &old).await;
        assert!(kept["_meta"]["deleted_at"].is_null(), "{vendor}");
        assert!(kept["_meta"]["vendor_expired_at"].is_string(), "{vendor}");
        let deleted = world.call(connection, &young).await;
        assert!(deleted["_meta"]["deleted_at"].is_string(), "{vendor}");
        assert!(deleted["_meta"]["vendor_expired_at"].is_null(), "{vendor}");
        let status = world.status(connection).await;
        assert!(
            status["records"]["vendor_expired"].as_i64() >= Some(1),
            "{vendor}: {status}"
        );
        let version = kept["_meta"]["version"].clone();
        for _ in 0..2 {
            world.sync(connection, true).await;
        }
        let still = world.call(connection, &old).await;
        assert_eq!(still["_meta"]["version"], version, "it is told once");

        assert!(world.truth().restore_record(vendor, &old));
        world.sync(connection, false).await;
        world.sync(connection, true).await;
        let back = world.call(connection, &old).await;
        assert!(back["_meta"]["vendor_expired_at"].is_null(), "{vendor}");
    }
}

#[tokio::test]
async fn case_069_an_account_whose_old_half_ages_out_needs_no_approval() {
    let mut options = engine_options();
    options.vendor_retention = Some(Duration::from_hours(24 * 20));
    let world = world_with(60, options).await;
    let vendor = Vendor::Transcripto;
    let connection = world.connect(vendor).await;
    world.settle().await;
    let calls = world.calls(connection, "").await;
    let half = calls.len() / 2;
    for call in &calls[half..] {
        let id = call["remote_id"].as_str().unwrap();
        assert!(world.truth().delete_record(vendor, id));
    }
    for _ in 0..2 {
        world.sync(connection, true).await;
    }
    assert_eq!(world.calls(connection, "").await.len(), calls.len());
    assert_eq!(withheld(&world, connection).await, 0);
    let status = world.status(connection).await;
    assert_eq!(
        status["records"]["vendor_expired"],
        calls.len() - half,
        "{status}"
    );
}
