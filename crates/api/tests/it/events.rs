//! The feed of events, read page by page.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use callweave_model::{Clock as _, SystemClock, TenantId};
use callweave_store::{Store, events::Event};
use rand::Rng as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Gateway, feed_turn, sample, spoken};

/// Eight writers whose transactions end in an order of chance; some of them come to nothing.
/// Returns the numbers of what was committed.
pub(crate) async fn write_in_random_order(
    store: &Store,
    tenant: TenantId,
    each: u64,
) -> BTreeSet<u64> {
    let store = Arc::new(store.clone());
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let store = store.clone();
        writers.spawn(async move {
            let mut committed = BTreeSet::new();
            for number in 0..each {
                let (pause, before, good) = {
                    let mut random = rand::rng();
                    (
                        random.random_range(0..12),
                        random.random_range(0..4),
                        random.random_bool(0.9),
                    )
                };
                let number = writer * 1_000_000 + number;
                tokio::time::sleep(Duration::from_millis(before)).await;
                let mut tx = store.tenant(tenant).await.unwrap();
                let event = |data: Value| Event {
                    event_type: "call.updated",
                    connection: None,
                    subject: Some(Uuid::from_u128(u128::from(number))),
                    data,
                };
                // Two events of one transaction, with time in between.
                for half in ["first", "second"] {
                    let events = [event(json!({"number": number, "half": half}))];
                    tx.insert_events(&events, SystemClock.now()).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                if good {
                    tx.commit().await.unwrap();
                    committed.insert(number);
                }
            }
            committed
        });
    }
    let mut committed = BTreeSet::new();
    while let Some(done) = writers.join_next().await {
        committed.extend(done.unwrap());
    }
    committed
}

/// Fails unless every committed event was met once and nothing else; halves in their order.
pub(crate) fn assert_complete(met: &[Value], committed: &BTreeSet<u64>) {
    let ids: BTreeSet<&str> = met
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), met.len(), "an event was repeated");
    for half in ["first", "second"] {
        let numbers: BTreeSet<u64> = met
            .iter()
            .filter(|event| event["data"]["half"] == half)
            .map(|event| event["data"]["number"].as_u64().unwrap())
            .collect();
        assert_eq!(&numbers, committed, "{half}");
    }
    assert_eq!(met.len(), committed.len() * 2);
}

#[tokio::test]
async fn case_070_a_reader_by_cursor_skips_and_repeats_nothing() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start().await;
    let store = gateway.another_store(10);
    let writing = write_in_random_order(&store, gateway.tenant, 40);
    let (done, finished) = tokio::sync::watch::channel(false);
    let reading = async {
        let (mut met, mut cursor) = (Vec::new(), String::new());
        loop {
            let over = *finished.borrow();
            let page = gateway.get(&format!("/v1/events?limit=7{cursor}")).await;
            let page = page.json();
            let events = page["data"].as_array().unwrap().clone();
            if over && events.is_empty() {
                return met;
            }
            met.extend(events);
            cursor = format!("&after={}", page["next_cursor"].as_str().unwrap());
        }
    };
    let writing = async {
        let committed = writing.await;
        done.send(true).unwrap();
        committed
    };
    let (met, committed) = tokio::join!(reading, writing);
    assert!(committed.len() > 200, "{}", committed.len());
    assert_complete(&met, &committed);
}

#[tokio::test]
async fn an_event_is_thin_and_leads_on() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let answer = gateway.get("/v1/events").await;
    let text = answer.text();
    for secret in ["umbrella", "Nadia", "9990001122", "999 000", "correct"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let list = answer.json();
    let types: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(types[0], "connection.created");
    for expected in [
        "call.created",
        "transcript.ready",
        "analysis.ready",
        "media.ready",
    ] {
        assert!(types.contains(&expected), "{expected} in {types:?}");
    }
    for event in list["data"].as_array().unwrap() {
        let members: Vec<&String> = event.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            [
                "at",
                "connection_id",
                "data",
                "id",
                "links",
                "subject",
                "type"
            ]
        );
        assert_eq!(event["connection_id"], connection.to_string());
        assert!(!event["links"].as_object().unwrap().is_empty(), "{event}");
        for (name, link) in event["links"].as_object().unwrap() {
            let status = gateway.get(link.as_str().unwrap()).await.status;
            assert_eq!(status, 200, "{name} of {event}");
        }
        if event["type"] == "vendor.drift_detected" {
            assert_eq!(event["subject"]["type"], "vendor");
        } else if event["type"] != "connection.created" {
            assert_eq!(event["subject"], json!({"type": "call", "id": id}));
        }
    }
    let again = gateway.get("/v1/events").await.json();
    assert_eq!(again["data"], list["data"], "an event keeps its id");
}

