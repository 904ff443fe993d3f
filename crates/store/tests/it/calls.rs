//! Calls: written once, listed in order, found by words, changed by the CRM.

use callweave_model::{CallId, facts::FactsPatch, patch::Patch};
use callweave_store::{
    calls::{CallFilter, CallPatch, CallPosition, Order},
    records::{Fetched, News},
};
use serde_json::json;

use crate::support::{at, call, fetched, home, noon};

#[tokio::test]
async fn case_072_the_same_batch_again_changes_nothing() {
    let home = home().await;
    let batch = [fetched(
        call("1", "2026-02-01T10:00:00Z", "hello there"),
        noon(),
    )];
    assert_eq!(home.apply(&batch).await.created, 1);
    let again = home.apply(&batch).await;
    assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 1));
    let id = CallId::derive(home.scope.namespace, "1");
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert_eq!(tx.find_call(id).await.unwrap().unwrap().version, 1);
    assert_eq!(tx.list_call_versions(id, 10).await.unwrap().len(), 1);
    let documents = tx.documents_of_call(id).await.unwrap();
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0].document.body, b"{\"a\": 1}");
}

#[tokio::test]
async fn case_074_an_older_observation_never_overwrites_a_newer_one() {
    let home = home().await;
    let newer = fetched(
        call("1", "2026-02-01T10:00:00Z", "second"),
        at("2026-03-02T12:00:05Z"),
    );
    let older = fetched(
        call("1", "2026-02-01T10:00:00Z", "first"),
        at("2026-03-02T12:00:00Z"),
    );
    home.apply(&[newer]).await;
    assert_eq!(home.apply(&[older]).await.updated, 0);
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let id = CallId::derive(home.scope.namespace, "1");
    let transcript = tx.find_transcript(id).await.unwrap().unwrap().unwrap();
    assert_eq!(transcript.utterances[0].text, "second");
}

#[tokio::test]
async fn a_list_walks_months_in_order_and_never_repeats() {
    let home = home().await;
    let batch: Vec<Fetched> = (0..25)
        .map(|n| {
            let started = format!("2026-{:02}-{:02}T10:00:00Z", 1 + n % 3, 1 + n);
            fetched(call(&n.to_string(), &started, "word"), noon())
        })
        .collect();
    home.apply(&batch).await;
    for order in [Order::Desc, Order::Asc] {
        let mut tx = home.store.tenant(home.tenant).await.unwrap();
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = tx
                .list_calls(&CallFilter::default(), order, after, 7)
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            after = Some(CallPosition {
                sort_at: last.sort_at,
                id: last.id,
            });
            seen.extend(page.iter().map(|call| (call.sort_at, call.id)));
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        if order == Order::Desc {
            sorted.reverse();
        }
        sorted.dedup();
        assert_eq!(seen, sorted);
        assert_eq!(seen.len(), 25);
    }
}

