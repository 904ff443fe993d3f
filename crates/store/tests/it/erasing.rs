//! Erasing calls: nothing of their text stays, and no sync brings it back.

use callweave_model::CallId;
use callweave_store::records::{Fetched, News, Seen};

use crate::support::{at, call, fetched, home, noon};

#[tokio::test]
async fn an_erased_call_stays_away_until_the_vendor_changes_it() {
    let home = home().await;
    let listed = |form: &[u8]| Seen {
        kind: "call".into(),
        remote_id: "1".into(),
        fingerprint: form.to_vec(),
        hint: None,
    };
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.note_seen(home.scope.id, &[listed(b"a")], None, noon())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut record = fetched(call("1", "2026-02-01T10:00:00Z", "secret"), noon());
    record.fingerprint = Some(b"a".to_vec());
    home.apply(std::slice::from_ref(&record)).await;
    let id = CallId::derive(home.scope.namespace, "1");
    let later = at("2026-03-02T12:30:00Z");
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.delete_call(&home.scope, id, later).await.unwrap());
    tx.commit().await.unwrap();

    let in_flight = at("2026-03-02T12:29:00Z");
    let afterwards = at("2026-03-02T12:31:00Z");
    for observed_at in [in_flight, afterwards] {
        record.observed_at = observed_at;
        let applied = home.apply(std::slice::from_ref(&record)).await;
        assert_eq!(applied.restored, 0, "{observed_at}");
    }
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.note_seen(home.scope.id, &[listed(b"a")], Some(1), afterwards)
        .await
        .unwrap();
    let due = tx.due_records(home.scope.id, afterwards, 10).await.unwrap();
    assert!(due.is_empty());
    tx.note_seen(home.scope.id, &[listed(b"b")], Some(2), afterwards)
        .await
        .unwrap();
    let due = tx.due_records(home.scope.id, afterwards, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    tx.commit().await.unwrap();
    record.fingerprint = Some(b"b".to_vec());
    assert_eq!(home.apply(&[record]).await.restored, 1);
}

#[tokio::test]
async fn documents_without_records_go_and_shared_ones_stay() {
    let home = home().await;
    home.apply(&[
        fetched(call("1", "2026-02-01T10:00:00Z", "a"), noon()),
        fetched(call("2", "2026-02-01T10:00:00Z", "b"), noon()),
    ])
    .await;
    let [one, two] = ["1", "2"].map(|id| CallId::derive(home.scope.namespace, id));
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.delete_call(&home.scope, one, noon()).await.unwrap());
    assert_eq!(tx.documents_of_call(two).await.unwrap().len(), 1);
    assert!(tx.delete_call(&home.scope, two, noon()).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(home.count("raw_documents").await, 0);
}

#[tokio::test]
async fn the_text_of_a_call_that_the_vendor_deleted_is_erased_as_well() {
    let home = home().await;
    let record = fetched(call("1", "2026-02-01T10:00:00Z", "secret"), noon());
    home.apply(std::slice::from_ref(&record)).await;
    let gone = Fetched {
        news: News::Gone {
            evidence: "X-01 answered 404".into(),
        },
        documents: Vec::new(),
        ..record
    };
    home.apply(&[gone]).await;
    let id = CallId::derive(home.scope.namespace, "1");
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.find_transcript(id).await.unwrap().unwrap().is_some());
    assert!(tx.delete_call(&home.scope, id, noon()).await.unwrap());
    assert!(!tx.delete_call(&home.scope, id, noon()).await.unwrap());
    let tombstone = tx.find_call(id).await.unwrap().unwrap();
    assert!(tombstone.call.parties.is_empty());
    assert_eq!(
        tombstone.deletion_evidence.as_deref(),
        Some("X-01 answered 404")
    );
    assert_eq!(tx.find_transcript(id).await.unwrap(), Some(None));
    assert!(tx.documents_of_call(id).await.unwrap().is_empty());
}
