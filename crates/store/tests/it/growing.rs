//! How calls grow and shrink: months, shares, mapping rules, documents, deadlines.

use callweave_model::{
    CallId, call::Attempt, enums::ArtifactState, facts::FactsPatch, merge::Share, patch::Patch,
};
use callweave_store::{
    calls::CallPatch,
    documents::Document,
    records::{Fetched, News},
};

use crate::support::{Home, at, call, fetched, home, noon};

fn share_of(analysis: &str, share: Share) -> Fetched {
    let mut call = call("session", "2026-02-01T10:00:00Z", "hello");
    let name = match share {
        Share::OneAttempt => "session",
        _ => analysis,
    };
    for part in &mut call.analyses {
        part.remote_id = name.into();
    }
    if share == Share::OneAttempt {
        call.attempts.push(Attempt::new(Some(analysis.into())));
    }
    let mut record = fetched(call, noon());
    record.kind = "part".into();
    record.remote_id = analysis.into();
    if let News::Upsert { share: told, .. } = &mut record.news {
        *told = share;
    }
    record
}

fn gone(record: &Fetched) -> Fetched {
    Fetched {
        news: News::Gone {
            evidence: "X-01 answered 404".into(),
        },
        documents: Vec::new(),
        ..record.clone()
    }
}

async fn stored(home: &Home, remote_id: &str) -> callweave_store::calls::StoredCall {
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let id = CallId::derive(home.scope.namespace, remote_id);
    let mut found = vec![tx.find_call(id).await.unwrap().unwrap()];
    tx.attach_documents(&mut found, true, true).await.unwrap();
    found.remove(0)
}

#[tokio::test]
async fn a_month_whose_calls_lie_in_the_default_partition_stays_there() {
    let home = home().await;
    let early = fetched(call("1", "2029-05-05T10:00:00Z", "hello"), noon());
    home.apply(&[early]).await;
    let later = at("2029-05-10T00:00:00Z");
    let record = fetched(call("2", "2029-05-09T10:00:00Z", "hello"), later);
    assert_eq!(home.apply_at(&[record], later).await.created, 1);
    let next = fetched(call("3", "2029-06-01T10:00:00Z", "hello"), later);
    assert_eq!(home.apply_at(&[next], later).await.created, 1);
}

#[tokio::test]
async fn a_part_that_goes_twice_takes_nothing_else_along() {
    for share in [Share::OneAnalysis, Share::OneAttempt] {
        let home = home().await;
        let (one, two) = (share_of("1", share), share_of("2", share));
        home.apply(&[one.clone(), two.clone()]).await;
        for _ in 0..2 {
            assert_eq!(home.apply(&[gone(&one)]).await.deleted, 0, "{share:?}");
            let left = stored(&home, "session").await;
            assert_eq!(left.deleted_at, None);
            assert_eq!(left.call.analyses.len(), 1);
            let attempts = usize::from(share == Share::OneAttempt);
            assert_eq!(left.call.attempts.len(), attempts);
        }
        assert_eq!(home.apply(&[gone(&two)]).await.deleted, 1, "{share:?}");
    }
}

#[tokio::test]
async fn new_documents_of_a_record_replace_the_old_ones() {
    let home = home().await;
    let document = |part: &str, body: &[u8]| Document {
        operation: "X-01".into(),
        part: part.into(),
        content_type: "application/json".into(),
        body: body.to_vec(),
    };
    let mut record = fetched(call("1", "2026-02-01T10:00:00Z", "a"), noon());
    record.documents = vec![document("a", b"1"), document("b", b"2")];
    home.apply(std::slice::from_ref(&record)).await;
    let id = CallId::derive(home.scope.namespace, "1");
    let parts = async |home: &Home| {
        let mut tx = home.store.tenant(home.tenant).await.unwrap();
        let documents = tx.documents_of_call(id).await.unwrap();
        documents
            .into_iter()
            .map(|stored| (stored.document.part, stored.document.body))
            .collect::<Vec<_>>()
    };
    record.documents = vec![document("b", b"3")];
    home.apply(std::slice::from_ref(&record)).await;
    assert_eq!(parts(&home).await, [("b".to_owned(), b"3".to_vec())]);
    record.documents = Vec::new();
    home.apply(std::slice::from_ref(&record)).await;
    assert_eq!(parts(&home).await.len(), 1, "nothing new replaces nothing");
}

