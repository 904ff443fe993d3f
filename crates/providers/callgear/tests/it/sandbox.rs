//! Everything the sandbox has, over real HTTP, compared with its ledger of the truth.

use std::collections::{BTreeMap, BTreeSet};

use callweave_model::{AnalyzedCall, merge::absorb};
use callweave_provider::{Change, ErrorKind};
use callweave_provider_testkit::Caller;
use callweave_sandbox::{LedgerEntry, Vendor};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::scene::Scene;

/// Compares an analysis of a call with what the sandbox knows of the result.
fn compare(call: &AnalyzedCall, entry: &LedgerEntry) {
    let (id, facts) = (&entry.id, &entry.facts);
    let analysis = call
        .analyses
        .iter()
        .find(|analysis| analysis.remote_id == *id)
        .unwrap();
    assert_eq!(Some(&call.remote_id), entry.call_id.as_ref());
    let rubric = analysis.rubric_ref.as_ref().unwrap();
    assert_eq!(
        json!(rubric.remote_id.parse::<i64>().unwrap()),
        facts["scenario_id"]
    );
    assert_eq!(json!(rubric.name), facts["scenario_name"]);
    assert!(call.started_at.is_none() && call.duration_ms.is_none());
    if facts["empty_result"] == json!(true) {
        assert!(analysis.scorecards.is_empty(), "{id}");
        return;
    }
    let card = &analysis.scorecards[0];
    assert_eq!(json!(card.items_met), facts["points_met"], "{id}");
    assert_eq!(json!(card.items_total), facts["points_total"], "{id}");
    assert!(!card.items_total_derived);
    assert_eq!(card.score_pct, facts["score_percent"].as_f64(), "{id}");
    assert_eq!(
        json!(card.items.len()),
        facts["points_total"],
        "met and missed: {id}"
    );
    let names: Vec<&str> = analysis
        .detections
        .iter()
        .map(|tag| tag.name.as_str())
        .collect();
    assert_eq!(json!(names), facts["tags"], "{id}");
    assert!(analysis.detections.iter().all(|tag| tag.color.is_some()));
    assert_eq!(json!(analysis.summaries[0].text), facts["dialog_summary"]);
    assert_eq!(
        analysis.summaries[0].sections.len(),
        4,
        "{:?}",
        analysis.summaries[0]
    );
    assert_eq!(
        json!(analysis.summaries[0].sections["topic"]),
        facts["summary_topic"]
    );
    let transcript = call.transcript.as_ref().unwrap();
    let mut hash = Sha256::new();
    for utterance in &transcript.utterances {
        hash.update(utterance.text.as_bytes());
        hash.update(b"\n");
        assert!(!utterance.words.is_empty() && utterance.party_index.is_some());
    }
    let digest: Vec<String> = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(json!(digest.concat()), facts["text_sha256"], "{id}");
    assert_eq!(json!(transcript.utterances.len()), facts["lines"]);
    assert_eq!(
        json!(transcript.utterances[0].start_ms),
        facts["first_start_ms"]
    );
    assert_eq!(
        json!(transcript.utterances.last().unwrap().end_ms),
        facts["last_end_ms"]
    );
}

