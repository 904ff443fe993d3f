//! The core: control surface, ledger, arrivals, reproducibility.

use std::{collections::BTreeSet, time::Duration};

use callweave_sandbox::{Action, CallPatch, SandboxConfig, Vendor};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Callgear, client, get_json, start, start_with};

#[tokio::test]
async fn credentials_carry_the_base_urls() {
    let sandbox = start().await;
    let accounts = get_json(format!("{}/control/credentials", sandbox.base_url())).await;
    assert_eq!(
        accounts["neuro"]["base_url"],
        format!("{}/neuro", sandbox.base_url())
    );
    let health = get_json(format!("{}/control/health", sandbox.base_url())).await;
    assert_eq!(health["status"], "ok");
    assert_eq!(health["calls"]["callgear"], 40);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_ledger_knows_every_record_and_every_change() {
    let sandbox = start().await;
    let url = format!("{}/control", sandbox.base_url());
    let added: Value = client()
        .post(format!("{url}/records/callgear"))
        .json(&json!({"score": 77, "lines": [{"speaker": "operator", "text": "hello there"}]}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let id = added["ids"][0].as_str().unwrap().to_owned();
    let changed = client()
        .patch(format!("{url}/records/callgear/{id}"))
        .json(&json!({"summary": "changed"}))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    let changed: Value = changed.json().await.unwrap();
    assert_eq!(changed["version"], 2);
    assert_eq!(changed["text"], "operator: hello there");
    let deleted = client()
        .delete(format!("{url}/records/callgear/{id}"))
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    let again = client()
        .delete(format!("{url}/records/callgear/{id}"))
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_FOUND);

    let mut after = 0;
    let mut entries = Vec::new();
    loop {
        let page = get_json(format!(
            "{url}/ledger?vendor=callgear&after={after}&limit=7"
        ))
        .await;
        entries.extend(page["entries"].as_array().unwrap().clone());
        after = page["next_after"].as_u64().unwrap();
        if page["more"] == false {
            break;
        }
    }
    let numbers: Vec<u64> = entries
        .iter()
        .map(|entry| entry["seq"].as_u64().unwrap())
        .collect();
    assert!(numbers.is_sorted_by(|one, next| one < next));
    let seeded = entries
        .iter()
        .filter(|entry| entry["action"] == "seeded")
        .count();
    // A third of forty sessions has two results, and some of those three.
    assert_eq!(seeded, 56);
    let of_ours: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["id"] == id.as_str())
        .collect();
    let actions: Vec<&Value> = of_ours.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["added", "changed", "deleted"]);
    assert_eq!(of_ours[0]["facts"]["score_percent"], 77);
    assert_eq!(of_ours[2]["deleted"], true);
    assert_eq!(of_ours[2]["version"], 3);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_seed_gives_the_same_answers_in_every_run() {
    let mut bodies = Vec::new();
    for seed in [5, 5, 6] {
        let config = SandboxConfig {
            seed,
            calls_per_vendor: 12,
            ..SandboxConfig::default()
        };
        let sandbox = start_with(config).await;
        let callgear = Callgear::log_in(&sandbox).await;
        let list = callgear.get("/scenario_result").await;
        let phrases = callgear
            .get("/scenario_result/34000/phrase_and_words")
            .await;
        let ledger = sandbox.world().ledger_page(Vendor::AloVoice, 0, 12);
        bodies.push((list, phrases, json!(ledger.entries)));
        sandbox.stop().await;
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_ne!(bodies[0].0, bodies[2].0);
    assert_ne!(bodies[0].2, bodies[2].2);
}

#[tokio::test]
async fn documents_are_of_believable_size() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let mut sizes = Vec::new();
    for index in 0..40 {
        let body = callgear
            .get(&format!("/scenario_result/{}", 34_000 + index * 4))
            .await;
        if body["result"] != json!({}) {
            sizes.push(body.to_string().len());
        }
    }
    let (smallest, largest) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    assert!(
        *smallest >= 5_000 && *largest <= 60_000,
        "{smallest}..{largest}"
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn three_languages_are_spoken_and_no_slot_is_left_open() {
    let sandbox = start().await;
    let world = sandbox.world();
    let mut languages = BTreeSet::new();
    for entry in world.ledger_page(Vendor::CallGear, 0, 1_000).entries {
        languages.insert(entry.facts["domain"].as_str().unwrap().to_owned());
        let record = world.record(Vendor::CallGear, &entry.id).unwrap();
        languages.insert(record["call"]["language"].as_str().unwrap().to_owned());
        let text = record["text"].as_str().unwrap();
        assert!(!text.contains('{') && text.lines().count() >= 20, "{text}");
        assert!(
            !entry.facts["dialog_summary"]
                .as_str()
                .unwrap()
                .contains('{')
        );
    }
    for expected in [
        "ru",
        "en",
        "uz",
        "clinic",
        "telecom",
        "bank",
        "delivery",
        "real_estate",
    ] {
        assert!(languages.contains(expected), "{expected}");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn calls_keep_arriving_change_and_go() {
    let arrivals = Some(Duration::from_millis(4));
    let config = SandboxConfig {
        calls_per_vendor: 10,
        arrivals,
        ..SandboxConfig::default()
    };
    let sandbox = start_with(config).await;
    let world = sandbox.world().clone();
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let page = world.ledger_page(Vendor::AloVoice, 80, 10_000);
        seen = page
            .entries
            .iter()
            .map(|entry| format!("{:?}", entry.action))
            .collect();
        if ["Added", "Changed", "Deleted"]
            .iter()
            .all(|action| seen.contains(*action))
        {
            sandbox.stop().await;
            return;
        }
    }
    panic!("only {seen:?}");
}

#[tokio::test]
async fn requests_are_counted_by_operation_and_no_secret_is_kept() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    callgear.get("/scenario_result?_start=0&_end=5").await;
    callgear.try_get("/scenario_result/1").await;
    let alovoice = sandbox.vendor_url(Vendor::AloVoice);
    client()
        .get(format!("{alovoice}/callsendai/wrong-token/1.1"))
        .send()
        .await
        .unwrap();
    let report = get_json(format!("{}/control/requests", sandbox.base_url())).await;
    assert_eq!(report["total"], 4);
    let expected = json!({"AV-01": 1, "CG-16": 1, "CG-18": 1, "CG-33": 1});
    assert_eq!(report["by_operation"], expected);
    assert_eq!(report["by_status"], json!({"200": 2, "403": 1, "404": 1}));
    let text = report.to_string();
    assert!(
        !text.contains("wrong-token") && text.contains("/alovoice/callsendai/{token}/{call_id}")
    );
    assert_eq!(
        sandbox
            .world()
            .requests(Some(Vendor::CallGear), Some("CG-16"))
            .total,
        1
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn tokens_run_out_when_they_are_told_to() {
    let sandbox = start().await;
    let control = format!("{}/control", sandbox.base_url());
    let callgear = Callgear::log_in(&sandbox).await;
    let body = json!({"vendor": "callgear"});
    let url = format!("{control}/tokens/expire");
    let expired: Value = client()
        .post(url)
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(expired["expired"], 1);
    assert_eq!(callgear.try_get("/tags").await.0, StatusCode::UNAUTHORIZED);

    let body = json!({"vendor": "callgear", "lifetime_s": 0});
    client()
        .post(format!("{control}/tokens"))
        .json(&body)
        .send()
        .await
        .unwrap();
    let short = Callgear::log_in(&sandbox).await;
    assert_eq!(short.try_get("/tags").await.0, StatusCode::UNAUTHORIZED);
    let page = sandbox.world().ledger_page(Vendor::CallGear, 40 * 8, 100);
    let actions: Vec<Action> = page.entries.iter().map(|entry| entry.action).collect();
    assert_eq!(
        actions,
        [Action::Login, Action::Issued, Action::Login, Action::Issued]
    );
    assert!(!json!(page).to_string().contains(&short.token));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_wrong_option_or_vendor_is_refused_with_a_reason() {
    let sandbox = start().await;
    let url = format!("{}/control", sandbox.base_url());
    let options = client()
        .post(format!("{url}/options"))
        .json(&json!({"colour": 1}));
    let answer = options.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().await.unwrap().contains("colour"));
    let answer = client()
        .get(format!("{url}/ledger?vendor=acme"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.unwrap().contains("acme"));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_vendors_clock_can_be_wrong() {
    let sandbox = start().await;
    let url = format!("{}/control/clock", sandbox.base_url());
    let before = sandbox.world().now();
    client()
        .post(url)
        .json(&json!({"offset_ms": 600_000}))
        .send()
        .await
        .unwrap();
    assert!(sandbox.world().now().duration_since(before).as_secs() >= 600);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_call_without_a_patch_changes_visibly() {
    let sandbox = start().await;
    let world = sandbox.world();
    let before = world.record(Vendor::CallGear, "34000").unwrap();
    assert!(world.change_record(Vendor::CallGear, "34000", CallPatch::default()));
    let after = world.record(Vendor::CallGear, "34000").unwrap();
    assert_eq!(after["version"], 2);
    assert_ne!(
        before["call"]["score_percent"],
        after["call"]["score_percent"]
    );
    assert_eq!(before["text"], after["text"]);
    sandbox.stop().await;
}
