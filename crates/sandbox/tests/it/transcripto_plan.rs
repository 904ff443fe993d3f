//! Transcripto over real HTTP: the plan, and what comes of work that was handed in.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::time::Duration;

use callweave_sandbox::{Action, Vendor};
use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use crate::{
    shared::wav,
    support::client,
    transcripto::{Account, assert_failure},
    transcripto_writes::{sound, task, upload},
};

fn option(account: &Account, name: &str, value: Value) {
    let changes = Map::from_iter([(name.to_owned(), value)]);
    account.sandbox.world().set_options(changes).unwrap();
}

/// What is left of a resource.
async fn left(account: &Account, name: &str) -> i64 {
    let plan = account.get("/user/tariff").await;
    let left = &plan["tariff"]["remaining_resources"][format!("available_{name}")];
    let (limit, used) = (
        &plan["tariff"]["limits"][name],
        &plan["tariff"]["usage"][format!("used_{name}")],
    );
    let left = left.as_i64().unwrap();
    let spent = (limit.as_i64().unwrap() - left).max(0);
    assert_eq!(
        used.as_i64().unwrap(),
        spent,
        "limit - remaining, not below 0"
    );
    left
}

fn call_url() -> Value {
    json!({ "file_url": "https://files.example/a.wav" })
}

fn video() -> Value {
    json!({ "file_path": "https://www.youtube.com/watch?v=abc" })
}

fn chat() -> Value {
    json!({ "text": "Operator: Hello\nCustomer: Hi" })
}

#[tokio::test]
async fn what_is_handed_in_is_taken_from_the_plan() {
    let account = Account::open(5, Duration::ZERO).await;
    let names = [
        "call_minutes",
        "audio_minutes",
        "video_minutes",
        "chat_count",
    ];
    let mut before = Vec::new();
    for name in names {
        before.push(left(&account, name).await);
    }
    upload(&account, "/addtaskcall", sound("one.wav", 180)).await;
    upload(&account, "/addtaskaudio", sound("two.wav", 120)).await;
    account.post("/addtaskyoutube", video()).await;
    account.post("/add_chat_analysis_task", chat()).await;
    let mut taken = Vec::new();
    for (name, before) in names.iter().zip(before) {
        taken.push(before - left(&account, name).await);
    }
    assert_eq!(
        (taken[0], taken[1], taken[3]),
        (3, 2, 1),
        "as long as the files are"
    );
    let minutes = left(&account, "call_minutes").await;
    for _ in 0..5 {
        account.post("/addtaskcallbyurl", call_url()).await;
    }
    assert!(
        left(&account, "call_minutes").await < minutes,
        "as long as they turn out to be"
    );
}

