//! Voice agents and what guards them.

use callweave_model::{
    enums::CallStatus,
    owned::{Campaign, QueuedItem, SpeechKey},
};
use serde_json::{Map, json};

use super::Setup;

async fn with_agent() -> Setup {
    let setup = Setup::new().await;
    let id = setup.vendor.owned(|owned| owned.put_agent("Robot"));
    assert_eq!(id, "1");
    setup
}

#[tokio::test]
async fn settings_are_read_and_changed() {
    let setup = with_agent().await;
    assert_eq!(setup.ids("voice-agents").await, ["1"]);
    let changed = setup
        .patch("voice-agents/1", &json!({"retry_count": 3}))
        .await;
    assert_eq!(changed.json()["retry_count"], 3);
    let shown = setup.get("voice-agents/1").await.json();
    assert_eq!(
        (&shown["name"], &shown["retry_count"]),
        (&json!("Robot"), &json!(3))
    );
    for (body, pointer) in [
        (json!({"retry_count": -1}), "/retry_count"),
        (json!({"retry_count": 1.5}), "/retry_count"),
        (json!({"retry_count": 1_001}), "/retry_count"),
        (json!({"colour": "red"}), "/colour"),
    ] {
        let answer = setup.patch("voice-agents/1", &body).await;
        assert_eq!(answer.pointer(), pointer, "{body}");
    }
}

#[tokio::test]
async fn moving_an_agent_to_another_company_has_to_be_confirmed() {
    let setup = with_agent().await;
    for body in [
        json!({"company_remote_id": "other"}),
        json!({"company_remote_id": null, "retry_count": 1}),
    ] {
        let refused = setup.patch("voice-agents/1", &body).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "gateway.confirmation_required")
        );
        assert_eq!(refused.pointer(), "/confirm");
    }
    let wrong = setup
        .patch(
            "voice-agents/1?confirm=yes",
            &json!({"company_remote_id": "other"}),
        )
        .await;
    assert_eq!(wrong.code(), "gateway.invalid_query");
    assert_eq!(setup.vendor.count("FK-11"), 0, "nothing was sent");
    let moved = setup
        .patch(
            "voice-agents/1?confirm=move_company",
            &json!({"company_remote_id": "other"}),
        )
        .await;
    assert_eq!(moved.json()["company_remote_id"], "other");
}

#[tokio::test]
async fn the_last_rule_goes_only_when_that_is_confirmed() {
    let setup = with_agent().await;
    let rules = "voice-agents/1/schedule";
    assert_eq!(setup.get(rules).await.json()["data"], json!([]));
    let slot = json!({"day": 0, "not_before": "09:00", "not_after": "18:00"});
    let made = setup.post(rules, &slot).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("location"), setup.at(&format!("{rules}/2")));
    setup.post(rules, &slot).await;
    let changed = setup
        .patch(&format!("{rules}/2"), &json!({"not_after": "17:30"}))
        .await;
    assert_eq!(changed.json()["not_after"], "17:30");
    assert_eq!(setup.delete(&format!("{rules}/2")).await.status, 204);
    let refused = setup.delete(&format!("{rules}/3")).await;
    assert_eq!(
        (
            refused.status,
            refused.code().as_str(),
            refused.pointer().as_str()
        ),
        (400, "gateway.confirmation_required", "/confirm"),
    );
    assert_eq!(setup.ids(rules).await, ["3"], "nothing was done");
    let confirmed = setup.delete(&format!("{rules}/3?confirm=last")).await;
    assert_eq!(confirmed.status, 204);
    assert_eq!(setup.ids(rules).await, Vec::<String>::new());
    for (body, pointer) in [
        (
            json!({"day": 7, "not_before": "09:00", "not_after": "18:00"}),
            "/day",
        ),
        (
            json!({"day": 0, "not_before": "9", "not_after": "18:00"}),
            "/not_before",
        ),
        (
            json!({"day": 0, "not_before": "09:00", "not_after": "24:00"}),
            "/not_after",
        ),
    ] {
        assert_eq!(setup.post(rules, &body).await.pointer(), pointer);
    }
}