#[tokio::test]
async fn what_nobody_looks_at_again_is_not_pending_any_more() {
    let home = home().await;
    let mut unfinished = call("1", "2026-02-01T10:00:00Z", "a");
    unfinished.set_artifact("recording", ArtifactState::Pending);
    let mut record = fetched(unfinished, noon());
    if let News::Upsert { due_at, .. } = &mut record.news {
        *due_at = Some(at("2026-03-02T13:00:00Z"));
    }
    home.apply(std::slice::from_ref(&record)).await;
    let state = async |home: &Home| stored(home, "1").await.call.artifact_state("recording");
    assert_eq!(state(&home).await, ArtifactState::Pending);
    record.news = News::NotReady {
        call: None,
        due_at: None,
    };
    home.apply(&[record]).await;
    assert_eq!(state(&home).await, ArtifactState::Expired);
}

#[tokio::test]
async fn a_replay_takes_up_what_was_given_up() {
    let home = home().await;
    let mut record = fetched(call("1", "2026-02-01T10:00:00Z", "a"), noon());
    record.news = News::NotReady {
        call: None,
        due_at: None,
    };
    home.apply(&[record]).await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert_eq!(
        tx.replay_quarantine(home.scope.id, noon()).await.unwrap(),
        1
    );
}

#[tokio::test]
async fn facts_that_change_nothing_now_are_kept_and_evidence_survives_a_note() {
    let home = home().await;
    let mut record = fetched(call("1", "2026-02-01T10:00:00Z", "a"), noon());
    home.apply(std::slice::from_ref(&record)).await;
    let id = CallId::derive(home.scope.namespace, "1");
    let facts = CallPatch {
        facts: FactsPatch {
            started_at: Patch::Set(at("2026-02-01T08:00:00Z")),
            ..FactsPatch::default()
        },
        ..CallPatch::default()
    };
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.patch_call(&home.scope, id, None, facts, noon())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut undated = call("1", "2026-02-01T10:00:00Z", "a");
    undated.started_at = None;
    undated.started_at_source = callweave_model::enums::StartedAtSource::None;
    record = fetched(undated, noon());
    home.apply(std::slice::from_ref(&record)).await;
    let found = stored(&home, "1").await;
    assert_eq!(found.call.started_at, Some(at("2026-02-01T08:00:00Z")));

    home.apply(&[gone(&record)]).await;
    let note = CallPatch {
        client_metadata: Some(serde_json::json!({"deal": 1})),
        ..CallPatch::default()
    };
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.patch_call(&home.scope, id, None, note, noon())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let evidence = stored(&home, "1").await.deletion_evidence;
    assert_eq!(evidence.as_deref(), Some("X-01 answered 404"));
}

#[tokio::test]
async fn a_record_that_tells_of_another_call_leaves_the_one_before() {
    let home = home().await;
    home.apply(&[
        share_of("1", Share::OneAnalysis),
        share_of("2", Share::OneAnalysis),
    ])
    .await;
    let mut moved = share_of("1", Share::OneAnalysis);
    if let News::Upsert { call, .. } = &mut moved.news {
        call.remote_id = "other".into();
    }
    let applied = home.apply(&[moved.clone()]).await;
    assert_eq!((applied.created, applied.updated), (1, 1));
    let names = |call: &callweave_store::calls::StoredCall| -> Vec<String> {
        call.call
            .analyses
            .iter()
            .map(|part| part.remote_id.clone())
            .collect()
    };
    assert_eq!(names(&stored(&home, "session").await), ["2"]);
    assert_eq!(names(&stored(&home, "other").await), ["1"]);

    let mut last = share_of("2", Share::OneAnalysis);
    if let News::Upsert { call, .. } = &mut last.news {
        call.remote_id = "other".into();
    }
    let applied = home.apply(&[last]).await;
    assert_eq!((applied.updated, applied.deleted), (1, 1));
    assert!(stored(&home, "session").await.deleted_at.is_some());
    assert_eq!(names(&stored(&home, "other").await), ["1", "2"]);
}
