//! Transcripto over real HTTP: what changes something.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use callweave_sandbox::{Action, Vendor};
use reqwest::{StatusCode, multipart};
use serde_json::{Value, json};

use crate::{
    shared::wav,
    support::client,
    transcripto::{Account, assert_failure},
};

pub(crate) async fn upload(account: &Account, path: &str, form: multipart::Form) -> Value {
    let request = client()
        .post(account.url(path))
        .bearer_auth(&account.token)
        .multipart(form);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

pub(crate) fn sound(name: &str, seconds: u32) -> multipart::Form {
    let part = multipart::Part::bytes(wav(seconds)).file_name(name.to_owned());
    multipart::Form::new().part("file", part)
}

pub(crate) async fn task(account: &Account, code: &Value) -> Value {
    account
        .get(&format!("/gettask?task_code={}", code.as_str().unwrap()))
        .await
}

#[tokio::test]
async fn a_call_is_uploaded_once_and_analysed_later() {
    let account = Account::open(10, Duration::from_mins(4)).await;
    let form = sound("call one.wav", 4)
        .text("operator_name", "Ivan")
        .text("call_type", "inbound")
        .text("call_date", "2025-10-21")
        .text("call_datetime", "2025-10-20T23:30:00+03:00")
        .text("directory_id", "0");
    let created = upload(&account, "/addtaskcall", form).await;
    assert_eq!(created["error_code"], 0);
    assert!(created.get("success").is_none() && created["id"].is_i64());
    let row = &account
        .search(json!({ "task_code": created["code"] }))
        .await[0];
    assert_eq!(row["status"], "pending");
    assert_eq!(row["file_name"], "call one.wav");
    assert_eq!(
        (&row["operator_name"], &row["call_type"]),
        (&json!("Ivan"), &json!("inbound"))
    );
    assert_eq!(
        (&row["call_date"], &row["directory_id"]),
        (&json!("2025-10-21"), &Value::Null)
    );
    assert!(
        row["call_time"]
            .as_str()
            .unwrap()
            .starts_with("2025-10-20T20:30:00")
    );
    account.sandbox.world().set_clock_offset_ms(241_000);
    assert_ne!(task(&account, &created["code"]).await["status"], "pending");

    assert_failure(
        &upload(&account, "/addtaskcall", sound("call one.wav", 4)).await,
        4091,
    );
    let page = account
        .sandbox
        .world()
        .ledger_page(Vendor::Transcripto, 0, 100_000);
    let submitted = page
        .entries
        .iter()
        .filter(|entry| entry.action == Action::Submitted);
    assert_eq!(submitted.count(), 1);
}

#[tokio::test]
async fn bad_uploads_are_told_apart() {
    let account = Account::open(5, Duration::ZERO).await;
    let path = "/addtaskcall";
    assert_failure(
        &upload(&account, path, multipart::Form::new().text("a", "b")).await,
        4024,
    );
    assert_failure(&upload(&account, path, sound("notes.txt", 4)).await, 4025);
    assert_failure(&upload(&account, path, sound("short.wav", 1)).await, 4092);
    let zoneless = sound("a.wav", 3).text("call_datetime", "2025-10-20T10:00:00");
    assert_failure(&upload(&account, path, zoneless).await, 4001);
    let nowhere = sound("b.wav", 3).text("directory_id", "999");
    assert_failure(&upload(&account, path, nowhere).await, 4001);
    let garbage = multipart::Part::bytes(vec![1, 2, 3]).file_name("c.wav");
    let garbage = multipart::Form::new().part("file", garbage);
    assert_failure(&upload(&account, path, garbage).await, 4026);

    assert_failure(&account.post("/addtaskcallbyurl", json!({})).await, 4002);
    let odd = json!({ "file_url": "ftp://example.com/a.wav" });
    assert_failure(&account.post("/addtaskcallbyurl", odd).await, 4024);
    let strange = json!({ "file_path": "https://notyoutube.com/watch" });
    assert_failure(&account.post("/addtaskyoutube", strange).await, 4017);
    assert_failure(
        &account
            .post("/add_chat_analysis_task", json!({ "text": null }))
            .await,
        4002,
    );
    assert!(
        account.search(json!({})).await.len() == 5,
        "nothing was created"
    );
}

#[tokio::test]
async fn urls_videos_sounds_and_chats_are_taken() {
    let account = Account::open(5, Duration::ZERO).await;
    let url =
        json!({ "file_url": "https://files.example/rec_7.wav?signature=x", "client_id": "C-1" });
    let call = account.post("/addtaskcallbyurl", url).await;
    let found = task(&account, &call["code"]).await;
    assert_eq!(
        (&found["type"], &found["file_name"]),
        (&json!("call"), &json!("rec_7.wav"))
    );
    let audio = upload(&account, "/addtaskaudio", sound("talk.wav", 3)).await;
    assert_eq!(task(&account, &audio["code"]).await["type"], "audio");
    let video = json!({ "file_path": "https://www.youtube.com/watch?v=abc" });
    let video = account.post("/addtaskyoutube", video).await;
    assert_eq!(video["demo"], false);
    assert_eq!(task(&account, &video["code"]).await["type"], "youtubenew");
    let chat = json!({
        "text": "Operator: Good day, how can I help?\nCustomer: Where is my parcel?",
        "operator_name": "Operator 1",
        "call_date": "2025-10-20",
    });
    let chat = account.post("/add_chat_analysis_task", chat).await;
    let found = task(&account, &chat["task_code"]).await;
    assert_eq!(
        (&found["type"], &found["call_date"]),
        (&json!("chat"), &json!("2025-10-20"))
    );
    if let Some(text) = found["task_result"]["original_text"].as_str() {
        assert!(text.contains("Where is my parcel?") && text.lines().count() == 2);
    }
    let chunks = json!({ "chunks": ["Customer: Hi", { "text": "Operator: Hello" }] });
    assert_eq!(
        account.post("/add_chat_analysis_task", chunks).await["success"],
        true
    );
}

#[tokio::test]
async fn reports_are_made_and_fetched_without_a_token() {
    let account = Account::open(5, Duration::ZERO).await;
    let path = "/user/callreport";
    assert_failure(&account.post(path, json!({})).await, 4060);
    let ask = |start: &str, end: &str, kind: &str| json!({ "start_date": start, "end_date": end, "report_type": kind });
    assert_failure(
        &account
            .post(path, ask("01.10.2025", "2025-10-31", "standard"))
            .await,
        4061,
    );
    assert_failure(
        &account
            .post(path, ask("2025-11-01", "2025-10-31", "standard"))
            .await,
        4062,
    );
    let standard = account
        .post(path, ask("2025-10-01", "2025-10-31", "standard"))
        .await;
    assert!(standard.get("available_report_count").is_none());
    let business = account
        .post(path, ask("2025-10-01", "2025-10-31", "business"))
        .await;
    assert_eq!(business["available_report_count"], 23);
    for _ in 0..23 {
        account
            .post(path, ask("2025-10-01", "2025-10-31", "business"))
            .await;
    }
    assert_failure(
        &account
            .post(path, ask("2025-10-01", "2025-10-31", "business"))
            .await,
        4602,
    );
    let tariff = account.get("/user/tariff").await;
    assert_eq!(
        tariff["tariff"]["remaining_resources"]["available_report_count"],
        0
    );

    let done = account.search(json!({ "task_type": "callreport" })).await;
    let done = done
        .iter()
        .find(|row| row["status"] == "completed")
        .unwrap();
    let (code, name) = (
        done["task_code"].as_str().unwrap(),
        done["file_name"].as_str().unwrap(),
    );
    let fetch = |code: &str, name: &str| {
        let query = [
            ("task_code", code.to_owned()),
            ("filename", name.to_owned()),
        ];
        client()
            .get(account.url("/user/callreport/file"))
            .query(&query)
            .send()
    };
    let file = fetch(code, name).await.unwrap();
    assert_eq!(file.headers()["content-type"], "application/pdf");
    assert!(file.bytes().await.unwrap().starts_with(b"%PDF-"));
    let page = fetch(code, &name.replace(".pdf", ".html")).await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html");
    for (code, name, failure) in [
        ("", name, 4001),
        (code, "a/b.pdf", 4002),
        (code, "../../etc/passwd", 4003),
        ("unknown", name, 4041),
        (code, "other.pdf", 4043),
    ] {
        assert_failure(
            &fetch(code, name).await.unwrap().json().await.unwrap(),
            failure,
        );
    }
}

#[tokio::test]
async fn questions_and_folders_are_kept() {
    let account = Account::open(5, Duration::ZERO).await;
    let created = account
        .post("/checklist", json!({ "question": "Was it clear?" }))
        .await;
    let id = created["data"]["id"].as_i64().unwrap();
    assert_failure(
        &account
            .post("/checklist", json!({ "question": "Was it clear?" }))
            .await,
        4054,
    );
    let edited = account
        .post(&format!("/checklist/{id}"), json!({ "question": "Clear?" }))
        .await;
    assert_eq!(edited["data"]["question"], "Clear?");
    assert_failure(
        &account
            .post("/checklist/1", json!({ "question": "x" }))
            .await,
        4055,
    );
    assert_failure(
        &account
            .post("/checklist/555", json!({ "question": "x" }))
            .await,
        4053,
    );
    assert_eq!(
        account
            .post(&format!("/checklist/delete/{id}"), json!({}))
            .await["id"],
        id
    );
    assert_failure(
        &account
            .post(&format!("/checklist/delete/{id}"), json!({}))
            .await,
        4053,
    );

    let folder = account
        .post("/user/directories", json!({ "name": "New" }))
        .await;
    let id = folder["directory"]["id"].as_i64().unwrap();
    let delete = || async {
        let url = account.url(&format!("/user/directories/delete/{id}"));
        let request = client().delete(url).bearer_auth(&account.token);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let gone = delete().await;
    assert!(gone.get("success").is_none() && gone["error_code"] == 0);
    assert_failure(&delete().await, 4041);
}

#[tokio::test]
async fn categories_searches_and_scripts_are_kept() {
    let account = Account::open(5, Duration::ZERO).await;
    let base = "/user/call_categories";
    let parent = account
        .post(&format!("{base}/create"), json!({ "name": "Parent" }))
        .await;
    let parent = parent["data"]["id"].as_i64().unwrap();
    let child = json!({ "name": "Child", "parent_id": parent });
    let child = account.post(&format!("{base}/create"), child).await["data"]["id"]
        .as_i64()
        .unwrap();
    assert_failure(
        &account
            .post(&format!("{base}/delete/{parent}"), json!({}))
            .await,
        4045,
    );
    // The id in the body wins over the one in the path.
    let edit = json!({ "category_id": child, "name": "Renamed", "parent_id": null });
    let edited = account.post(&format!("{base}/edit/{parent}"), edit).await;
    assert_eq!(
        (&edited["data"]["id"], &edited["data"]["parent_id"]),
        (&json!(child), &Value::Null)
    );
    let deleted = account
        .post(&format!("{base}/delete/{parent}"), json!({}))
        .await;
    assert_eq!(deleted["success"], true);
    assert_failure(
        &account
            .post(&format!("{base}/edit/{parent}"), json!({}))
            .await,
        4059,
    );

    let save = |low: i64| {
        let criteria = json!({ "task_type": "chat", "length_min": low, "tone_id": null });
        account.post(
            "/tasks/filters/save",
            json!({ "name": "Mine", "criteria": criteria }),
        )
    };
    assert!(save(1).await.get("error_code").is_none());
    save(2).await;
    let saved = account.get("/tasks/filters/list").await;
    assert_eq!(saved["count"], 3);
    assert_eq!(saved["filters"][2]["criteria"]["length_min"], 2);
    assert_failure(
        &account
            .post("/tasks/filters/save", json!({ "name": "x" }))
            .await,
        4045,
    );
    let id = saved["filters"][2]["id"].as_i64().unwrap();
    let path = format!("/tasks/filters/delete/{id}");
    assert_eq!(account.post(&path, json!({})).await["success"], true);
    assert_failure(&account.post(&path, json!({})).await, 4066);

    let base = "/user/call_check_scripts";
    let script = json!({ "identifier": "new_v1", "title": "New", "script_body": "Hello" });
    let created = account
        .post(&format!("{base}/create"), script.clone())
        .await;
    assert_eq!(
        (&created["data"]["version"], &created["data"]["is_active"]),
        (&json!(1), &json!(true))
    );
    assert_failure(&account.post(&format!("{base}/create"), script).await, 4001);
    let id = created["data"]["id"].as_i64().unwrap();
    let edit = json!({ "script_id": id, "version": 2 });
    let edited = account.post(&format!("{base}/edit/11"), edit).await;
    assert_eq!(
        (&edited["data"]["id"], &edited["data"]["version"]),
        (&json!(id), &json!(2))
    );
    let gone = account
        .post(&format!("{base}/delete/11"), json!({ "script_id": id }))
        .await;
    assert_eq!(gone["success"], true);
    assert_failure(
        &account
            .post(&format!("{base}/delete/{id}"), json!({}))
            .await,
        4053,
    );
}