#[tokio::test]
async fn inputs_and_outputs_are_apart() {
    let setup = with_agent().await;
    for side in ["inputs", "outputs"] {
        let fields = format!("voice-agents/1/{side}");
        let made = setup.post(&fields, &json!({"name": "city"})).await;
        assert_eq!(made.status, 201);
        let id = made.json()["remote_id"].as_str().unwrap().to_owned();
        assert_eq!(made.header("location"), setup.at(&format!("{fields}/{id}")));
        let renamed = setup
            .patch(&format!("{fields}/{id}"), &json!({"name": "town"}))
            .await;
        assert_eq!(renamed.json()["name"], "town");
        let bulk = json!({"items": [{"name": "town"}, {"name": "street"}]});
        let outcome = setup.post(&format!("{fields}/bulk"), &bulk).await.json();
        assert_eq!(outcome["done"][0]["name"], "street");
        assert_eq!(outcome["skipped"][0]["name"], "town");
        let street = outcome["done"][0]["remote_id"].clone();
        let ids = json!({"remote_ids": [street, "none"]});
        let outcome = setup.post(&format!("{fields}/bulk-delete"), &ids).await;
        assert_eq!(outcome.json()["done"][0]["name"], "street");
        assert_eq!(outcome.json()["skipped"][0]["remote_id"], "none");
        assert_eq!(setup.ids(&fields).await, [id.as_str()]);
        assert_eq!(setup.delete(&format!("{fields}/{id}")).await.status, 204);
        assert_eq!(setup.ids(&fields).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn bulk_requests_name_what_they_mean() {
    let setup = with_agent().await;
    for (path, body, pointer) in [
        ("bulk", json!({"items": []}), "/items"),
        (
            "bulk",
            json!({"items": [{"name": "a"}, {"name": ""}]}),
            "/items/1/name",
        ),
        ("bulk", json!({"items": [{"title": "a"}]}), "/items/0/title"),
        ("bulk-delete", json!({}), "/remote_ids"),
        ("bulk-delete", json!({"remote_ids": []}), "/remote_ids"),
        (
            "bulk-delete",
            json!({"remote_ids": ["1", ""]}),
            "/remote_ids/1",
        ),
        (
            "bulk-delete",
            json!({"remote_ids": vec!["1"; 201]}),
            "/remote_ids",
        ),
    ] {
        let answer = setup
            .post(&format!("voice-agents/1/inputs/{path}"), &body)
            .await;
        assert_eq!((answer.status, answer.pointer().as_str()), (422, pointer));
    }
    assert_eq!(setup.vendor.count("FK-11"), 0, "nothing was sent");
}

#[tokio::test]
async fn a_speech_key_goes_in_and_never_comes_out() {
    let setup = with_agent().await;
    let key = SpeechKey {
        remote_id: "k".to_owned(),
        name: Some("recognition".to_owned()),
        platform: Some("voices".to_owned()),
        key_type: Some("asr".to_owned()),
        agent_remote_id: None,
        has_value: true,
        extra: Map::new(),
    };
    let secret = "canary-speech-key";
    setup.vendor.owned(|owned| {
        owned.agent("1").speech_keys = vec![(key, secret.to_owned())];
    });
    let keys = "voice-agents/1/speech-keys";
    let list = setup.get(keys).await;
    assert_eq!(list.json()["data"][0]["has_value"], true);
    assert!(!list.text().contains(secret));
    assert_eq!(setup.ids(&format!("{keys}?key_type=tts")).await.len(), 0);
    let body = json!({"value": "canary-new-key", "name": "second"});
    let changed = setup.patch(&format!("{keys}/k"), &body).await;
    assert_eq!(changed.json()["name"], "second");
    assert!(!changed.text().contains("canary"), "{}", changed.text());
    let stored = setup
        .vendor
        .owned(|owned| owned.agent("1").speech_keys[0].1.clone());
    assert_eq!(stored, "canary-new-key");
    let wrong = setup
        .patch(&format!("{keys}/k"), &json!({"value": ["canary-wrong"]}))
        .await;
    assert_eq!(wrong.status, 422);
    assert!(!wrong.text().contains("canary"), "{}", wrong.text());
}

#[tokio::test]
async fn a_queue_is_emptied_only_when_all_is_meant() {
    let setup = with_agent().await;
    for id in ["a", "b", "c"] {
        let item = QueuedItem {
            remote_id: id.to_owned(),
            dialog_remote_id: None,
            phone: None,
            phone_raw: None,
            status: CallStatus::Queued,
            status_raw: None,
            added_at: None,
            extra: Map::new(),
        };
        setup
            .vendor
            .owned(|owned| owned.agent("1").queue.push(item));
    }
    let queue = "voice-agents/1/queue";
    assert_eq!(setup.ids(queue).await, ["a", "b", "c"]);
    assert_eq!(setup.ids(&format!("{queue}?kind=calls")).await.len(), 3);
    let stopped = setup.act(&format!("{queue}/stop")).await;
    assert_eq!(stopped.json(), json!({"vendor_answer": null}));
    let list = setup.get(queue).await.json();
    assert_eq!(list["data"][0]["status_raw"], "stopped");
    assert_eq!(setup.act(&format!("{queue}/resume")).await.status, 200);
    assert_eq!(setup.delete(&format!("{queue}/b")).await.status, 204);
    for (path, code) in [
        (queue.to_owned(), "gateway.confirmation_required"),
        (format!("{queue}?confirm=yes"), "gateway.invalid_query"),
        (format!("{queue}?confirm="), "gateway.invalid_query"),
        (format!("{queue}/"), "gateway.not_found"),
        (format!("{queue}/%20"), "gateway.not_found"),
        (format!("{queue}/%00"), "gateway.not_found"),
    ] {
        let refused = setup.delete(&path).await;
        assert_eq!(refused.code(), code, "{path}");
        assert_eq!(setup.ids(queue).await, ["a", "c"], "{path}");
    }
    assert_eq!(
        setup.delete(&format!("{queue}?confirm=all")).await.status,
        204
    );
    assert_eq!(setup.ids(queue).await, Vec::<String>::new());
}

#[tokio::test]
async fn campaigns_are_listed() {
    let setup = with_agent().await;
    for (id, completed) in [("x", true), ("y", false)] {
        let campaign = Campaign {
            remote_id: id.to_owned(),
            name: None,
            started_at: None,
            completed: Some(completed),
            dialogs_count: Some(3),
            extra: Map::new(),
        };
        setup
            .vendor
            .owned(|owned| owned.agent("1").campaigns.push(campaign));
    }
    let path = "voice-agents/1/campaigns";
    assert_eq!(setup.ids(path).await, ["x", "y"]);
    assert_eq!(setup.ids(&format!("{path}?completed=false")).await, ["y"]);
}
