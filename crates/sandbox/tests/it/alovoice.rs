//! AloVoice: handing in, waiting, reading, listening.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic, in its helpers too"
)]

use callweave_sandbox::{Action, CallPatch, LedgerEntry, Sandbox, SandboxConfig, Vendor};
use reqwest::{Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::support::{client, set_options, start, start_with};

struct Alovoice {
    base: String,
    token: String,
}

impl Alovoice {
    fn of(sandbox: &Sandbox) -> Self {
        let account = sandbox.world().credentials("")["alovoice"].clone();
        let token = account["token"].as_str().unwrap().to_owned();
        Self {
            base: sandbox.vendor_url(Vendor::AloVoice),
            token,
        }
    }

    async fn send(&self, method: &str, call_id: &str) -> Response {
        let url = format!("{}/{method}/{}/{call_id}", self.base, self.token);
        client().get(url).send().await.unwrap()
    }

    async fn answer(&self, method: &str, call_id: &str) -> Value {
        let answer = self.send(method, call_id).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body.as_object().unwrap().len(), 1);
        body["answer"].clone()
    }
}

fn calls(sandbox: &Sandbox, state: &str) -> Vec<LedgerEntry> {
    let mut entries = sandbox
        .world()
        .ledger_page(Vendor::AloVoice, 0, 1_000)
        .entries;
    entries.retain(|entry| entry.kind == "call" && entry.facts["state"] == state);
    entries
}

fn with_state(state: &str) -> CallPatch {
    let extra = Map::from_iter([("state".to_owned(), json!(state))]);
    CallPatch {
        extra,
        ..CallPatch::default()
    }
}

#[tokio::test]
async fn an_analysed_call_has_fragments_in_milliseconds_and_tags_of_both_kinds() {
    let sandbox = start().await;
    let alovoice = Alovoice::of(&sandbox);
    let ready = calls(&sandbox, "ready");
    assert!(ready.len() > 30);
    let (mut absent, mut twice, mut strangers) = (0, 0, 0);
    for entry in &ready {
        let answer = alovoice.answer("callgetairesult", &entry.id).await;
        let stalk = answer["stalk"].as_array().unwrap();
        assert_eq!(stalk.len(), entry.facts["lines"]);
        assert_eq!(stalk[0]["begin"], entry.facts["first_start_ms"]);
        assert!(["operator", "client"].contains(&stalk[0]["direction"].as_str().unwrap()));
        assert_eq!(stalk[0]["fragment_id"].as_str().unwrap().len(), 24);
        assert!(answer["begin_time"].as_i64().unwrap() < 1_770_000_001);
        let tags = answer["tags"].as_array().unwrap();
        assert!(
            tags.iter()
                .all(|tag| tag["visible"].is_null() && tag["tag_type"] == "rule")
        );
        absent += tags.iter().filter(|tag| tag.get("begin").is_none()).count();
        let farewells = tags.iter().filter(|tag| tag["name"] == "Прощание");
        twice += usize::from(farewells.count() == 2);
        let known = |id: &Value| stalk.iter().any(|fragment| fragment["fragment_id"] == *id);
        let placed = tags.iter().filter(|tag| tag.get("fragment_id").is_some());
        strangers += placed.filter(|tag| !known(&tag["fragment_id"])).count();
    }
    assert!(
        absent > 10 && twice > 10 && strangers > 0,
        "{absent} {twice} {strangers}"
    );
}

