//! What is too old goes while a gateway runs.

use std::time::Duration;

use callweave_model::{Clock as _, SystemClock};
use callweave_sandbox::Vendor;
use reqwest::Method;
use serde_json::{Value, json};

use super::{PATIENCE, Stage};
use crate::support::{eventually, turn};

#[tokio::test]
async fn a_worker_deletes_what_a_tenant_keeps_no_longer() {
    let _turn = turn().await;
    let stage = Stage::new(3).await;
    let gateway = stage.gateway("all", &[]).await;
    let id = stage
        .connect(&gateway.api, Vendor::AloVoice, &stage.sandbox.base_url())
        .await;
    let import = |name: &str, years: u64| {
        let age = Duration::from_hours(24 * 366 * years);
        json!({"connection_id": id, "call": {
            "remote_id": name, "started_at": SystemClock.now().minus(age),
            "transcript": {"source": "client", "format": "plain_text", "text": "old words",
                "derived": false, "utterances": []}}})
    };
    let mut made: Vec<Value> = Vec::new();
    for (name, years) in [("oldest", 6), ("old", 2)] {
        let (status, call) = gateway
            .api
            .send(Method::POST, "/v1/calls", Some(import(name, years)))
            .await;
        assert_eq!(status, 201, "{call}");
        made.push(call);
    }
    let rules = json!({"calls_days": 5 * 365, "transcripts_days": 365});
    let put = gateway
        .api
        .send(Method::PUT, "/v1/retention", Some(rules))
        .await;
    assert_eq!(put.0, 200, "{}", put.1);
    // A worker looks when it starts.
    assert_eq!(gateway.running.stop().0, Some(0));
    let gateway = stage.gateway("all", &[]).await;
    let address =
        |call: &Value, of: &str| format!("/v1/calls/{}{of}", call["id"].as_str().unwrap());
    eventually("the end of what is old", PATIENCE, async || {
        let oldest = gateway
            .api
            .send(Method::GET, &address(&made[0], ""), None)
            .await;
        let old = gateway.api.get(&address(&made[1], "")).await;
        let transcript = &old["artifacts"]["transcript"]["state"];
        if oldest.0 == 404 && *transcript == "expired" {
            Ok(())
        } else {
            Err(format!("{} {old}", oldest.1))
        }
    })
    .await;
    let found = gateway.api.get("/v1/calls?q=words").await;
    assert_eq!(found["data"], json!([]));
    let versions = gateway.api.get(&address(&made[1], "/versions")).await;
    assert_eq!(versions["data"][0]["cause"], "retention");
    let events = gateway
        .api
        .get("/v1/events?after=oldest&type=call.deleted")
        .await;
    assert_eq!(events["data"][0]["data"]["cause"], "retention", "{events}");
    assert_eq!(gateway.running.stop().0, Some(0));
}
