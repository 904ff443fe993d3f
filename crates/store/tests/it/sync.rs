//! Leases and records.

use std::time::Duration;

use callweave_store::{
    StoreError,
    records::Seen,
    streams::{Stream, WalkState},
    sweeps::{Missing, Reach},
    sync_state::RunEnd,
};
use uuid::Uuid;

use crate::support::{at, call, fetched, home, noon};

const LEASE: Duration = Duration::from_secs(30);

fn seen(id: &str, fingerprint: &[u8]) -> Seen {
    Seen {
        kind: "call".into(),
        remote_id: id.into(),
        fingerprint: fingerprint.to_vec(),
        hint: Some(serde_json::json!({"row": "a\u{0}b"})),
    }
}

#[tokio::test]
async fn a_due_connection_is_taken_once_and_a_lost_lease_writes_nothing() {
    let home = home().await;
    let (one, two) = (Uuid::from_u128(11), Uuid::from_u128(12));
    let mut tx = home.store.system().await.unwrap();
    let lease = tx.claim_due_sync(one, LEASE).await.unwrap().unwrap();
    assert!(tx.claim_due_sync(two, LEASE).await.unwrap().is_none());
    tx.commit().await.unwrap();

    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.hold_lease(&lease, LEASE).await.unwrap();
    tx.set_sync_enabled(home.scope.id, false).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(matches!(
        tx.hold_lease(&lease, LEASE).await,
        Err(StoreError::Fenced)
    ));
    let end = RunEnd {
        next_in: LEASE,
        pause: None,
        complete_since: None,
        failed: false,
        walk_in: None,
    };
    assert!(matches!(
        tx.end_run(&lease, end).await,
        Err(StoreError::Fenced)
    ));
    assert!(!tx.sync_state(home.scope.id).await.unwrap().unwrap().running);
}

#[tokio::test]
async fn a_run_that_was_asked_for_meanwhile_is_due_at_once() {
    let home = home().await;
    let mut tx = home.store.system().await.unwrap();
    let lease = tx
        .claim_due_sync(Uuid::from_u128(1), LEASE)
        .await
        .unwrap()
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.request_sync(home.scope.id, false).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let end = RunEnd {
        next_in: Duration::from_secs(600),
        pause: None,
        complete_since: Some(noon()),
        failed: false,
        walk_in: None,
    };
    tx.end_run(&lease, end).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = home.store.system().await.unwrap();
    assert!(
        tx.claim_due_sync(Uuid::from_u128(2), LEASE)
            .await
            .unwrap()
            .is_some()
    );
}

/// What is committed before a run is hastened is found by it, whether the run is due, under way or
/// over; and so many who do it write once a run.
#[tokio::test]
async fn a_run_is_hastened_once_until_it_begins_and_once_while_it_goes_on() {
    let home = home().await;
    let written = async || -> String {
        let pool = home.pool().await;
        let query = "SELECT xmin::text || next_run_at::text FROM sync_state";
        let mark = sqlx::query_scalar(query).fetch_one(&pool).await.unwrap();
        pool.close().await;
        mark
    };
    let hasten = async || {
        let mut tx = home.store.tenant(home.tenant).await.unwrap();
        tx.hasten_sync(home.scope.id).await.unwrap();
        tx.commit().await.unwrap();
    };
    let claim = async |owner| {
        let mut tx = home.store.system().await.unwrap();
        let lease = tx.claim_due_sync(Uuid::from_u128(owner), LEASE).await;
        tx.commit().await.unwrap();
        lease.unwrap()
    };
    let due = written().await;
    hasten().await;
    assert_eq!(written().await, due, "it is due, and has not begun");
    let lease = claim(1).await.unwrap();
    hasten().await;
    let hastened = written().await;
    assert_ne!(hastened, due);
    hasten().await;
    assert_eq!(written().await, hastened, "told already");
    let end = RunEnd {
        next_in: Duration::from_secs(600),
        pause: None,
        complete_since: Some(noon()),
        failed: false,
        walk_in: None,
    };
    let over = async |lease| {
        let mut tx = home.store.tenant(home.tenant).await.unwrap();
        tx.end_run(&lease, end).await.unwrap();
        tx.commit().await.unwrap();
    };
    over(lease).await;
    over(claim(2).await.expect("a run for what came meanwhile")).await;
    assert!(claim(3).await.is_none(), "nothing came");
    hasten().await;
    assert!(claim(4).await.is_some());
}