#[tokio::test]
async fn every_filter_narrows_the_list() {
    let home = home().await;
    let mut other = call("2", "2026-02-02T10:00:00Z", "Прощание salomat bo'ling");
    other.analyses[0].scorecards[0].score_pct = Some(20.0);
    other.analyses[0].scorecards[0].passed = Some(false);
    other.analyses[0].detections[0].name = "farewell".into();
    other.parties[0].name = Some("Boris".into());
    other.parties[1].phone = Some("+998900000002".into());
    let mut bare = callweave_model::AnalyzedCall::new("3");
    bare.set_artifact("analysis", callweave_model::enums::ArtifactState::Pending);
    home.apply(&[
        fetched(call("1", "2026-02-01T10:00:00Z", "hello there"), noon()),
        fetched(other, noon()),
        fetched(bare, noon()),
    ])
    .await;
    let with = |change: fn(&mut CallFilter)| {
        let mut filter = CallFilter::default();
        change(&mut filter);
        filter
    };
    let cases: Vec<(&str, CallFilter, &[&str])> = vec![
        ("all", CallFilter::default(), &["3", "2", "1"]),
        (
            "vendor",
            with(|f| f.vendors = vec!["acme".into()]),
            &["3", "2", "1"],
        ),
        (
            "other vendor",
            with(|f| f.vendors = vec!["none".into()]),
            &[],
        ),
        (
            "remote id",
            with(|f| f.remote_id = Some("2".into())),
            &["2"],
        ),
        (
            "after",
            with(|f| f.started_after = Some(at("2026-02-02T00:00:00Z"))),
            &["2"],
        ),
        (
            "before",
            with(|f| f.started_before = Some(at("2026-02-02T00:00:00Z"))),
            &["1"],
        ),
        ("modified", with(|f| f.modified_after = Some(noon())), &[]),
        ("agent", with(|f| f.agent = Some("Boris".into())), &["2"]),
        (
            "phone",
            with(|f| f.phones = vec!["+998900000001".into()]),
            &["1"],
        ),
        ("tag", with(|f| f.tags = vec!["farewell".into()]), &["2"]),
        ("passed", with(|f| f.passed = Some(false)), &["2"]),
        (
            "score",
            with(|f| (f.score_min, f.score_max) = (Some(50.0), Some(90.0))),
            &["1"],
        ),
        (
            "no transcript",
            with(|f| f.has_transcript = Some(false)),
            &["3"],
        ),
        ("word", with(|f| f.words = vec!["bo'ling".into()]), &["2"]),
        (
            "prefix",
            with(|f| f.words = vec!["прощ".into(), "salo".into()]),
            &["2"],
        ),
        (
            "operators are text",
            with(|f| f.words = vec!["!(&|".into()]),
            &[],
        ),
        (
            "status",
            with(|f| f.statuses = vec!["unknown".into()]),
            &["3", "2", "1"],
        ),
    ];
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    for (name, filter, expected) in cases {
        let found = tx.list_calls(&filter, Order::Desc, None, 50).await.unwrap();
        let ids: Vec<&str> = found
            .iter()
            .map(|call| call.call.remote_id.as_str())
            .collect();
        assert_eq!(ids, expected, "{name}");
    }
}

#[tokio::test]
async fn a_gone_record_leaves_a_tombstone_and_comes_back() {
    let home = home().await;
    let record = fetched(call("1", "2026-02-01T10:00:00Z", "hello"), noon());
    home.apply(std::slice::from_ref(&record)).await;
    let gone = Fetched {
        news: News::Gone {
            evidence: "X-01 answered 404".into(),
        },
        documents: Vec::new(),
        ..record.clone()
    };
    assert_eq!(home.apply(&[gone]).await.deleted, 1);
    let id = CallId::derive(home.scope.namespace, "1");
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(
        tx.list_calls(&CallFilter::default(), Order::Desc, None, 5)
            .await
            .unwrap()
            .is_empty()
    );
    let tombstone = tx.find_call(id).await.unwrap().unwrap();
    assert_eq!(
        tombstone.deletion_evidence.as_deref(),
        Some("X-01 answered 404")
    );
    drop(tx);
    assert_eq!(home.apply(&[record]).await.restored, 1);
}

#[tokio::test]
async fn facts_and_notes_of_the_crm_survive_the_next_sync_and_move_the_call() {
    let home = home().await;
    let mut undated = call("1", "2026-02-01T10:00:00Z", "hello");
    undated.started_at = None;
    undated.started_at_source = callweave_model::enums::StartedAtSource::None;
    home.apply(&[fetched(undated.clone(), noon())]).await;
    let id = CallId::derive(home.scope.namespace, "1");
    let patch = CallPatch {
        client_metadata: Some(json!({"deal": 7, "zero\u{0}": "a\u{0}b"})),
        external_refs: None,
        facts: FactsPatch {
            started_at: Patch::Set(at("2025-11-05T08:00:00Z")),
            ..FactsPatch::default()
        },
    };
    home.store
        .prepare_months(&[], at("2025-11-05T08:00:00Z"))
        .await
        .unwrap();
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(
        tx.patch_call(&home.scope, id, Some(1), patch.clone(), noon())
            .await
            .unwrap()
    );
    assert!(
        !tx.patch_call(&home.scope, id, Some(1), patch, noon())
            .await
            .unwrap(),
        "stale version"
    );
    tx.commit().await.unwrap();
    undated.subject = Some("changed".into());
    home.apply_at(
        &[fetched(undated, at("2026-03-02T13:00:00Z"))],
        at("2026-03-02T13:00:00Z"),
    )
    .await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let call = tx.find_call(id).await.unwrap().unwrap();
    assert_eq!(call.call.subject.as_deref(), Some("changed"));
    assert_eq!(call.call.started_at, Some(at("2025-11-05T08:00:00Z")));
    assert_eq!(call.sort_at, at("2025-11-05T08:00:00Z"));
    assert_eq!(call.client_metadata["deal"], 7);
    let all = tx
        .list_calls(&CallFilter::default(), Order::Desc, None, 5)
        .await
        .unwrap();
    assert_eq!(all.len(), 1, "the row moved, it was not doubled");
}

