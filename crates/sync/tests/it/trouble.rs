//! What fails for ever must cost itself only.

use std::time::Duration;

use callweave_model::connection::ConnectionState;
use callweave_provider::{ErrorKind, Retry};
use callweave_provider_testkit::fake::{FakeVendor, Listing, operation};

use crate::support::{Gateway, engine_options, gateway, gateway_with};

fn prepare(gateway: &Gateway, count: u32) -> FakeVendor {
    let vendor = gateway.vendor.main();
    vendor.tokens(|tokens| tokens.life = Duration::from_hours(1_000));
    vendor.set_listing(Listing::Fingerprints);
    put(&vendor, 0, count);
    vendor
}

fn put(vendor: &FakeVendor, from: u32, to: u32) {
    let ids: Vec<String> = (from..to).map(|number| format!("c{number:04}")).collect();
    vendor.put_ids(ids.iter().map(String::as_str));
}

async fn quarantined(gateway: &Gateway) -> usize {
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    let found = tx
        .list_quarantine(gateway.connection, None, 100)
        .await
        .unwrap();
    assert!(found.iter().all(|record| record.reason.is_some()));
    found.len()
}

#[tokio::test]
async fn a_rate_limit_beside_a_hopeless_record_is_heard() {
    let gateway = gateway().await;
    let vendor = prepare(&gateway, 1);
    gateway.turn().await;
    put(&vendor, 0, 1);
    let mut changed = callweave_model::AnalyzedCall::new("c0000");
    changed.subject = Some("changed".into());
    vendor.put(changed);
    for _ in 0..7 {
        vendor.fail_next(operation::FETCH, ErrorKind::BadResponse);
        gateway.sync(false).await;
        gateway.age_records().await;
    }
    put(&vendor, 1, 2);
    vendor.fail_next(operation::FETCH, ErrorKind::BadResponse);
    vendor.fail_next_with(
        operation::FETCH,
        ErrorKind::RateLimited,
        Retry::After(Duration::from_secs(60)),
    );
    gateway.sync(false).await;
    assert_eq!(quarantined(&gateway).await, 1);
    assert_eq!(gateway.state().await, ConnectionState::RateLimited);
}

#[tokio::test]
async fn records_that_fail_for_ever_are_put_aside_and_others_arrive() {
    let gateway = gateway().await;
    let vendor = prepare(&gateway, 1);
    gateway.turn().await;
    put(&vendor, 1, 7);
    for round in 0..8 {
        for _ in 0..6 {
            vendor.fail_next(operation::FETCH, ErrorKind::VendorFailure);
        }
        assert_eq!(quarantined(&gateway).await, 0, "round {round}");
        gateway.sync_forgiven().await;
        gateway.age_records().await;
    }
    assert_eq!(quarantined(&gateway).await, 6);
    put(&vendor, 7, 9);
    gateway.sync_forgiven().await;
    assert_eq!(gateway.remote_ids().await.len(), 3);
    assert_eq!(gateway.state().await, ConnectionState::Active);
}

#[tokio::test]
async fn one_record_that_times_out_leaves_the_connection_active() {
    let gateway = gateway().await;
    let vendor = prepare(&gateway, 3);
    gateway.turn().await;
    put(&vendor, 3, 4);
    vendor.fail_next(operation::FETCH, ErrorKind::Transport);
    gateway.sync(false).await;
    assert_eq!(gateway.state().await, ConnectionState::Active);
    assert_eq!(gateway.remote_ids().await.len(), 3);
    gateway.clock.forward(Duration::from_mins(1));
    gateway.sync(false).await;
    assert_eq!(gateway.remote_ids().await.len(), 4);
}

#[tokio::test]
async fn a_record_that_failed_often_is_fetched_once_the_vendor_is_well() {
    let gateway = gateway().await;
    let vendor = prepare(&gateway, 1);
    gateway.turn().await;
    put(&vendor, 1, 2);
    for _ in 0..5 {
        vendor.fail_next(operation::FETCH, ErrorKind::Transport);
        gateway.sync(false).await;
        gateway.age_records().await;
    }
    vendor.fail_next(operation::FETCH, ErrorKind::Transport);
    gateway.sync(false).await;
    assert_eq!(gateway.remote_ids().await.len(), 1);
    // Its next turn would be in a quarter of an hour. Nothing fails any more.
    gateway.sync(false).await;
    gateway.sync(false).await;
    assert_eq!(gateway.remote_ids().await.len(), 2);
}

#[tokio::test]
async fn a_run_between_two_polls_fetches_and_lists_nothing() {
    let mut options = engine_options();
    options.poll_interval = Duration::from_secs(600);
    let gateway = gateway_with(options).await;
    let vendor = prepare(&gateway, 2);
    vendor.fail_next(operation::FETCH, ErrorKind::BadResponse);
    gateway.turn().await;
    assert_eq!(gateway.remote_ids().await.len(), 1);
    let pages = vendor.count(operation::PAGE);
    gateway.clock.forward(Duration::from_mins(1));
    gateway.make_due().await;
    gateway.turn().await;
    assert_eq!(gateway.remote_ids().await.len(), 2);
    assert_eq!(vendor.count(operation::PAGE), pages);
    gateway.sync(false).await;
    assert!(vendor.count(operation::PAGE) > pages, "asked for");
}

