//! Odd records of a vendor, over real HTTP, through a sync, out of the API.

use callweave_sandbox::{CallPatch, Vendor};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{PATIENCE, Stage};
use crate::support::{eventually, turn};

fn edit(stage: &Stage, id: &str, edit: Value) {
    let patch = CallPatch {
        extra: Map::from_iter([("edit".to_owned(), edit)]),
        ..CallPatch::default()
    };
    let world = stage.sandbox.world();
    assert!(world.change_record(Vendor::Transcripto, id, patch), "{id}");
}

#[tokio::test]
async fn case_024_case_026_case_027_odd_records_cost_themselves_only_and_are_told() {
    let _turn = turn().await;
    let stage = Stage::new(6).await;
    let mut tasks: Vec<String> = stage
        .ledger(Vendor::Transcripto)
        .into_iter()
        .filter(|entry| entry.kind == "task")
        .map(|entry| entry.id)
        .collect();
    tasks.sort();
    tasks.dedup();
    edit(&stage, &tasks[0], json!({"remove": ["/task_code", "/id"]}));
    let odd = json!({"set": {"/a_new_member": "nul\u{0}inside <script>alert(1)</script>"}});
    edit(&stage, &tasks[1], odd);
    let poll = ("CALLWEAVE__SYNC__POLL_INTERVAL", "200ms");
    let gateway = stage.gateway("all", &[poll]).await;
    let api = &gateway.api;
    let id = stage
        .connect(api, Vendor::Transcripto, &stage.sandbox.base_url())
        .await;
    let calls = format!("/v1/calls?connection_id={id}&limit=200");
    let list = eventually("all calls but one", PATIENCE, async || {
        let page = api.get(&calls).await;
        if page["data"].as_array().unwrap().len() >= tasks.len() - 1 {
            Ok(page)
        } else {
            Err(page["data"].to_string())
        }
    })
    .await;
    for call in list["data"].as_array().unwrap() {
        let odd = call["remote_id"] == tasks[1].as_str();
        let flags = if odd {
            json!(["zero_characters"])
        } else {
            json!([])
        };
        assert_eq!(call["_meta"]["flags"], flags, "{call}");
        assert_eq!(
            call["_meta"]["unmapped_count"].as_u64() > Some(0),
            odd,
            "{call}"
        );
    }
    let quarantine = format!("/v1/connections/{id}/quarantine");
    let aside = api.get(&quarantine).await;
    assert_eq!(aside["total"], 1, "{aside}");
    let record = &aside["data"][0];
    assert!(
        record["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty()),
        "{record}"
    );
    assert!(record["pointer"].is_string(), "{record}");
    assert_eq!(api.status(id).await["state"], "active");
    let metrics = api.metrics().await;
    for name in [
        "callweave_unmapped_members_total",
        "callweave_records_quarantined_total",
    ] {
        let counted = metrics.lines().any(|line| {
            line.starts_with(&format!("{name}{{vendor=\"transcripto\"}}")) && !line.ends_with(" 0")
        });
        assert!(counted, "{name}: {metrics}");
    }
    let replay = format!("{quarantine}/replay");
    let (status, answer) = api.send(Method::POST, &replay, None).await;
    assert_eq!((status, &answer["replayed"]), (202, &json!(1)), "{answer}");
}
