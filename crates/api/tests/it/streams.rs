//! The feed of events as a stream.

use std::time::{Duration, Instant};

use callweave_api::FeedOptions;
use callweave_model::{ApiKeyId, Clock as _, SystemClock};
use http::Method;
use serde_json::{Value, json};

use crate::{
    events::{assert_complete, write_in_random_order},
    support::{EventStream, Gateway, feed_turn, sample, spoken},
};

fn quick() -> FeedOptions {
    FeedOptions {
        poll_interval: Duration::from_millis(20),
        heartbeat: Duration::from_millis(100),
        ..FeedOptions::default()
    }
}

/// Reads until the event that ends the test; `hangs_up_after` makes the client come back.
async fn read_all(gateway: &Gateway, query: &str, hangs_up_after: usize) -> Vec<Value> {
    let mut stream = EventStream::open(gateway, query, &[]).await.ok().unwrap();
    let (mut met, mut since) = (Vec::new(), 0);
    loop {
        let event = stream.event().await.unwrap();
        if event["type"] == "sync.deletions_withheld" {
            return met;
        }
        met.push(event);
        since += 1;
        if since == hangs_up_after {
            since = 0;
            let id = std::mem::take(&mut stream.last_id);
            stream = EventStream::open(gateway, query, &[("last-event-id", &id)])
                .await
                .ok()
                .unwrap();
        }
    }
}

#[tokio::test]
async fn case_070_streams_skip_and_repeat_nothing() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start_with_feed(quick()).await;
    let store = gateway.another_store(10);
    let writing = async {
        let committed = write_in_random_order(&store, gateway.tenant, 25).await;
        let mut tx = store.tenant(gateway.tenant).await.unwrap();
        let end = callweave_store::events::Event {
            event_type: "sync.deletions_withheld",
            connection: None,
            subject: None,
            data: json!({}),
        };
        tx.insert_events(&[end], SystemClock.now()).await.unwrap();
        tx.commit().await.unwrap();
        committed
    };
    let (steady, restless, late, committed) = tokio::join!(
        read_all(&gateway, "?after=oldest", usize::MAX),
        read_all(&gateway, "?after=oldest&type=call.*,sync.*", 7),
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            read_all(&gateway, "?after=oldest", usize::MAX).await
        },
        writing,
    );
    for met in [steady, restless, late] {
        assert_complete(&met, &committed);
    }
}

#[tokio::test]
async fn a_stream_begins_now_and_tells_what_is_wanted() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start_with_feed(quick()).await;
    let connection = gateway.connect("main").await;
    let filter = format!("?type=call.*&connection_id={connection}");
    let mut stream = EventStream::open(&gateway, &filter, &[])
        .await
        .ok()
        .unwrap();
    let first = stream.last_id.clone();
    stream.heartbeat().await;
    gateway.connect("other").await;
    let call = spoken("a", "2026-03-02T09:15:00Z");
    let id = gateway.put(connection, vec![call]).await[0];
    let event = stream.event().await.unwrap();
    assert_eq!(event["type"], "call.created", "what was before is not told");
    assert_eq!(event["subject"]["id"], id.to_string());
    let listed = gateway
        .get(&format!("/v1/events?after={first}&type=call.*"))
        .await
        .json();
    assert_eq!(listed["data"], json!([event]), "a stream's id is a cursor");
    stream.heartbeat().await;
    assert_ne!(stream.last_id, first);
    let after = gateway
        .get(&format!("/v1/events?after={}", stream.last_id))
        .await;
    assert_eq!(after.json()["data"], json!([]), "the rest was passed over");
}

#[tokio::test]
async fn streams_are_bounded_and_a_place_comes_free() {
    let _turn = feed_turn().await;
    let options = FeedOptions {
        max_streams: 3,
        max_streams_per_tenant: 2,
        ..quick()
    };
    let gateway = Gateway::start_with_feed(options).await;
    let stranger = gateway.tenant_named("second").await;
    let key = format!("Bearer {}", gateway.key_of(stranger, &["*"]).await);
    let foreign = [("authorization", key.as_str())];
    let open = async || EventStream::open(&gateway, "", &[]).await;
    let refused = |answer: Result<EventStream, crate::support::Answer>| {
        let answer = answer.err().unwrap();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "gateway.too_many_streams")
        );
        assert!(!answer.header("retry-after").is_empty());
    };
    let (one, two) = (open().await, open().await);
    assert!(one.is_ok() && two.is_ok());
    refused(open().await);
    let third = EventStream::open(&gateway, "", &foreign).await;
    assert!(third.is_ok(), "another tenant has places of its own");
    refused(EventStream::open(&gateway, "", &foreign).await);
    drop(one);
    let again = open().await;
    assert!(again.is_ok());
}