#[tokio::test]
async fn a_listed_record_is_due_until_it_was_fetched_in_that_form() {
    let home = home().await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert_eq!(
        tx.note_seen(
            home.scope.id,
            &[seen("1", b"a"), seen("1", b"a")],
            None,
            noon()
        )
        .await
        .unwrap(),
        1
    );
    let due = tx.due_records(home.scope.id, noon(), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].hint, Some(serde_json::json!({"row": "a\u{fffd}b"})));
    tx.commit().await.unwrap();

    let mut record = fetched(call("1", "2026-02-01T10:00:00Z", "x"), noon());
    record.fingerprint = Some(b"a".to_vec());
    home.apply(&[record.clone()]).await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(
        tx.due_records(home.scope.id, noon(), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        tx.note_seen(home.scope.id, &[seen("1", b"a")], None, noon())
            .await
            .unwrap(),
        0,
        "no write"
    );
    tx.note_seen(home.scope.id, &[seen("1", b"b")], None, noon())
        .await
        .unwrap();
    assert_eq!(
        tx.due_records(home.scope.id, noon(), 10)
            .await
            .unwrap()
            .len(),
        1
    );
    tx.commit().await.unwrap();

    // Fetched for the form "a" while the list shows "b": it stays due.
    home.apply(&[record]).await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert_eq!(
        tx.due_records(home.scope.id, noon(), 10)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(tx.count_records(home.scope.id).await.unwrap().known, 1);
}

#[tokio::test]
async fn a_record_is_missing_only_after_two_full_walks_did_not_meet_it() {
    let home = home().await;
    let calls = ["1", "2"].map(|id| fetched(call(id, "2026-02-01T10:00:00Z", "x"), noon()));
    home.apply(&calls).await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.note_seen(
        home.scope.id,
        &[seen("1", b"a"), seen("2", b"a")],
        Some(1),
        noon(),
    )
    .await
    .unwrap();
    tx.note_seen(home.scope.id, &[seen("1", b"a")], Some(2), noon())
        .await
        .unwrap();
    let reach = |walk: i64| Reach {
        walk,
        since: None,
        kept_since: None,
    };
    let missing = |missing: i64| Missing {
        missing,
        aged: 0,
        live: 2,
    };
    let id = home.scope.id;
    assert_eq!(tx.count_missing(id, reach(2)).await.unwrap(), missing(0));
    tx.note_seen(id, &[seen("1", b"a")], Some(3), noon())
        .await
        .unwrap();
    assert_eq!(tx.count_missing(id, reach(3)).await.unwrap(), missing(1));
    assert_eq!(
        tx.want_missing(id, reach(3), false, noon()).await.unwrap(),
        1
    );
    let due = tx.due_records(id, noon(), 10).await.unwrap();
    let asked: Vec<&str> = due
        .iter()
        .filter(|record| record.missing)
        .map(|record| record.remote_id.as_str())
        .collect();
    assert_eq!(asked, ["2"]);
    tx.note_seen(id, &[seen("2", b"a")], Some(3), noon())
        .await
        .unwrap();
    let due = tx.due_records(id, noon(), 10).await.unwrap();
    assert!(due.iter().all(|record| !record.missing), "it is listed");
}

#[tokio::test]
async fn what_is_older_than_a_walk_looks_or_a_vendor_keeps_is_not_missing() {
    let home = home().await;
    let records: Vec<_> = [
        ("old", "2025-01-01T10:00:00Z"),
        ("new", "2026-02-01T10:00:00Z"),
    ]
    .map(|(id, start)| {
        let mut record = fetched(call(id, start, "x"), noon());
        record.fingerprint = Some(b"a".to_vec());
        record
    })
    .to_vec();
    home.apply(&records).await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let limit = Some(at("2025-06-01T00:00:00Z"));
    let all = Reach {
        walk: 2,
        since: None,
        kept_since: None,
    };
    let counts = async |tx: &mut callweave_store::TenantTx, reach: Reach| {
        let found = tx.count_missing(home.scope.id, reach).await.unwrap();
        (found.missing, found.aged)
    };
    assert_eq!(counts(&mut tx, all).await, (2, 0));
    let shallow = Reach {
        since: limit,
        ..all
    };
    assert_eq!(counts(&mut tx, shallow).await, (1, 0));
    let aging = Reach {
        kept_since: limit,
        ..all
    };
    assert_eq!(counts(&mut tx, aging).await, (1, 1));
    let wanted = tx.want_missing(home.scope.id, aging, true, noon()).await;
    assert_eq!(wanted.unwrap(), 1, "only the aged one");
}

#[tokio::test]
async fn a_stream_remembers_where_it_stands() {
    let home = home().await;
    let walk = |page: i64| WalkState {
        started_at: Some(at("2026-03-02T11:00:00Z")),
        cursor: Some(serde_json::json!({"page": page})),
        unproved: 1,
        refused: 2,
    };
    let stream = Stream {
        stream: "all".into(),
        resume: Some(serde_json::json!({"v": 1, "odd": "a\u{0}b"})),
        incremental: walk(3),
        full: walk(70),
        full_number: 2,
        broken_since: Some(noon()),
        ..Stream::default()
    };
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.save_stream(home.scope.id, &stream).await.unwrap();
    tx.save_stream(home.scope.id, &stream).await.unwrap();
    tx.note_stream_trouble(home.scope.id, "all", "vendor.failure", noon())
        .await
        .unwrap();
    let known = tx.list_streams(home.scope.id).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].incremental, stream.incremental);
    assert_eq!(known[0].full, stream.full);
    assert_eq!(
        (known[0].full_number, known[0].broken_since),
        (2, Some(noon()))
    );
    assert_eq!(known[0].trouble.as_deref(), Some("vendor.failure"));
}

