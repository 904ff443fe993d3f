//! Mapping stored documents again.

use callweave_model::{CallId, enums::Direction, merge::Share};
use callweave_store::{
    calls::{Mapped, StoredForMapping},
    documents::Document,
    records::{Fetched, News},
};

use crate::support::{Home, at, call, fetched, home, noon};

/// One analysis of the call `session`, with a document of its own.
fn part(name: &str) -> Fetched {
    let mut call = call("session", "2026-02-01T10:00:00Z", "hello");
    call.analyses[0].remote_id = name.into();
    call.vendor_updated_at = Some(noon());
    let mut record = fetched(call, noon());
    record.kind = "part".into();
    record.remote_id = name.into();
    record.fingerprint = Some(b"a".to_vec());
    record.documents = vec![Document {
        operation: "X-01".into(),
        part: String::new(),
        content_type: "application/json".into(),
        body: name.into(),
    }];
    if let News::Upsert { share, .. } = &mut record.news {
        *share = Share::OneAnalysis;
    }
    record
}

async fn to_map(home: &Home, after: Option<&str>) -> Vec<StoredForMapping> {
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.calls_for_mapping(home.scope.id, after, 10)
        .await
        .unwrap()
}

/// The call as if its documents read otherwise now.
fn reread(
    stored: &StoredForMapping,
    change: impl Fn(&mut callweave_model::AnalyzedCall),
) -> Mapped {
    let records = stored
        .records
        .iter()
        .map(|known| {
            let mut record = part(&known.remote_id);
            record.observed_at = known.observed_at;
            record.documents = Vec::new();
            if let News::Upsert { call, .. } = &mut record.news {
                change(call);
            }
            record
        })
        .collect();
    Mapped {
        id: stored.id,
        records,
        given_up: false,
    }
}

async fn apply(home: &Home, mapped: &[Mapped]) -> u32 {
    home.store.prepare_mapped(mapped, noon()).await.unwrap();
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let applied = tx.apply_mapped(&home.scope, mapped, noon()).await.unwrap();
    tx.commit().await.unwrap();
    applied.updated
}

#[tokio::test]
async fn calls_are_read_again_from_the_records_that_stand() {
    let home = home().await;
    home.apply(&[part("1"), part("2")]).await;
    home.apply(&[fetched(call("zebra", "2026-02-01T10:00:00Z", "x"), noon())])
        .await;
    let found = to_map(&home, None).await;
    let names: Vec<&str> = found.iter().map(|call| call.remote_id.as_str()).collect();
    assert_eq!(names, ["session", "zebra"]);
    assert_eq!(found[0].records.len(), 2);
    assert_eq!(found[0].records[1].documents[0].body, b"2");
    assert_eq!(to_map(&home, Some("session")).await.len(), 1);

    let gone = Fetched {
        news: News::Gone {
            evidence: "404".into(),
        },
        documents: Vec::new(),
        ..part("1")
    };
    home.apply(&[gone]).await;
    assert_eq!(to_map(&home, None).await[0].records.len(), 1);
}

#[tokio::test]
async fn a_new_reading_may_set_times_back_and_leaves_the_queue_alone() {
    let home = home().await;
    let mut waiting = part("2");
    if let News::Upsert { due_at, .. } = &mut waiting.news {
        *due_at = Some(at("2026-03-02T12:05:00Z"));
    }
    home.apply(&[part("1"), waiting]).await;
    let stored = to_map(&home, None).await;
    let earlier = reread(&stored[0], |call| {
        call.vendor_updated_at = Some(at("2026-03-02T09:00:00Z"));
        call.started_at = Some(at("2026-01-31T21:00:00Z"));
        call.direction = Direction::Inbound;
    });
    assert_eq!(apply(&home, std::slice::from_ref(&earlier)).await, 1);
    let id = CallId::derive(home.scope.namespace, "session");
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let call = tx.find_call(id).await.unwrap().unwrap();
    assert_eq!(call.sort_at, at("2026-01-31T21:00:00Z"));
    assert_eq!(call.call.direction, Direction::Inbound);
    assert_eq!(call.call.rollup.analyses_count, 2, "both records count");
    let versions = tx.list_call_versions(id, 1).await.unwrap();
    assert_eq!(versions[0].cause, "remapped");
    let due = tx
        .due_records(home.scope.id, at("2026-03-02T13:00:00Z"), 10)
        .await
        .unwrap();
    assert_eq!(due.len(), 1, "what waited still waits, and no more does");
    drop(tx);
    assert_eq!(apply(&home, &[earlier]).await, 0, "it is the same reading");
}

#[tokio::test]
async fn what_was_fetched_meanwhile_is_not_overwritten() {
    let home = home().await;
    home.apply(&[part("1")]).await;
    let stored = to_map(&home, None).await;
    let mut newer = part("1");
    newer.observed_at = at("2026-03-02T12:00:01Z");
    home.apply(&[newer]).await;
    let reading = reread(&stored[0], |call| call.subject = Some("old".into()));
    assert_eq!(apply(&home, &[reading]).await, 0);
}

#[tokio::test]
async fn a_record_in_quarantine_can_be_read_again() {
    let home = home().await;
    let mut broken = part("1");
    broken.news = News::Quarantined {
        reason: "a member is missing".into(),
        pointer: Some("/id".into()),
    };
    home.apply(&[broken]).await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let found = tx
        .quarantined_for_mapping(home.scope.id, None, 10)
        .await
        .unwrap();
    assert_eq!(found[0].documents[0].body, b"1");
    let key = (found[0].kind.clone(), found[0].remote_id.clone());
    let next = tx.quarantined_for_mapping(home.scope.id, Some(&key), 10);
    assert!(next.await.unwrap().is_empty());
}
