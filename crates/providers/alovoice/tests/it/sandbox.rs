//! Everything the sandbox has, over real HTTP, compared with its ledger of the truth.

use std::{collections::BTreeSet, time::Duration};

use callweave_model::enums::PartyRole;
use callweave_provider::{Change, ErrorKind, RecordRef};
use callweave_provider_alovoice::AloVoiceFactory;
use callweave_provider_testkit::{Caller, live::Live};
use callweave_sandbox::{SandboxConfig, Vendor};
use serde_json::{Map, json};
use sha2::{Digest as _, Sha256};

async fn scene() -> Live {
    let config = SandboxConfig {
        seed: 5,
        calls_per_vendor: 120,
        // What is pending stays so while the test runs.
        analysis_delay: Duration::from_hours(1),
        ..SandboxConfig::default()
    };
    Live::open(Vendor::AloVoice, &AloVoiceFactory, config, &Map::new()).await
}

async fn fetch(live: &Live, id: &str) -> Change {
    live.fetch(&RecordRef::new("call", id), None).await
}

#[tokio::test]
async fn every_analysed_call_arrives_whole() {
    let live = scene().await;
    live.provider.check(&live.caller.context()).await.unwrap();
    let mut ready = 0;
    for (id, facts) in live.ledger(Vendor::AloVoice, "call") {
        let change = fetch(&live, &id).await;
        if facts["state"] != json!("ready") {
            assert!(matches!(change, Change::NotReady { .. }), "{change:?}");
            continue;
        }
        let Change::Upsert(upsert) = change else {
            unreachable!("{change:?}")
        };
        ready += 1;
        assert_eq!(upsert.unmapped, Vec::<String>::new(), "{id}");
        let call = &upsert.call;
        let transcript = call.transcript.as_ref().unwrap();
        let mut hash = Sha256::new();
        for utterance in &transcript.utterances {
            hash.update(utterance.text.as_bytes());
            hash.update(b"\n");
        }
        let digest: Vec<String> = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(json!(digest.concat()), facts["text_sha256"]);
        assert_eq!(json!(transcript.utterances.len()), facts["lines"]);
        let tags = &call.analyses[0].detections;
        let names: BTreeSet<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(json!(names), facts["tags"]);
        if let Some(started_at) = call.started_at {
            let told = facts["started_at"].as_str().unwrap();
            assert_eq!(&started_at.to_string()[..19], &told[..19]);
        } else {
            assert!(id.starts_with("call-"));
        }
        assert_eq!(call.parties[0].role, PartyRole::Agent);
        if ready == 1 {
            let media = live.provider.media().unwrap();
            let body = media
                .open(&live.caller.context(), &id, &call.media[0])
                .await
                .unwrap();
            assert_eq!(body.content_type, "audio/wav");
        }
    }
    assert!(ready > 0, "nothing was analysed");
    let submitted = live.asked(Vendor::AloVoice, "AV-01");
    assert_eq!(submitted, 0, "looking up never submits");
}

#[tokio::test]
async fn a_wrong_token_is_told_and_an_unknown_call_is_not_ready() {
    let live = scene().await;
    let wrong = Caller::new(&[("token", "an-invented-token")]);
    let refused = live.provider.check(&wrong.context()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidCredentials);
    for as_null in [true, false] {
        live.option("alovoice_unknown_is_null", json!(as_null));
        live.provider.check(&live.caller.context()).await.unwrap();
        let change = fetch(&live, "1772443200.999999").await;
        assert!(matches!(change, Change::NotReady { .. }), "{change:?}");
    }
}
