//! Odd records of a vendor, over real HTTP, through a sync, out of the API.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use callweave_sandbox::{CallPatch, FaultKind, FaultSpec, Vendor};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{PATIENCE, Stage};
use crate::support::{eventually, turn};

/// The tasks that the vendor has.
fn tasks(stage: &Stage) -> Vec<String> {
    let mut tasks: Vec<String> = stage
        .ledger(Vendor::Transcripto)
        .into_iter()
        .filter(|entry| entry.kind == "task")
        .map(|entry| entry.id)
        .collect();
    tasks.sort();
    tasks.dedup();
    tasks
}

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
    let tasks = tasks(&stage);
    let nameless = [&tasks[0], &tasks[2], &tasks[3]];
    for task in nameless {
        edit(&stage, task, json!({"remove": ["/task_code", "/id"]}));
    }
    let odd = json!({"set": {"/a_new_member": "nul\u{0}inside <script>alert(1)</script>"}});
    edit(&stage, &tasks[1], odd);
    let poll = ("CALLWEAVE__SYNC__POLL_INTERVAL", "200ms");
    let gateway = stage.gateway("all", &[poll]).await;
    let api = &gateway.api;
    let id = stage
        .connect(api, Vendor::Transcripto, &stage.sandbox.base_url())
        .await;
    let calls = format!("/v1/calls?connection_id={id}&limit=200");
    let list = eventually("all calls but three", PATIENCE, async || {
        let page = api.get(&calls).await;
        if page["data"].as_array().unwrap().len() >= tasks.len() - nameless.len() {
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
    assert_eq!(aside["total"], 3, "{aside}");
    let record = &aside["data"][0];
    assert!(
        record["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty()),
        "{record}"
    );
    assert!(record["pointer"].is_string(), "{record}");
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{quarantine}?limit=1{cursor}")).await;
        paged.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(Value::from(paged), aside["data"], "page by page");
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
    assert_eq!((status, &answer["replayed"]), (202, &json!(3)), "{answer}");
}

/// What no JSON library would write, in place of a text that the vendor's answers hold.
fn swap(stage: &Stage, find: &str, bytes: &[u8]) {
    let swap = FaultKind::Swap {
        find: find.to_owned(),
        base64: STANDARD.encode(bytes),
    };
    let world = stage.sandbox.world();
    world.add_fault(FaultSpec::always(Vendor::Transcripto, "*", swap));
}

#[tokio::test]
async fn case_022_case_023_case_025_bytes_that_are_hardly_json_cost_one_record_at_most() {
    let _turn = turn().await;
    let stage = Stage::new(8).await;
    let tasks = tasks(&stage);
    let gateway = stage
        .gateway("all", &[("CALLWEAVE__SYNC__POLL_INTERVAL", "200ms")])
        .await;
    let api = &gateway.api;
    let id = stage
        .connect(api, Vendor::Transcripto, &stage.sandbox.base_url())
        .await;
    let calls = async || {
        let page = api
            .get(&format!("/v1/calls?connection_id={id}&limit=200"))
            .await;
        page["data"].as_array().unwrap().clone()
    };
    eventually("all calls", PATIENCE, async || {
        let known = calls().await.len();
        if known >= tasks.len() {
            Ok(())
        } else {
            Err(format!("{known} of {}", tasks.len()))
        }
    })
    .await;
    let deep = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
    let quarantine = format!("/v1/connections/{id}/quarantine");
    for (task, find, bytes, flag) in [
        // Mended, and said.
        (
            &tasks[0],
            "MARKUTF",
            &b"\xff\xfe\xc3"[..],
            Some("encoding_repaired"),
        ),
        (&tasks[1], "MARKHALF", b"\\ud800", Some("encoding_repaired")),
        (
            &tasks[2],
            "\"MARKTWICE\"",
            br#"1, "a_new_member": 2"#,
            Some("duplicate_keys"),
        ),
        // Beyond all bounds: put aside by itself; what was known of it stays.
        (&tasks[3], "\"MARKLARGE\"", b"1e400", None),
        (&tasks[4], "\"MARKDEEP\"", &deep, None),
    ] {
        swap(&stage, find, bytes);
        edit(
            &stage,
            task,
            json!({"set": {"/a_new_member": find.trim_matches('"')}}),
        );
        eventually(&format!("{find} of {task}"), PATIENCE, async || {
            let aside = api.get(&quarantine).await;
            let set_aside = aside["data"].as_array().unwrap().iter().any(|record| {
                record["remote_id"] == task.as_str() && record["pointer"] == "/a_new_member"
            });
            let known = calls().await;
            let call = known.iter().find(|call| call["remote_id"] == task.as_str());
            let flags = &call.unwrap()["_meta"]["flags"];
            let told = match flag {
                Some(flag) => *flags == json!([flag]) && !set_aside,
                None => *flags == json!([]) && set_aside,
            };
            if told {
                Ok(())
            } else {
                Err(format!("{flags}: {aside}"))
            }
        })
        .await;
        assert_eq!(api.status(id).await["state"], "active", "{find}");
        stage.sandbox.world().clear_faults();
    }
    let replay = format!("{quarantine}/replay");
    let (status, answer) = api.send(Method::POST, &replay, None).await;
    assert_eq!(status, 202, "{answer}");
    eventually("what was put aside is read again", PATIENCE, async || {
        let aside = api.get(&quarantine).await;
        if aside["data"] == json!([]) {
            Ok(())
        } else {
            Err(aside.to_string())
        }
    })
    .await;
    assert_eq!(calls().await.len(), tasks.len(), "nothing is lost");
    assert_eq!(api.status(id).await["state"], "active");
}

#[tokio::test]
async fn case_037_a_record_of_another_account_is_never_stored_and_reported() {
    let _turn = turn().await;
    let stage = Stage::new(5).await;
    let world = stage.sandbox.world();
    let gateway = stage.gateway("all", &[]).await;
    let api = &gateway.api;
    // The account's own number, as its results tell it.
    let base_url = stage.sandbox.base_url();
    let first = stage.connect(api, Vendor::CallGear, &base_url).await;
    let own = eventually("a result", PATIENCE, async || {
        let page = api.get("/v1/calls?limit=1").await;
        match page["data"][0]["id"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => Err(page.to_string()),
        }
    })
    .await;
    let raw = api.get(&format!("/v1/calls/{own}/raw")).await;
    let documents = raw["data"].as_array().unwrap();
    let number = |document: &Value| document.pointer("/json/app_id").cloned();
    let app_id = documents.iter().find_map(number).unwrap();
    let gone = format!("/v1/connections/{first}");
    let (status, answer) = api.send(Method::DELETE, &gone, None).await;
    assert!(status < 300, "{answer}");
    let stranger = stage
        .ledger(Vendor::CallGear)
        .into_iter()
        .find_map(|entry| entry.call_id)
        .unwrap();
    let patch = CallPatch {
        extra: Map::from_iter([("edit".to_owned(), json!({"set": {"/app_id": 666_666}}))]),
        ..CallPatch::default()
    };
    assert!(world.change_record(Vendor::CallGear, &stranger, patch));
    let all = world.credentials(&base_url);
    let mut body = all["callgear"]["connection"].clone();
    body["name"] = json!("callgear");
    body["settings"]["app_id"] = app_id;
    let (status, made) = api.send(Method::POST, "/v1/connections", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    let reported = eventually("the report", PATIENCE, async || {
        let feed = format!("/v1/events?type=security.foreign_record&connection_id={id}");
        match &api.get(&feed).await["data"] {
            Value::Array(events) if !events.is_empty() => Ok(events.clone()),
            other => Err(other.to_string()),
        }
    })
    .await;
    assert!(!reported.is_empty());
    eventually("the others", PATIENCE, async || {
        let page = api
            .get(&format!("/v1/calls?connection_id={id}&limit=200"))
            .await;
        let calls = page["data"].as_array().unwrap();
        assert!(
            calls
                .iter()
                .all(|call| call["remote_id"] != stranger.as_str()),
            "{page}"
        );
        if calls.len() >= 4 {
            Ok(())
        } else {
            Err(format!("{} calls", calls.len()))
        }
    })
    .await;
}

#[tokio::test]
async fn case_038_a_vendors_words_cannot_write_into_the_log() {
    let _turn = turn().await;
    let stage = Stage::new(3).await;
    let message = "gone\r\nERROR forged line \u{1b}[31mred\u{202e}";
    for format in ["text", "json"] {
        let settings = [
            ("CALLWEAVE__LOG__LEVEL", "debug"),
            ("CALLWEAVE__LOG__FORMAT", format),
        ];
        let gateway = stage.gateway("all", &settings).await;
        // The way through a proxy is an account of its own.
        let wire = stage.proxy();
        let id = stage
            .connect(&gateway.api, Vendor::Transcripto, &wire.url())
            .await;
        let world = stage.sandbox.world();
        let refusal = FaultKind::Replace {
            status: 500,
            body: json!({"success": false, "error_code": 5000, "message": message, "error": message}),
            base64: false,
            content_type: None,
        };
        world.add_fault(FaultSpec::always(Vendor::Transcripto, "*", refusal));
        let sync = format!("/v1/connections/{id}/sync");
        gateway.api.send(Method::POST, &sync, None).await;
        let path = format!("/v1/connections/{id}/rubrics");
        let (status, problem) = gateway.api.send(Method::GET, &path, None).await;
        assert!(status >= 500, "{problem}");
        eventually("the failure", PATIENCE, async || {
            let status = gateway.api.status(id).await;
            if status["last_error"].is_null() {
                Err(status.to_string())
            } else {
                Ok(())
            }
        })
        .await;
        world.clear_faults();
        let (_, log) = gateway.running.stop();
        assert!(
            log.contains("Asked the vendor"),
            "{format}: it is talkative"
        );
        assert!(!log.contains('\u{1b}'), "{format}: a raw escape");
        let forged = log
            .lines()
            .any(|line| line.trim_start().starts_with("ERROR forged"));
        assert!(!forged, "{format}: {log}");
    }
}