#[tokio::test]
async fn call_ids_come_from_two_exchanges() {
    let sandbox = start().await;
    let all = sandbox
        .world()
        .ledger_page(Vendor::AloVoice, 0, 1_000)
        .entries;
    let (dotted, opaque): (Vec<_>, Vec<_>) = all.iter().partition(|entry| entry.id.contains('.'));
    assert!(dotted.len() > 30 && opaque.len() > 3);
    let (seconds, _) = dotted[0].id.split_once('.').unwrap();
    let started_at: jiff::Timestamp = dotted[0].facts["started_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(seconds, started_at.as_second().to_string());
}

#[tokio::test]
async fn handing_in_begins_an_analysis_that_takes_its_time() {
    let sandbox = start().await;
    let alovoice = Alovoice::of(&sandbox);
    set_options(&sandbox, json!({"alovoice_analysis_delay_ms": 600_000})).await;
    let id = calls(&sandbox, "new").first().unwrap().id.clone();
    assert_eq!(alovoice.answer("callgetairesult", &id).await, Value::Null);
    let begun = alovoice.answer("callsendai", &id).await;
    assert_eq!(begun["stereoaudio"], format!("/stereo/{id}"));
    assert!(begun["aicallid"].is_string() && begun.get("stalk").is_none());
    assert_eq!(alovoice.answer("callgetairesult", &id).await, begun);
    // Handed in once more while it runs: counted, and nothing begins anew.
    assert_eq!(alovoice.answer("callsendai", &id).await, begun);
    set_options(&sandbox, json!({"alovoice_analysis_delay_ms": 0})).await;
    let answer = alovoice.answer("callgetairesult", &id).await;
    assert_eq!(answer["aicallid"], begun["aicallid"]);
    assert!(answer["stalk"].is_array() && answer["tags"].is_array());

    let page = sandbox.world().ledger_page(Vendor::AloVoice, 40 * 8, 100);
    let hits: Vec<&LedgerEntry> = page
        .entries
        .iter()
        .filter(|entry| entry.action == Action::Submitted)
        .collect();
    assert_eq!(hits.len(), 2);
    assert_eq!(
        (hits[1].id.as_str(), &hits[1].facts["hits"]),
        (id.as_str(), &json!(2))
    );
    let report = sandbox
        .world()
        .requests(Some(Vendor::AloVoice), Some("AV-01"));
    assert_eq!(report.total, 2);
}

#[tokio::test]
async fn some_seeded_calls_are_still_waiting() {
    let analysis_delay = std::time::Duration::from_hours(1);
    let config = SandboxConfig {
        calls_per_vendor: 40,
        analysis_delay,
        ..SandboxConfig::default()
    };
    let sandbox = start_with(config).await;
    let alovoice = Alovoice::of(&sandbox);
    let seeded = calls(&sandbox, "pending").remove(0).id;
    let patch = with_state("pending");
    let added = sandbox
        .world()
        .add_record(Vendor::AloVoice, patch)
        .remove(0);
    for id in [seeded, added] {
        let answer = alovoice.answer("callgetairesult", &id).await;
        assert!(answer.get("stalk").is_none() && answer["begin_time"].is_i64());
    }
}

#[tokio::test]
async fn an_account_whose_token_ran_out_gets_a_new_one() {
    let sandbox = start().await;
    let old = Alovoice::of(&sandbox);
    assert_eq!(sandbox.world().expire_tokens(Vendor::AloVoice, false), 1);
    let refused = old.send("callgetairesult", "1.1").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let new = Alovoice::of(&sandbox);
    assert_eq!(new.answer("callgetairesult", "1.1").await, Value::Null);
}

#[tokio::test]
async fn a_wrong_token_meets_an_error_page_and_an_unknown_call_null() {
    let sandbox = start().await;
    let alovoice = Alovoice::of(&sandbox);
    let stranger = Alovoice {
        token: "guess".into(),
        base: alovoice.base.clone(),
    };
    for method in ["callsendai", "callgetairesult"] {
        let answer = stranger.send(method, "1.1").await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        let text = answer.text().await.unwrap();
        assert!(text.contains("403 Forbidden") && !text.contains("guess"));
        assert_eq!(alovoice.answer(method, "1.1").await, Value::Null);
    }
    set_options(&sandbox, json!({"alovoice_unknown_is_null": false})).await;
    let answer = alovoice.send("callgetairesult", "1.1").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_audio_is_a_stereo_wav_at_both_places() {
    let sandbox = start().await;
    let id = calls(&sandbox, "ready").first().unwrap().id.clone();
    let url = format!("{}/stereo/{id}", sandbox.vendor_url(Vendor::AloVoice));
    let answer = client().get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "audio/wav");
    let wav = answer.bytes().await.unwrap();
    let number = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap());
    assert_eq!(
        (&wav[..4], &wav[8..16], &wav[36..40]),
        (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..])
    );
    assert_eq!(u16::from_le_bytes(wav[22..24].try_into().unwrap()), 2);
    assert_eq!(number(24), 8_000);
    assert_eq!(number(40) as usize, wav.len() - 44);
    let seconds = number(40) / (8_000 * 4);
    assert!((3..=6).contains(&seconds));
    let at_root = client()
        .get(format!("{}/stereo/{id}", sandbox.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(at_root.bytes().await.unwrap(), wav);
    let unknown = client()
        .get(format!("{}/stereo/1.1", sandbox.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_conditional_request_is_answered_without_a_body() {
    let sandbox = start().await;
    let alovoice = Alovoice::of(&sandbox);
    let id = calls(&sandbox, "ready").first().unwrap().id.clone();
    let answer = alovoice.send("callgetairesult", &id).await;
    let etag = answer.headers()["etag"].clone();
    let url = format!("{}/callgetairesult/{}/{id}", alovoice.base, alovoice.token);
    let again = client()
        .get(url)
        .header("if-none-match", etag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn every_call_in_the_ledger_can_be_read_and_a_deleted_one_cannot() {
    let sandbox = start().await;
    let alovoice = Alovoice::of(&sandbox);
    let id = sandbox
        .world()
        .add_record(Vendor::AloVoice, with_state("analysed"))
        .remove(0);
    assert!(alovoice.answer("callgetairesult", &id).await["stalk"].is_array());
    let change = CallPatch {
        tags: Some(vec!["важный".into()]),
        ..CallPatch::default()
    };
    assert!(sandbox.world().change_record(Vendor::AloVoice, &id, change));
    let tags = alovoice.answer("callgetairesult", &id).await["tags"].clone();
    assert!(
        tags.as_array()
            .unwrap()
            .iter()
            .any(|tag| tag["name"] == "важный")
    );
    assert!(sandbox.world().delete_record(Vendor::AloVoice, &id));
    assert_eq!(alovoice.answer("callgetairesult", &id).await, Value::Null);
}