#[tokio::test]
async fn streams_end_when_the_gateway_drains() {
    let _turn = feed_turn().await;
    let options = FeedOptions {
        heartbeat: Duration::from_hours(1),
        ..quick()
    };
    let gateway = Gateway::start_with_feed(options).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(EventStream::open(&gateway, "", &[]).await.ok().unwrap());
    }
    let begun = Instant::now();
    gateway.state.begin_drain();
    for mut stream in streams {
        assert!(stream.event().await.is_none());
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
    let refused = EventStream::open(&gateway, "", &[]).await;
    assert_eq!(refused.err().unwrap().code(), "gateway.unavailable");
}

#[tokio::test]
async fn a_revoked_key_hears_no_more() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start_with_feed(quick()).await;
    let connection = gateway.connect("main").await;
    let key = gateway.key_of(gateway.tenant, &["events:read"]).await;
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let mut stream = EventStream::open(&gateway, "", &headers)
        .await
        .ok()
        .unwrap();
    let id: ApiKeyId = callweave_api::keys::parse(&key).unwrap().id;
    let path = format!("/v1/api-keys/{id}");
    let revoked = gateway.send(Method::DELETE, &path, None, &[]).await;
    assert_eq!(revoked.status, 204);
    assert!(stream.event().await.is_none());
    gateway
        .put(connection, vec![sample("a", "2026-03-02T09:15:00Z")])
        .await;
    let refused = EventStream::open(&gateway, "", &headers).await;
    assert_eq!(refused.err().unwrap().status, 401);
}

#[tokio::test]
async fn a_stream_over_another_database_ends_and_its_client_is_told() {
    let _turn = feed_turn().await;
    let gateway = Gateway::start_with_feed(quick()).await;
    let connection = gateway.connect("main").await;
    let mut stream = EventStream::open(&gateway, "", &[]).await.ok().unwrap();
    stream.heartbeat().await;
    gateway
        .meddle("UPDATE tenants SET feed_origin = 'another/server'")
        .await;
    gateway
        .put(connection, vec![sample("a", "2026-03-02T09:15:00Z")])
        .await;
    assert!(stream.event().await.is_none());
    let headers = [("last-event-id", stream.last_id.as_str())];
    let refused = EventStream::open(&gateway, "", &headers)
        .await
        .err()
        .unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (410, "gateway.feed_restarted")
    );
}

#[tokio::test]
async fn many_streams_look_together() {
    let _turn = feed_turn().await;
    let options = FeedOptions {
        max_streams: 300,
        max_streams_per_tenant: 300,
        poll_interval: Duration::from_millis(200),
        heartbeat: Duration::from_hours(1),
    };
    let gateway = Gateway::start_with_feed(options).await;
    let connection = gateway.connect("main").await;
    let mut streams = Vec::new();
    for _ in 0..300 {
        streams.push(EventStream::open(&gateway, "", &[]).await.ok().unwrap());
    }
    // All of them are waiting once each has heard of the first event.
    gateway
        .put(connection, vec![sample("a", "2026-03-02T09:15:00Z")])
        .await;
    for stream in &mut streams {
        until_created(stream).await;
    }
    let before = gateway.transactions().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    gateway
        .put(connection, vec![sample("b", "2026-03-02T09:15:00Z")])
        .await;
    for stream in &mut streams {
        until_created(stream).await;
    }
    // Some ten looks, and one question each whether the key is in force.
    let spent = gateway.transactions().await - before;
    assert!(spent < 1_200, "{spent} transactions for 300 idle streams");
}

/// Reads on until a call has come: what happened just before a stream was opened may come first,
/// and so may other events of the call.
async fn until_created(stream: &mut EventStream) {
    while stream.event().await.unwrap()["type"] != "call.created" {}
}
