//! What is too old goes, and is not taken in again.

use callweave_model::{CallId, Timestamp, enums::ArtifactState};
use callweave_store::{
    records::Seen,
    retention::{Kind, Rules},
};

use crate::support::{Home, at, call, fetched, home, noon};

/// Everything but this many days of one kind.
async fn keep(home: &Home, kind: Kind, days: u32) {
    let mut rules = Rules::default();
    rules.set(kind, Some(days));
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.set_retention(&rules, noon()).await.unwrap();
    assert_eq!(tx.retention().await.unwrap(), rules);
    tx.commit().await.unwrap();
}

async fn expire(home: &Home, kind: Kind, now: Timestamp) -> u64 {
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let before = tx.retention().await.unwrap().before(kind, now).unwrap();
    let mut all = 0;
    loop {
        let some = match kind {
            Kind::Calls => tx.expire_calls(before, now).await,
            Kind::Transcripts => tx.expire_transcripts(before, now).await,
            _ => tx.expire_documents(before).await,
        };
        match some.unwrap() {
            0 => break,
            some => all += some,
        }
    }
    tx.commit().await.unwrap();
    all
}

/// One call of a month ago and one of yesterday, each with a document of its own.
async fn two_calls(home: &Home) -> [CallId; 2] {
    let mut batch = [
        fetched(call("old", "2026-02-01T10:00:00Z", "secret"), noon()),
        fetched(call("new", "2026-03-01T10:00:00Z", "secret"), noon()),
    ];
    for record in &mut batch {
        record.documents[0].body = record.remote_id.clone().into_bytes();
        record.fingerprint = Some(b"a".to_vec());
    }
    home.apply(&batch).await;
    ["old", "new"].map(|id| CallId::derive(home.scope.namespace, id))
}

#[tokio::test]
async fn old_calls_go_and_no_walk_brings_them_back() {
    let home = home().await;
    let [old, new] = two_calls(&home).await;
    keep(&home, Kind::Calls, 7).await;
    assert_eq!(expire(&home, Kind::Calls, noon()).await, 1);
    assert_eq!(expire(&home, Kind::Calls, noon()).await, 0);
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.find_call(old).await.unwrap().is_none());
    assert!(tx.find_call(new).await.unwrap().is_some());
    let listed = |form: &[u8]| Seen {
        kind: "call".into(),
        remote_id: "old".into(),
        fingerprint: form.to_vec(),
        hint: None,
    };
    for (form, due) in [(b"a", 0), (b"b", 1)] {
        let noted = tx
            .note_seen(home.scope.id, &[listed(form)], None, noon())
            .await
            .unwrap();
        let waiting = tx.due_records(home.scope.id, noon(), 10).await.unwrap();
        assert_eq!(waiting.len(), due, "{noted}");
    }
    tx.commit().await.unwrap();
    // Its vendor has changed it: it is looked at, and passed over.
    let mut changed = fetched(call("old", "2026-02-01T10:00:00Z", "more"), noon());
    changed.fingerprint = Some(b"b".to_vec());
    assert_eq!(home.apply(&[changed]).await.changes(), 0);
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(
        tx.due_records(home.scope.id, noon(), 10)
            .await
            .unwrap()
            .is_empty()
    );
    for table in ["calls", "raw_documents", "call_versions", "call_search"] {
        assert_eq!(home.count(table).await, 1, "{table}");
    }
}

#[tokio::test]
async fn old_transcripts_go_with_their_documents_and_the_rest_stays() {
    let home = home().await;
    let [old, new] = two_calls(&home).await;
    keep(&home, Kind::Transcripts, 7).await;
    assert_eq!(expire(&home, Kind::Transcripts, noon()).await, 1);
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert_eq!(tx.find_transcript(old).await.unwrap(), Some(None));
    assert!(tx.find_transcript(new).await.unwrap().unwrap().is_some());
    let stored = tx.find_call(old).await.unwrap().unwrap();
    assert_eq!(
        stored.call.artifact_state("transcript"),
        ArtifactState::Expired
    );
    assert_eq!(stored.call.rollup.score_pct, Some(80.0));
    assert_eq!(stored.version, 2);
    assert!(tx.documents_of_call(old).await.unwrap().is_empty());
    assert_eq!(tx.documents_of_call(new).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    let found: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM call_search WHERE words @@ to_tsquery('simple', 'secret')",
    )
    .fetch_one(&home.pool().await)
    .await
    .unwrap();
    assert_eq!(found, 1);

    // Fetched again it stays silent.
    let mut again = fetched(
        call("old", "2026-02-01T10:00:00Z", "secret"),
        at("2026-03-02T13:00:00Z"),
    );
    again.fingerprint = Some(b"b".to_vec());
    assert_eq!(home.apply(&[again]).await.changes(), 0);
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert_eq!(tx.find_transcript(old).await.unwrap(), Some(None));
    assert!(tx.documents_of_call(old).await.unwrap().is_empty());
}

#[tokio::test]
async fn old_documents_go_and_transcripts_stay() {
    let home = home().await;
    let [old, new] = two_calls(&home).await;
    keep(&home, Kind::Documents, 7).await;
    assert_eq!(expire(&home, Kind::Documents, noon()).await, 1);
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.find_transcript(old).await.unwrap().unwrap().is_some());
    assert!(tx.documents_of_call(old).await.unwrap().is_empty());
    assert_eq!(tx.documents_of_call(new).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    assert_eq!(home.count("raw_documents").await, 1);
    // A week on the other one is old as well: the rule goes on from where it was.
    assert_eq!(
        expire(&home, Kind::Documents, at("2026-03-10T12:00:00Z")).await,
        1
    );
    assert_eq!(home.count("raw_documents").await, 0);
}