#[tokio::test]
async fn what_is_being_fetched_is_not_given_out_again() {
    let home = home().await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let listed = ["1", "2", "3"].map(|id| seen(id, b"a"));
    tx.note_seen(home.scope.id, &listed, None, noon())
        .await
        .unwrap();
    let busy = ["1", "3"].map(|id| ("call".to_owned(), id.to_owned()));
    let due = tx
        .due_records_but(home.scope.id, &busy, noon(), 10)
        .await
        .unwrap();
    let ids: Vec<&str> = due.iter().map(|due| due.remote_id.as_str()).collect();
    assert_eq!(ids, ["2"]);
}

/// A connection of that size once could not end a full walk: the search for what is missing began anew for
/// each record.
#[tokio::test]
async fn what_many_records_miss_is_found_within_one_statement() {
    let home = home().await;
    sqlx::query(
        "INSERT INTO records (tenant_id, connection_id, kind, remote_id, state, fingerprint, \
             first_seen_at, observed_at, full_walk) \
         SELECT $1, $2, 'call', number::text, 'fetched', 'a', now(), now(), \
             CASE WHEN number <= 3 THEN 1 ELSE 3 END \
         FROM generate_series(1, 20000) AS number",
    )
    .bind(home.tenant.0)
    .bind(home.scope.id.0)
    .execute(&home.pool().await)
    .await
    .unwrap();
    let reach = Reach {
        walk: 3,
        since: None,
        kept_since: None,
    };
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let wanted = tx
        .want_missing(home.scope.id, reach, false, noon())
        .await
        .unwrap();
    assert_eq!(wanted, 3);
}
