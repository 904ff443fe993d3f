//! Everything the sandbox has, over real HTTP, compared with its ledger of the truth.

use std::{collections::BTreeSet, sync::Arc};

use callweave_model::{SystemClock, enums::PartyRole};
use callweave_provider::{
    Change, ErrorKind, Provider, ProviderFactory as _, RecordRef, Settings, manifest::RateBudget,
};
use callweave_provider_alovoice::AloVoiceFactory;
use callweave_provider_http::{ConnectionScope, HttpTransport, TransportConfig, egress::Guard};
use callweave_provider_testkit::Caller;
use callweave_sandbox::{LedgerEntry, Sandbox, SandboxConfig, Vendor};
use serde_json::{Map, json};
use sha2::{Digest as _, Sha256};

async fn scene() -> (Sandbox, Arc<dyn Provider>, Caller) {
    let config = SandboxConfig {
        seed: 5,
        calls_per_vendor: 120,
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    let account = sandbox.world().credentials(&sandbox.base_url())["alovoice"].clone();
    let base_url = account["base_url"].as_str().unwrap().to_owned();
    let guard = Guard::new(["127.0.0.0/8".parse().unwrap()]);
    let transport =
        HttpTransport::new(TransportConfig::default(), guard, Arc::new(SystemClock)).unwrap();
    let http = transport.for_connection(ConnectionScope {
        vendor: "alovoice",
        connection: base_url.clone(),
        base_url: Some(base_url.clone()),
        rate_budget: RateBudget {
            requests_per_second: 5_000,
            concurrency: 8,
        },
        limits: None,
    });
    let settings = Settings(Map::from_iter([("base_url".to_owned(), json!(base_url))]));
    let provider = AloVoiceFactory.build(settings, http).unwrap();
    let caller = Caller::new(&[("token", account["token"].as_str().unwrap())]);
    (sandbox, provider, caller)
}

fn ledger(sandbox: &Sandbox) -> Vec<LedgerEntry> {
    let page = sandbox.world().ledger_page(Vendor::AloVoice, 0, 1_000);
    page.entries
        .into_iter()
        .filter(|entry| entry.kind == "call")
        .collect()
}

async fn fetch(provider: &Arc<dyn Provider>, caller: &Caller, id: &str) -> Change {
    let record = RecordRef::new("call", id);
    provider
        .lookup()
        .unwrap()
        .fetch(&caller.context(), &record, None)
        .await
        .unwrap()
}

#[tokio::test]
async fn every_analysed_call_arrives_whole() {
    let (sandbox, provider, caller) = scene().await;
    provider.check(&caller.context()).await.unwrap();
    let mut ready = 0;
    for entry in ledger(&sandbox) {
        let change = fetch(&provider, &caller, &entry.id).await;
        if entry.facts["state"] != json!("ready") {
            assert!(matches!(change, Change::NotReady { .. }), "{change:?}");
            continue;
        }
        let Change::Upsert(upsert) = change else {
            unreachable!("{change:?}")
        };
        ready += 1;
        assert_eq!(upsert.unmapped, Vec::<String>::new(), "{}", entry.id);
        let call = &upsert.call;
        let transcript = call.transcript.as_ref().unwrap();
        let mut hash = Sha256::new();
        for utterance in &transcript.utterances {
            hash.update(utterance.text.as_bytes());
            hash.update(b"\n");
        }
        let digest: Vec<String> = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(json!(digest.concat()), entry.facts["text_sha256"]);
        assert_eq!(json!(transcript.utterances.len()), entry.facts["lines"]);
        let tags = &call.analyses[0].detections;
        let names: BTreeSet<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(json!(names), entry.facts["tags"]);
        if let Some(started_at) = call.started_at {
            let told = entry.facts["started_at"].as_str().unwrap();
            assert_eq!(&started_at.to_string()[..19], &told[..19]);
        } else {
            assert!(entry.id.starts_with("call-"));
        }
        assert_eq!(call.parties[0].role, PartyRole::Agent);
        if ready == 1 {
            let media = provider.media().unwrap();
            let body = media
                .open(&caller.context(), &entry.id, &call.media[0])
                .await
                .unwrap();
            assert_eq!(body.content_type, "audio/wav");
        }
    }
    assert!(ready > 0, "nothing was analysed");
    let submitted = sandbox
        .world()
        .requests(Some(Vendor::AloVoice), Some("AV-01"));
    assert_eq!(submitted.total, 0, "looking up never submits");
}

#[tokio::test]
async fn a_wrong_token_is_told_and_an_unknown_call_is_not_ready() {
    let (sandbox, provider, caller) = scene().await;
    let wrong = Caller::new(&[("token", "an-invented-token")]);
    let refused = provider.check(&wrong.context()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidCredentials);
    for as_null in [true, false] {
        let options = Map::from_iter([("alovoice_unknown_is_null".to_owned(), json!(as_null))]);
        sandbox.world().set_options(options).unwrap();
        provider.check(&caller.context()).await.unwrap();
        let change = fetch(&provider, &caller, "1772443200.999999").await;
        assert!(matches!(change, Change::NotReady { .. }), "{change:?}");
    }
}