#[tokio::test]
async fn a_plan_runs_out_or_is_not_there() {
    let account = Account::open(5, Duration::ZERO).await;
    option(&account, "transcripto_plan_left", json!(1));
    let long = upload(&account, "/addtaskcall", sound("long.wav", 90)).await;
    assert_failure(&long, 4050);
    let short = upload(&account, "/addtaskcall", sound("long.wav", 30)).await;
    assert_eq!(short["error_code"], 0, "a refused file may come again");
    let chats = [chat(), chat()];
    for (place, chat) in chats.into_iter().enumerate() {
        let answer = account.post("/add_chat_analysis_task", chat).await;
        assert_eq!(answer["error_code"] == 0, place == 0, "{answer}");
    }
    let range = |kind: &str| json!({ "start_date": "2025-10-01", "end_date": "2025-10-31", "report_type": kind });
    option(&account, "transcripto_plan_left", json!(0));
    assert_failure(&account.post("/addtaskcallbyurl", call_url()).await, 4050);
    assert_failure(&account.post("/addtaskyoutube", video()).await, 4050);
    assert_failure(
        &account.post("/user/callreport", range("business")).await,
        4602,
    );
    assert_eq!(
        account.post("/user/callreport", range("standard")).await["error_code"],
        0
    );

    option(&account, "transcripto_plan_active", json!(false));
    assert_failure(
        &upload(&account, "/addtaskcall", sound("b.wav", 3)).await,
        4044,
    );
    assert_failure(
        &upload(&account, "/addtaskaudio", sound("b.wav", 3)).await,
        4044,
    );
    assert_failure(&account.post("/addtaskcallbyurl", call_url()).await, 4044);
    assert_failure(&account.post("/addtaskyoutube", video()).await, 4044);
    assert_failure(&account.post("/add_chat_analysis_task", chat()).await, 4044);
    assert_failure(
        &account.post("/user/callreport", range("standard")).await,
        4602,
    );
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_sent_and_as_long_as_it_is() {
    let account = Account::open(5, Duration::ZERO).await;
    let sent = upload(&account, "/addtaskcall", sound("one.wav", 75)).await;
    let found = task(&account, &sent["code"]).await;
    assert_eq!(found["task_length"], 1.25);
    let path = format!(
        "/get_file?file_type=audio&task_code={}",
        sent["code"].as_str().unwrap()
    );
    let file = client()
        .get(account.url(&path))
        .bearer_auth(&account.token)
        .send()
        .await
        .unwrap();
    assert_eq!(file.headers()["content-type"], "audio/wav");
    assert!(file.bytes().await.unwrap() == wav(75));
    let text = "Operator: Hello\n  Customer:   Hi  ";
    let sent = account
        .post("/add_chat_analysis_task", json!({ "text": text }))
        .await;
    let found = task(&account, &sent["task_code"]).await;
    if found["status"] != "error" {
        assert_eq!(found["task_result"]["original_text"], text);
    }
}

#[tokio::test]
async fn the_ledger_takes_down_what_was_sent_and_what_was_changed() {
    let account = Account::open(5, Duration::ZERO).await;
    let form = sound("one.wav", 3).text("client_id", "C-42");
    upload(&account, "/addtaskcall", form).await;
    let folder = account
        .post("/user/directories", json!({ "name": " New " }))
        .await;
    let id = folder["directory"]["id"].to_string();
    let question = account
        .post("/checklist", json!({ "question": "Clear?" }))
        .await;
    let question = question["data"]["id"].to_string();
    account
        .post(
            &format!("/checklist/{question}"),
            json!({ "question": "Really?" }),
        )
        .await;
    account
        .post(&format!("/checklist/delete/{question}"), json!({}))
        .await;
    let page = account
        .sandbox
        .world()
        .ledger_page(Vendor::Transcripto, 0, 100_000);
    let noted = |kind: &str| -> Vec<(Action, Value)> {
        let of_kind = page.entries.iter().filter(|entry| entry.kind == kind);
        of_kind
            .map(|entry| (entry.action, entry.facts.clone()))
            .collect()
    };
    let (action, facts) = &noted("submission")[0];
    assert_eq!(*action, Action::Submitted);
    assert_eq!(facts["given"]["fields"], json!({ "client_id": "C-42" }));
    assert_eq!(
        (&facts["given"]["file_name"], &facts["given"]["file_bytes"]),
        (&json!("one.wav"), &json!(48_044))
    );
    assert_eq!(
        noted("directory"),
        [(
            Action::Added,
            json!({ "id": id.parse::<i64>().unwrap(), "name": " New " })
        )]
    );
    let actions: Vec<Action> = noted("question")
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    assert_eq!(actions, [Action::Added, Action::Changed, Action::Deleted]);
}

#[tokio::test]
async fn a_parent_has_to_be_there() {
    let account = Account::open(5, Duration::ZERO).await;
    let base = "/user/call_categories";
    let orphan = json!({ "name": "A", "parent_id": 999 });
    assert_failure(
        &account
            .post(&format!("{base}/create"), orphan.clone())
            .await,
        4059,
    );
    assert_failure(
        &account.post(&format!("{base}/edit/101"), orphan).await,
        4059,
    );
    assert_failure(
        &account
            .post(&format!("{base}/edit/101"), json!({ "name": null }))
            .await,
        4001,
    );
}

#[tokio::test]
async fn the_introductions_paths_are_served_too_or_alone() {
    let account = Account::open(5, Duration::ZERO).await;
    let paths = ["/tasks/filter?per_page=3", "/user/tasks/filter?per_page=3"];
    assert_eq!(account.get(paths[0]).await, account.get(paths[1]).await);
    option(&account, "transcripto_intro_paths", json!(true));
    let get = |path: &str| {
        client()
            .get(account.url(path))
            .bearer_auth(&account.token)
            .send()
    };
    assert_eq!(get(paths[0]).await.unwrap().status(), StatusCode::NOT_FOUND);
    let found = account.get(paths[1]).await;
    let code = found["tasks"][0]["task_code"].as_str().unwrap();
    let unknown = get(&format!("/api/calls_analysis_v2/{code}"))
        .await
        .unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    let analysis = account.get(&format!("/api/calls_analysis/{code}")).await;
    assert!(analysis.get("error_code").is_some());
}