#[tokio::test]
async fn case_024_a_zero_character_in_text_is_stored_and_searched() {
    let home = home().await;
    let mut odd = call("odd\u{0}id", "2026-02-01T10:00:00Z", "before\u{0}after");
    odd.parties[0].name = Some("An\u{0}na".into());
    odd.analyses[0].detections[0].name = "ta\u{0}g".into();
    assert_eq!(home.apply(&[fetched(odd, noon())]).await.created, 1);
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let filter = CallFilter {
        words: vec!["before".into()],
        ..CallFilter::default()
    };
    assert_eq!(
        tx.list_calls(&filter, Order::Desc, None, 5)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_deleted_call_keeps_no_text() {
    let home = home().await;
    home.apply(&[fetched(
        call("1", "2026-02-01T10:00:00Z", "secret words"),
        noon(),
    )])
    .await;
    let id = CallId::derive(home.scope.namespace, "1");
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.delete_call(&home.scope, id, noon()).await.unwrap());
    assert!(
        !tx.delete_call(&home.scope, id, noon()).await.unwrap(),
        "once"
    );
    assert_eq!(tx.find_transcript(id).await.unwrap(), Some(None));
    assert!(tx.documents_of_call(id).await.unwrap().is_empty());
    let everything = CallFilter {
        with_deleted: true,
        words: vec!["secret".into()],
        ..CallFilter::default()
    };
    assert!(
        tx.list_calls(&everything, Order::Desc, None, 5)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_account_that_is_connected_again_finds_its_calls_under_their_old_ids() {
    let mut home = home().await;
    let batch = [fetched(call("1", "2026-02-01T10:00:00Z", "hello"), noon())];
    home.apply(&batch).await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.delete_connection(home.scope.id, noon()).await.unwrap());
    tx.commit().await.unwrap();
    let namespace = home.scope.namespace;
    home.scope = crate::support::connection(&home.store, home.tenant, 2).await;
    home.scope.namespace = namespace;
    let applied = home.apply(&batch).await;
    assert_eq!((applied.created, applied.updated), (0, 1));
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let found = tx
        .find_call(CallId::derive(namespace, "1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.connection_id, home.scope.id);
    drop(tx);
    assert_eq!(home.apply(&batch).await.unchanged, 1);
}

#[tokio::test]
async fn case_074_records_of_one_call_that_finish_out_of_order_all_count() {
    let home = home().await;
    let share = |analysis: &str, observed: &str| {
        let mut call = call("session", "2026-02-01T10:00:00Z", "hello");
        call.analyses[0].remote_id = analysis.into();
        let mut record = fetched(call, at(observed));
        record.kind = "result".into();
        record.remote_id = analysis.into();
        if let News::Upsert { share, .. } = &mut record.news {
            *share = callweave_model::merge::Share::OneAnalysis;
        }
        record
    };
    home.apply(&[share("2", "2026-03-02T12:00:09Z")]).await;
    home.apply(&[share("1", "2026-03-02T12:00:01Z")]).await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let mut calls = tx
        .list_calls(&CallFilter::default(), Order::Desc, None, 5)
        .await
        .unwrap();
    tx.attach_documents(&mut calls, false, true).await.unwrap();
    assert_eq!(calls[0].call.analyses.len(), 2);
}
