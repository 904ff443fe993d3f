//! Reading stored documents again, without asking the vendor.

use std::collections::BTreeMap;

use callweave_model::ConnectionId;
use callweave_sandbox::{CallPatch, Vendor};
use http::Method;
use serde_json::{Value, json};

use crate::world::{World, world};

/// Changes settings of a connection, as its owner does.
async fn resettle(world: &World, connection: ConnectionId, changes: &Value) {
    let path = format!("/v1/connections/{connection}");
    let mut settings = world.get(&path).await["settings"].clone();
    for (name, value) in changes.as_object().unwrap() {
        settings[name] = value.clone();
    }
    let body = json!({"settings": settings});
    let answer = world.send(Method::PATCH, &path, Some(&body)).await;
    assert_eq!(answer.status, 200);
    world.settle().await;
}

/// How often a vendor was asked for anything that is fetched record by record.
fn fetches(world: &World, operations: &[&str], vendor: Vendor) -> u64 {
    operations
        .iter()
        .map(|operation| world.asked(vendor, operation))
        .sum()
}

async fn starts(world: &World, connection: ConnectionId) -> BTreeMap<String, jiff::Timestamp> {
    let calls = world.calls(connection, "").await;
    calls
        .iter()
        .filter_map(|call| {
            let id = call["remote_id"].as_str().unwrap().to_owned();
            Some((id, call["started_at"].as_str()?.parse().unwrap()))
        })
        .collect()
}

#[tokio::test]
async fn another_timezone_applies_to_what_is_stored_in_both_directions() {
    let world = world(60).await;
    let vendor = Vendor::Neuro;
    let connection = world.connect(vendor).await;
    world.settle().await;
    let utc = starts(&world, connection).await;
    assert_eq!(utc.len(), 60);
    let asked = fetches(&world, &["NN-28", "NN-32"], vendor);
    for (zone, hours) in [("Europe/Moscow", 3), ("UTC", 0), ("Asia/Tashkent", 5)] {
        resettle(&world, connection, &json!({"timezone": zone})).await;
        let shifted = starts(&world, connection).await;
        assert_eq!(shifted.len(), utc.len(), "each is in its place once");
        for (id, start) in &utc {
            let by = start.as_second() - shifted[id].as_second();
            assert_eq!(by, hours * 3_600, "{id} in {zone}");
        }
    }
    assert_eq!(fetches(&world, &["NN-28", "NN-32"], vendor), asked);
    let status = world.status(connection).await;
    assert_eq!(status["sync"]["remapping"], false);
}

#[tokio::test]
async fn other_channel_roles_apply_to_what_is_stored() {
    let world = world(30).await;
    let vendor = Vendor::CallGear;
    let connection = world.connect(vendor).await;
    world.settle().await;
    let operations = [
        "CG-18", "CG-21", "CG-23", "CG-25", "CG-27", "CG-29", "CG-06",
    ];
    let asked = fetches(&world, &operations, vendor);
    let roles = |call: &Value| -> Vec<(i64, String)> {
        let parties = call["parties"].as_array().unwrap();
        parties
            .iter()
            .filter_map(|party| {
                let role = party["role"].as_str()?.to_owned();
                Some((party["channel"].as_i64()?, role))
            })
            .collect()
    };
    let before = world.calls(connection, "").await;
    let spoken = before
        .iter()
        .find(|call| roles(call).len() == 2)
        .unwrap()
        .clone();
    let id = spoken["remote_id"].as_str().unwrap();
    assert_eq!(
        roles(&spoken),
        [(0, "agent".to_owned()), (1, "customer".to_owned())]
    );
    resettle(
        &world,
        connection,
        &json!({"channel_roles": {"0": "customer", "1": "agent"}}),
    )
    .await;
    let mut swapped = roles(&world.call(connection, id).await);
    swapped.sort();
    assert_eq!(
        swapped,
        [(0, "customer".to_owned()), (1, "agent".to_owned())]
    );
    assert_eq!(fetches(&world, &operations, vendor), asked);
    let versions = spoken["links"]["versions"].as_str().unwrap();
    let versions = world.get(versions).await;
    assert_eq!(versions["data"][0]["cause"], "remapped");
    world.assert_mirrors(vendor, connection).await;
}

#[tokio::test]
async fn what_the_crm_gave_survives_a_new_reading() {
    let world = world(30).await;
    let vendor = Vendor::Neuro;
    let connection = world.connect(vendor).await;
    world.settle().await;
    let call = world.calls(connection, "").await.remove(3);
    let path = call["links"]["self"].as_str().unwrap();
    let note = json!({
        "client_metadata": {"deal": 7},
        "parties": [{"role": "customer", "name": "Vera Example"}, {"role": "agent", "name": "Nadia"}],
    });
    world.send(Method::PATCH, path, Some(&note)).await;
    resettle(&world, connection, &json!({"timezone": "Asia/Tashkent"})).await;
    let after = world.get(path).await;
    assert_ne!(after["started_at"], call["started_at"]);
    assert_eq!(after["client_metadata"]["deal"], 7);
    let named = |call: &Value| {
        let parties = call["parties"].as_array().unwrap();
        parties.iter().any(|party| party["name"] == "Vera Example")
    };
    assert!(named(&after));
    let cleared = json!({"parties": null});
    world.send(Method::PATCH, path, Some(&cleared)).await;
    assert!(!named(&world.get(path).await), "the vendor's word is back");
}

#[tokio::test]
async fn a_change_of_mapping_rules_reads_everything_again_without_the_vendor() {
    let world = world(40).await;
    for (vendor, operation) in [
        (Vendor::CallGear, "CG-18"),
        (Vendor::Neuro, "NN-28"),
        (Vendor::Transcripto, "TR-11"),
    ] {
        let connection = world.connect(vendor).await;
        world.settle().await;
        let asked = world.asked(vendor, operation);
        let before = world.calls(connection, "transcript,analyses").await;
        // As if older rules had written less, and the call had been registered as well.
        world
            .execute(
                "UPDATE calls SET body = jsonb_set(jsonb_set(body::jsonb, '{parties}', '[]'), \
                     '{status}', '\"unknown\"')::text, payload_hash = 'old'; ",
            )
            .await;
        world
            .execute("UPDATE sync_state SET mapped_version = 0")
            .await;
        world.sync(connection, false).await;
        let after = world.calls(connection, "transcript,analyses").await;
        let content = |calls: &[Value]| -> BTreeMap<String, Value> {
            calls
                .iter()
                .map(|call| {
                    let mut call = call.clone();
                    call["_meta"] = Value::Null;
                    (call["id"].as_str().unwrap().to_owned(), call)
                })
                .collect()
        };
        assert_eq!(content(&after), content(&before), "{vendor}");
        assert_eq!(world.asked(vendor, operation), asked, "{vendor}");
    }
}

#[tokio::test]
async fn an_imported_call_is_left_alone_by_a_new_reading() {
    let world = world(5).await;
    let vendor = Vendor::Transcripto;
    let connection = world.connect(vendor).await;
    world.settle().await;
    let body =
        json!({"connection_id": connection, "call": {"remote_id": "elsewhere", "subject": "x"}});
    assert_eq!(world.post("/v1/calls", &body).await.status, 201);
    world.truth().add_record(vendor, CallPatch::default());
    resettle(&world, connection, &json!({"timezone": "Asia/Tashkent"})).await;
    let imported = world.call(connection, "elsewhere").await;
    assert_eq!(imported["subject"], "x");
    assert_eq!(imported["_meta"]["version"], 1);
}