#[tokio::test]
async fn a_stream_that_fails_does_not_block_the_next() {
    let gateway = gateway().await;
    let vendor = prepare(&gateway, 0);
    vendor.set_streams(&["broken", "calls"]);
    vendor.put_in("calls", callweave_model::AnalyzedCall::new("c1"));
    vendor.fail_next(operation::PAGE, ErrorKind::VendorFailure);
    gateway.turn().await;
    assert_eq!(gateway.remote_ids().await, ["c1"]);
    assert_eq!(gateway.state().await, ConnectionState::Degraded);
}

#[tokio::test]
async fn a_cursor_that_the_vendor_refuses_is_given_up() {
    let gateway = gateway().await;
    let vendor = prepare(&gateway, 5);
    gateway.turn().await;
    gateway
        .execute("UPDATE sync_streams SET resume = '\"nonsense\"'")
        .await;
    put(&vendor, 5, 6);
    for _ in 0..3 {
        vendor.fail_next(operation::PAGE, ErrorKind::InvalidRequest);
        gateway.sync_forgiven().await;
        assert_eq!(gateway.state().await, ConnectionState::Degraded);
    }
    gateway.sync_forgiven().await;
    assert_eq!(gateway.state().await, ConnectionState::Active);
    assert_eq!(gateway.remote_ids().await.len(), 6);
}

async fn backfill(gateway: &Gateway) -> uuid::Uuid {
    let id = uuid::Uuid::from_u128(99);
    let now = callweave_model::Clock::now(&*gateway.clock);
    let backfill = callweave_store::backfills::Backfill {
        id,
        connection: gateway.connection,
        from: now.plus(Duration::from_secs(1)),
        to: now.plus(Duration::from_secs(2)),
        state: "accepted".into(),
        reason: None,
        cursors: serde_json::json!({}),
        pages: 0,
        records: 0,
        estimate: None,
        created_at: now,
        modified_at: now,
    };
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    tx.insert_backfill(&backfill).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn a_backfill_that_the_vendor_refuses_fails_with_its_reason() {
    let mut options = engine_options();
    options.poll_interval = Duration::from_secs(600);
    let gateway = gateway_with(options).await;
    let vendor = prepare(&gateway, 1);
    gateway.turn().await;
    let id = backfill(&gateway).await;
    gateway
        .execute("UPDATE sync_state SET walk_due_at = now() + interval '1 hour'")
        .await;
    vendor.fail_next(operation::PAGE, ErrorKind::InvalidRequest);
    gateway.turn().await;
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    let mut found = tx
        .find_backfill(gateway.connection, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.state, "failed");
    assert!(found.reason.is_some());
    "processing".clone_into(&mut found.state);
    assert!(
        !tx.save_backfill(&found, found.modified_at).await.unwrap(),
        "it has ended"
    );
    assert_eq!(gateway.state().await, ConnectionState::Active);
}

#[tokio::test]
async fn a_failure_of_our_own_ends_the_run_and_backs_off() {
    let gateway = gateway().await;
    prepare(&gateway, 3);
    gateway
        .execute("ALTER TABLE sync_streams RENAME TO sync_streams_away")
        .await;
    gateway.turn().await;
    assert_eq!(gateway.state().await, ConnectionState::Degraded);
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    let connection = tx
        .find_connection(gateway.connection)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(connection.last_error.unwrap().code, "gateway.internal");
    let state = tx.sync_state(gateway.connection).await.unwrap().unwrap();
    assert_eq!((state.running, state.failures), (false, 1));
    assert!(state.not_before.is_some());
    drop(tx);
    gateway
        .execute("ALTER TABLE sync_streams_away RENAME TO sync_streams")
        .await;
    gateway.sync_forgiven().await;
    assert_eq!(gateway.remote_ids().await.len(), 3);
}

#[tokio::test]
async fn a_full_walk_whose_cursor_is_refused_begins_anew_and_does_not_count_as_over() {
    let gateway = gateway().await;
    let vendor = prepare(&gateway, 10);
    vendor.set_page_size(4);
    gateway.turn().await;
    let full_walk = async || {
        let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
        tx.sync_state(gateway.connection)
            .await
            .unwrap()
            .unwrap()
            .full_walk
    };
    let before = full_walk().await;
    gateway
        .execute("UPDATE sync_streams SET full_started_at = now(), full_cursor = '\"nonsense\"'")
        .await;
    gateway
        .execute("UPDATE sync_state SET full_walk_at = NULL")
        .await;
    for _ in 0..3 {
        vendor.fail_next(operation::PAGE, ErrorKind::InvalidRequest);
        gateway.sync_forgiven().await;
        assert_eq!(full_walk().await, before);
    }
    let pages = vendor.count(operation::PAGE);
    gateway.sync_forgiven().await;
    assert_eq!(full_walk().await, before + 1);
    assert!(
        vendor.count(operation::PAGE) >= pages + 3,
        "it walks everything"
    );
}
