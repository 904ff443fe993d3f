//! One record over several ways at once, again and again, and after a crash.

use std::{collections::BTreeSet, time::Duration};

use callweave_model::ConnectionId;
use callweave_sandbox::{CallPatch, FaultKind, FaultSpec, Vendor};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::world::{World, engine_options, world};

/// The versions of a call, the first one first.
async fn versions(world: &World, call: &Value) -> Vec<Value> {
    let path = call["links"]["versions"].as_str().unwrap();
    let mut versions = world.get(path).await["data"].as_array().unwrap().clone();
    versions.reverse();
    versions
}

/// Fails unless each version of a call has exactly one event, and no two of them are equal.
async fn assert_told_once(world: &World, connection: ConnectionId, call: &Value) {
    let events = world.events(connection).await;
    let told: Vec<i64> = events
        .iter()
        .filter(|(kind, data)| kind.starts_with("call.") && data["subject"] == call["id"])
        .map(|(_, data)| data["version"].as_i64().unwrap())
        .collect();
    let known: Vec<i64> = versions(world, call)
        .await
        .iter()
        .map(|version| version["version"].as_i64().unwrap())
        .collect();
    assert_eq!(told, known);
    let unique: BTreeSet<_> = known.iter().collect();
    assert_eq!(unique.len(), known.len());
}

#[tokio::test]
async fn case_071_a_poll_and_a_fetch_on_demand_at_once_make_one_call() {
    let world = world(40).await;
    let vendor = Vendor::CallGear;
    let connection = world.connect(vendor).await;
    let ids: Vec<String> = world.live_calls(vendor).into_iter().collect();
    let register = async |id: &String| {
        let body = json!({"connection_id": connection, "remote_id": id});
        world.post("/v1/calls", &body).await.status
    };
    let (first, second, third) = (&ids[3], &ids[20], &ids[39]);
    let ((), one, two, three, again) = tokio::join!(
        world.settle(),
        register(first),
        register(second),
        register(third),
        register(first),
    );
    for status in [one, two, three, again] {
        assert!([200, 201].contains(&status), "{status}");
    }
    world.settle().await;
    world.assert_mirrors(vendor, connection).await;
    for id in [first, second, third] {
        let call = world.call(connection, id).await;
        assert_told_once(&world, connection, &call).await;
    }
}

#[tokio::test]
async fn case_071_several_replicas_make_one_call() {
    let world = world(60).await;
    let vendor = Vendor::Transcripto;
    let connection = world.connect(vendor).await;
    let replicas = [(); 3].map(|()| world.replica(engine_options()));
    let shutdown = CancellationToken::new();
    let turns = async |engine: &callweave_sync::Engine| {
        while engine.turn(&shutdown).await.unwrap() {}
    };
    tokio::join!(
        turns(&replicas[0]),
        turns(&replicas[1]),
        turns(&replicas[2])
    );
    world.settle().await;
    world.assert_mirrors(vendor, connection).await;
    for call in world.calls(connection, "").await {
        assert_eq!(call["_meta"]["version"], 1);
        assert_told_once(&world, connection, &call).await;
    }
}

#[tokio::test]
async fn case_072_a_thousand_readings_of_the_unchanged_write_nothing() {
    let world = world(50).await;
    let vendor = Vendor::AloVoice;
    let connection = world.connect(vendor).await;
    for id in world.live_calls(vendor) {
        let body = json!({"connection_id": connection, "remote_id": id});
        assert_eq!(world.post("/v1/calls", &body).await.status, 201);
    }
    world.settle().await;
    let calls = world.calls(connection, "").await;
    assert_eq!(calls.len(), 50);
    let path = format!("/v1/calls/{}", calls[7]["id"].as_str().unwrap());
    let tag = async || {
        let answer = world.send(http::Method::GET, &path, None).await;
        answer.header("etag").to_owned()
    };
    let before = (
        tag().await,
        rows(&world).await,
        world.events(connection).await,
    );
    let fetched = world.asked(vendor, "AV-02");
    while world.asked(vendor, "AV-02") - fetched < 1_000 {
        world.execute("UPDATE records SET due_at = now()").await;
        world.sync(connection, false).await;
    }
    let after = (
        tag().await,
        rows(&world).await,
        world.events(connection).await,
    );
    assert_eq!(before, after);
}