#[tokio::test]
async fn filters_narrow_the_feed_and_a_cursor_fits_all_of_them() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start().await;
    let (one, two) = (gateway.connect("one").await, gateway.connect("two").await);
    for (connection, name) in [(one, "a"), (two, "b")] {
        let call = spoken(name, "2026-03-02T09:15:00Z");
        gateway.put(connection, vec![call]).await;
    }
    let types = async |query: &str| {
        let list = gateway.get(&format!("/v1/events?{query}")).await.json();
        let events = list["data"].as_array().unwrap().iter();
        let types: Vec<String> = events
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect();
        types
    };
    assert_eq!(types("type=call.*").await, ["call.created"; 2]);
    assert_eq!(
        types("type=transcript.ready,connection.created")
            .await
            .len(),
        4
    );
    let of_one = types(&format!("connection_id={one}&type=call.*,media.ready")).await;
    assert_eq!(of_one.len(), 2, "{of_one:?}");
    assert!(types("type=job.*").await.is_empty());

    // What a filter passed over has been read as well.
    let none = gateway.get("/v1/events?type=job.*").await.json();
    assert_eq!(none["has_more"], false);
    let cursor = none["next_cursor"].as_str().unwrap();
    assert!(types(&format!("after={cursor}")).await.is_empty());

    let first = gateway.get("/v1/events?type=call.*&limit=1").await.json();
    assert_eq!(first["has_more"], true);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = types(&format!("after={cursor}&type=call.*")).await;
    assert_eq!(rest, ["call.created"]);
    assert!(types("after=latest").await.is_empty());

    for wrong in [
        "type=call",
        "type=*",
        "type=Call.x",
        "type=call.*x",
        "type=",
    ] {
        let answer = gateway.get(&format!("/v1/events?{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert_eq!(answer.pointer(), "/type");
    }
}

#[tokio::test]
async fn case_107_a_position_of_the_feed_is_its_tenants_own() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start().await;
    gateway.connect("main").await;
    let list = gateway.get("/v1/events").await.json();
    let cursor = list["next_cursor"].as_str().unwrap();
    let stranger = gateway.tenant_named("second").await;
    let key = format!("Bearer {}", gateway.key_of(stranger, &["*"]).await);
    let headers = [("authorization", key.as_str())];
    let own = gateway.get_with("/v1/events", &headers).await.json();
    assert_eq!(own["data"], json!([]));
    let mut tampered = cursor.to_owned();
    let flipped = if tampered.starts_with('A') { "B" } else { "A" };
    tampered.replace_range(0..1, flipped);
    let answers = [
        gateway
            .get_with(&format!("/v1/events?after={cursor}"), &headers)
            .await,
        gateway.get(&format!("/v1/events?after={tampered}")).await,
        gateway.get("/v1/events?after=newest").await,
        gateway.get("/v1/events?after=").await,
    ];
    for answer in answers {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "gateway.invalid_cursor")
        );
        assert_eq!(answer.pointer(), "/after");
    }
}