async fn pull_everything(options: Value, settings: Value) {
    let scene = Scene::new(60, options.clone(), settings).await;
    scene.provider.check(&scene.caller.context()).await.unwrap();
    let (met, resume) = scene.walk(None).await;
    let ledger = scene.ledger();
    let known: BTreeSet<String> = ledger.iter().map(|entry| entry.id.clone()).collect();
    assert_eq!(met, known, "{options}");
    let mut calls: BTreeMap<String, AnalyzedCall> = BTreeMap::new();
    for id in &met {
        let Change::Upsert(upsert) = scene.fetch("scenario_result", id).await else {
            panic!("{id}");
        };
        assert_eq!(upsert.unmapped, Vec::<String>::new(), "{id} {options}");
        let again = scene
            .provider
            .lookup()
            .unwrap()
            .remap(&upsert.record, &upsert.raw);
        let Some(Change::Upsert(again)) = again else {
            panic!("{id}")
        };
        assert_eq!(
            again.call, upsert.call,
            "translated again from stored documents"
        );
        let known = calls.remove(&upsert.call.remote_id);
        let call = absorb(known, upsert.call, upsert.share);
        calls.insert(call.remote_id.clone(), call);
    }
    assert!(
        ledger
            .iter()
            .any(|entry| entry.facts["empty_result"] == json!(true))
    );
    for entry in &ledger {
        compare(&calls[entry.call_id.as_ref().unwrap()], entry);
    }
    assert!(calls.values().any(|call| call.analyses.len() == 3));
    for (session, call) in calls.iter().take(12) {
        let Change::Upsert(upsert) = scene.fetch("call_session", session).await else {
            panic!("{session}");
        };
        assert_eq!(upsert.call, *call, "by session or by result: the same call");
        let again = scene
            .provider
            .lookup()
            .unwrap()
            .remap(&upsert.record, &upsert.raw);
        let Some(Change::Upsert(again)) = again else {
            panic!("{session}")
        };
        assert_eq!(again.call, upsert.call);
    }
    let before = scene
        .sandbox
        .world()
        .requests(Some(Vendor::CallGear), Some("CG-16"));
    assert!(
        scene.walk(Some(resume)).await.0.len() >= 60.min(met.len()),
        "{before:?}"
    );
}

#[tokio::test]
async fn the_older_edition_arrives_whole() {
    pull_everything(json!({}), json!({})).await;
}

#[tokio::test]
async fn the_newer_edition_arrives_whole() {
    pull_everything(
        json!({"callgear_edition": 2026}),
        json!({"auth_style": "cookie"}),
    )
    .await;
}

#[tokio::test]
async fn trap_c16_every_way_to_page_arrives_whole() {
    let styles = [
        (
            json!({"callgear_start_base": 1}),
            json!({"auth_style": "key"}),
        ),
        (json!({"callgear_start_base": 1}), json!({"start_base": 1})),
        (
            json!({"callgear_page_cap": 7}),
            json!({"auth_style": "access_token"}),
        ),
        (
            json!({"callgear_page_cap": 0, "callgear_end_is_page_size": true}),
            json!({}),
        ),
        (
            json!({"callgear_end_is_page_size": true, "callgear_empty_is_404": true}),
            json!({"page_size": 20, "reread_rows": 10_000}),
        ),
    ];
    for (options, settings) in styles {
        pull_everything(options, settings).await;
    }
}

#[tokio::test]
async fn what_changes_is_met_by_the_next_walk() {
    let scene = Scene::new(80, json!({}), json!({})).await;
    let (first, resume) = scene.walk(None).await;
    let gone = first.iter().next().unwrap().clone();
    let world = scene.sandbox.world();
    assert!(world.delete_record(Vendor::CallGear, &gone));
    let added = world.add_record(Vendor::CallGear, callweave_sandbox::CallPatch::default());
    let (next, _) = scene.walk(Some(resume)).await;
    assert!(
        added.iter().any(|id| next.contains(id)),
        "{added:?} {next:?}"
    );
    assert!(matches!(
        scene.fetch("scenario_result", &gone).await,
        Change::Gone { .. }
    ));
    let unknown = scene.fetch("call_session", "5139999999").await;
    assert!(matches!(unknown, Change::NotReady { .. }), "{unknown:?}");
}

#[tokio::test]
async fn trap_c06_a_token_is_granted_and_revoked() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let grants = scene.provider.token_grant().unwrap();
    let context = scene.caller.context();
    let grant = grants.login(&context).await.unwrap();
    let spare = Caller::new(&[]).with_token(grant.access_token.expose_secret());
    scene.provider.check(&spare.context()).await.unwrap();
    let id = grant.remote_id.unwrap();
    grants.revoke(&context, &id).await.unwrap();
    grants.revoke(&context, &id).await.unwrap();
    let refused = scene.provider.check(&spare.context()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unauthorized);
    let wrong = Caller::new(&[("username", "nobody"), ("password", "wrong")]);
    let refused = grants.login(&wrong.context()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidCredentials);
}