/// The place of every row of calls and documents: a row that is written moves.
async fn rows(world: &World) -> Vec<(String, String)> {
    let pool = world.database.pool().await;
    sqlx::query_as(
        "SELECT tableoid::regclass::text, ctid::text || xmin::text FROM calls \
         UNION ALL SELECT tableoid::regclass::text, ctid::text || xmin::text FROM call_documents \
         ORDER BY 1, 2",
    )
    .fetch_all(&pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn case_073_a_crash_within_a_page_leaves_all_of_it_or_nothing() {
    let world = world(80).await;
    let vendor = Vendor::CallGear;
    let connection = world.connect_with(vendor, &json!({"page_size": 10})).await;
    let mut crashes = 0;
    for table in ["records", "sync_streams", "calls", "events", "call_keys"] {
        // Somebody else holds the table, so that the next transaction stops in its middle.
        let pool = world.database.pool().await;
        let mut holder = pool.begin().await.unwrap();
        let lock = format!("LOCK TABLE {table} IN SHARE MODE");
        sqlx::raw_sql(sqlx::AssertSqlSafe(lock))
            .execute(&mut *holder)
            .await
            .unwrap();
        let engine = world.replica(engine_options());
        let running = tokio::spawn(async move {
            let shutdown = CancellationToken::new();
            engine.turn(&shutdown).await
        });
        waiting(&world).await;
        let before = standing(&world).await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        holder.rollback().await.unwrap();
        settled(&world).await;
        assert_eq!(standing(&world).await, before, "{table}: all or nothing");
        crashes += 1;
        // The lease of the dead one ends.
        world
            .execute("UPDATE sync_state SET lease_until = NULL, next_run_at = now()")
            .await;
    }
    assert_eq!(crashes, 5);
    world.settle().await;
    world.assert_mirrors(vendor, connection).await;
    for call in world.calls(connection, "").await {
        assert_told_once(&world, connection, &call).await;
    }
}

/// Cursors, records and calls, as far as they were committed.
async fn standing(world: &World) -> (i64, i64, Option<String>) {
    let pool = world.database.pool().await;
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM records), (SELECT count(*) FROM calls), \
             (SELECT string_agg(walk_cursor::text, ' ') FROM sync_streams)",
    )
    .fetch_one(&pool)
    .await
    .unwrap()
}

/// Waits until a transaction of the gateway waits for a table.
async fn waiting(world: &World) {
    until(
        world,
        "SELECT count(*) > 0 FROM pg_locks AS wanted JOIN pg_class AS class \
        ON class.oid = wanted.relation AND class.relname !~ '^pg_' WHERE NOT wanted.granted",
    )
    .await;
}

/// Waits until no transaction of the gateway holds a table.
async fn settled(world: &World) {
    until(
        world,
        "SELECT count(*) = 0 FROM pg_locks AS held JOIN pg_class AS class \
        ON class.oid = held.relation AND class.relname IN \
            ('records', 'sync_streams', 'sync_state', 'calls', 'events', 'call_keys') \
        WHERE held.pid <> pg_backend_pid()",
    )
    .await;
}

async fn until(world: &World, question: &'static str) {
    let pool = world.database.pool().await;
    for _ in 0..6_000 {
        let holds: bool = sqlx::query_scalar(question).fetch_one(&pool).await.unwrap();
        if holds {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {question}");
}

#[tokio::test]
async fn case_074_an_older_answer_after_a_newer_one_changes_nothing() {
    let world = world(30).await;
    let vendor = Vendor::Transcripto;
    let connection = world.connect(vendor).await;
    world.settle().await;
    let id = completed_task(&world, connection).await;
    let call = world.call(connection, &id).await;
    let raw = world.get(call["links"]["raw"].as_str().unwrap()).await;
    let old = raw["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|document| document["operation"] == "TR-11")
        .unwrap()["json"]
        .clone();
    // A second passes at the vendor, whose times have no finer steps.
    world.truth().set_clock_offset_ms(2_000);
    world
        .truth()
        .change_record(vendor, &id, CallPatch::default());
    world.sync(connection, false).await;
    let newer = world.call(connection, &id).await;
    assert_ne!(newer["vendor_updated_at"], call["vendor_updated_at"]);

    // A cache at the vendor answers with what it knew before.
    let stale = FaultKind::Replace {
        status: 200,
        body: old,
        base64: false,
        content_type: None,
    };
    world.fault(vendor, "TR-11", stale);
    for _ in 0..3 {
        world.want(&id).await;
        world.sync(connection, false).await;
        let now = world.call(connection, &id).await;
        assert_eq!(now["_meta"]["version"], newer["_meta"]["version"]);
        assert_eq!(now["vendor_updated_at"], newer["vendor_updated_at"]);
    }
    world.truth().clear_faults();
    world.make_all_due().await;
    world.sync(connection, false).await;
    world.assert_mirrors(vendor, connection).await;
    assert_told_once(&world, connection, &newer).await;
}

/// The vendor's id of a task that is done.
async fn completed_task(world: &World, connection: ConnectionId) -> String {
    let calls = world.calls(connection, "").await;
    let done = calls
        .iter()
        .find(|call| call["artifacts"]["analysis"]["state"] == "ready")
        .unwrap();
    done["remote_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn case_074_a_replica_that_was_overtaken_writes_nothing() {
    let world = world(30).await;
    let vendor = Vendor::Transcripto;
    let connection = world.connect(vendor).await;
    world.settle().await;
    let id = completed_task(&world, connection).await;
    world
        .truth()
        .change_record(vendor, &id, CallPatch::default());
    let slow = FaultSpec::always(vendor, "TR-11", FaultKind::Slow { ms: 1_500 });
    world.truth().add_fault(slow.times(1));
    let asked = world.asked(vendor, "TR-09");
    let overtaken = world.replica(engine_options());
    let path = format!("/v1/connections/{connection}/sync");
    world.send(http::Method::POST, &path, None).await;
    let shutdown = CancellationToken::new();
    tokio::join!(async { overtaken.turn(&shutdown).await.unwrap() }, async {
        while world.asked(vendor, "TR-09") == asked {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        // Another replica takes over while the first one waits for its answer.
        world
            .execute("UPDATE sync_state SET lease_until = NULL, next_run_at = now()")
            .await;
        world.settle().await;
    },);
    world.settle().await;
    world.assert_mirrors(vendor, connection).await;
    let call = world.call(connection, &id).await;
    assert_eq!(call["_meta"]["version"], 2);
    assert_told_once(&world, connection, &call).await;
}