#[tokio::test]
async fn a_restored_backup_is_noticed() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let calls = |names: &[&str]| {
        let calls = names.iter();
        calls
            .map(|name| sample(name, "2026-03-02T09:15:00Z"))
            .collect()
    };
    gateway.put(connection, calls(&["a", "b", "c"])).await;
    let before = gateway.get("/v1/events?limit=2").await.json();
    let after = format!("after={}", before["next_cursor"].as_str().unwrap());
    assert_eq!(
        gateway.get(&format!("/v1/events?{after}")).await.status,
        200
    );

    // As it looks after a backup of another server was read in: the numbers of its transactions
    // lie far ahead of those that this server gives.
    gateway
        .meddle(
            "UPDATE tenants SET feed_origin = 'another/server'; \
             UPDATE events SET xid = ((xid::text::bigint + 4000000000)::text)::xid8",
        )
        .await;
    let refused = gateway.get(&format!("/v1/events?{after}")).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (410, "gateway.feed_restarted")
    );
    gateway.put(connection, calls(&["d"])).await;
    let all = gateway.get("/v1/events").await.json();
    let subjects = all["data"].as_array().unwrap();
    assert_eq!(subjects.len(), 6, "nothing is hidden: {all}");
    assert_eq!(subjects[0]["type"], "connection.created");
    let next = all["next_cursor"].as_str().unwrap();
    let answer = gateway.get(&format!("/v1/events?after={next}")).await;
    assert_eq!(answer.json()["data"], json!([]));

    // A copy of the files is the same server, and knows less than the reader.
    let pool = "UPDATE tenants SET feed_origin = NULL";
    gateway.meddle(pool).await;
    let answer = gateway.get(&format!("/v1/events?after={next}")).await;
    assert_eq!(answer.code(), "gateway.feed_restarted");
}

#[tokio::test]
async fn who_was_away_for_too_long_is_told() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let first = gateway.get("/v1/events").await.json();
    let early = format!("after={}", first["next_cursor"].as_str().unwrap());
    gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await;
    let second = gateway.get(&format!("/v1/events?{early}")).await.json();
    let late = format!("after={}", second["next_cursor"].as_str().unwrap());
    let purge = async |before| {
        let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
        let count = tx.purge_events(before).await.unwrap();
        tx.commit().await.unwrap();
        count
    };
    let now = SystemClock.now();
    assert_eq!(purge(now.minus(Duration::from_hours(1))).await, 0);
    assert_eq!(
        gateway.get(&format!("/v1/events?{early}")).await.status,
        200
    );
    // Everything up to now; then something new.
    assert_eq!(purge(now.plus(Duration::from_hours(1))).await, 6);
    gateway
        .put(connection, vec![sample("b", "2026-03-02T09:15:00Z")])
        .await;
    let refused = gateway.get(&format!("/v1/events?{early}")).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (410, "gateway.events_expired")
    );
    for query in [late.as_str(), "", "after=oldest"] {
        let list = gateway.get(&format!("/v1/events?{query}")).await.json();
        let events = list["data"].as_array().unwrap();
        assert_eq!(events.len(), 1, "{query:?}: {list}");
        assert_eq!(events[0]["type"], "call.created");
    }
}

#[tokio::test]
async fn an_open_transaction_holds_the_feed_back_and_loses_nothing() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start().await;
    let store = gateway.another_store(3);
    let event = |name: &str| Event {
        event_type: "call.updated",
        connection: None,
        subject: None,
        data: json!({"name": name}),
    };
    let mut slow = store.tenant(gateway.tenant).await.unwrap();
    let now = SystemClock.now();
    slow.insert_events(&[event("slow")], now).await.unwrap();
    let mut quick = store.tenant(gateway.tenant).await.unwrap();
    quick.insert_events(&[event("quick")], now).await.unwrap();
    quick.commit().await.unwrap();
    let held = gateway.get("/v1/events").await.json();
    assert_eq!(
        held["data"],
        json!([]),
        "a later one would hide the slow one"
    );
    slow.commit().await.unwrap();
    let cursor = held["next_cursor"].as_str().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let list = gateway.get(&format!("/v1/events?after={cursor}")).await;
        let names: Vec<Value> = list.json()["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["data"]["name"].clone())
            .collect();
        if names == ["slow", "quick"] {
            return;
        }
        // Other tests of this process use the same server.
        assert!(Instant::now() < deadline, "{names:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
