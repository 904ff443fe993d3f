//! Transcripto over real HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callweave_sandbox::{CallPatch, Sandbox, TokenLifetimes, Vendor};
use reqwest::{Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::{
    shared::{assert_wav, start_past},
    support::client,
};

pub(crate) struct Account {
    pub(crate) sandbox: Sandbox,
    credentials: Value,
    pub(crate) token: String,
}

impl Account {
    pub(crate) async fn open(calls: u32, delay: Duration) -> Self {
        let sandbox = start_past(calls, delay).await;
        let credentials = sandbox.world().credentials(&sandbox.base_url())["transcripto"].clone();
        let token = credentials["token"].as_str().unwrap().to_owned();
        Self {
            sandbox,
            credentials,
            token,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.vendor_url(Vendor::Transcripto))
    }

    async fn response(&self, path: &str) -> Response {
        let response = client()
            .get(self.url(path))
            .bearer_auth(&self.token)
            .send()
            .await
            .unwrap();
        assert_eq!(
            response.status(),
            StatusCode::OK,
            "errors are HTTP 200 too: {path}"
        );
        response
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.response(path).await.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let request = client()
            .post(self.url(path))
            .bearer_auth(&self.token)
            .json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    pub(crate) async fn search(&self, body: Value) -> Vec<Value> {
        let mut body = body;
        body["per_page"] = json!(100);
        let mut tasks = Vec::new();
        for page in 1.. {
            body["page"] = json!(page);
            let answer = self.post("/tasks/filter", body.clone()).await;
            let rows = answer["tasks"]
                .as_array()
                .unwrap_or_else(|| panic!("{answer}"))
                .clone();
            if rows.is_empty() {
                assert_eq!(answer["pagination"]["total_tasks"], tasks.len());
                break;
            }
            tasks.extend(rows);
        }
        tasks
    }

    async fn log_in(&self, body: Value) -> Value {
        let response = client()
            .post(self.url("/auth/login"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    fn option(&self, name: &str, value: Value) {
        self.sandbox
            .world()
            .set_options(Map::from_iter([(name.to_owned(), value)]))
            .unwrap();
    }

    fn records(&self) -> Vec<(String, Value)> {
        let page = self
            .sandbox
            .world()
            .ledger_page(Vendor::Transcripto, 0, 100_000);
        page.entries
            .into_iter()
            .filter(|entry| entry.kind == "task" || entry.kind == "report")
            .map(|entry| (entry.id, entry.facts))
            .collect()
    }

    /// The code of a task with this type and this status.
    async fn task(&self, kind: &str, status: &str) -> String {
        let found = self
            .search(json!({ "task_type": kind, "status": status }))
            .await;
        found
            .first()
            .unwrap_or_else(|| panic!("no {kind} is {status}"))["task_code"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

pub(crate) fn assert_failure(body: &Value, code: i64) {
    assert_eq!(body["success"], false, "{body}");
    assert_eq!(body["error_code"], code, "{body}");
    assert!(body["error_message"].is_string(), "{body}");
}

fn members(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn set<'a>(rows: &'a [Value], member: &str) -> BTreeSet<&'a str> {
    rows.iter().filter_map(|row| row[member].as_str()).collect()
}

#[tokio::test]
async fn login_wants_a_captcha_unless_it_is_waived() {
    let account = Account::open(8, Duration::ZERO).await;
    let (email, hash) = (
        &account.credentials["email"],
        &account.credentials["password_hash"],
    );
    let plain = json!({ "email": email, "password_hash": hash });
    assert_failure(&account.log_in(plain.clone()).await, 4002);
    let mut guessed = plain.clone();
    guessed["captcha_token"] = json!("guessed");
    assert_failure(&account.log_in(guessed).await, 4030);
    let mut solved = plain.clone();
    solved["captcha_token"] = account.credentials["captcha_token"].clone();
    assert_eq!(account.log_in(solved).await["message"], "Login successful");

    account.option("transcripto_captcha_waived", json!(true));
    let welcome = account.log_in(plain.clone()).await;
    assert!(welcome.get("success").is_none());
    assert_eq!(welcome["error_code"], 0);
    assert_eq!(welcome["last_tasks"].as_array().unwrap().len(), 5);
    assert!(welcome["call_activity_tree"]["2025"].is_object());
    let token = welcome["token"].as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert!(claims["exp"].as_i64().unwrap() > claims["iat"].as_i64().unwrap());

    let mut wrong = plain;
    wrong["password_hash"] = json!("wrong");
    assert_failure(&account.log_in(wrong).await, 4033);
}

#[tokio::test]
async fn a_bad_token_is_an_error_inside_a_200() {
    let account = Account::open(5, Duration::ZERO).await;
    let tariff = account.get("/user/tariff").await;
    assert_eq!(
        (&tariff["success"], &tariff["errorcode"]),
        (&json!(true), &json!(0))
    );
    assert!(tariff.get("error_code").is_none());

    let without = client()
        .get(account.url("/user/tariff"))
        .send()
        .await
        .unwrap();
    assert_failure(&without.json().await.unwrap(), 4023);
    account.sandbox.world().set_clock_offset_ms(86_401_000);
    assert_failure(&account.get("/user/tariff").await, 4012);
    account.option("transcripto_token_code", json!(4023));
    assert_failure(&account.get("/user/tariff").await, 4023);

    let lifetimes = TokenLifetimes {
        lifetime_s: 600,
        refresh_lifetime_s: 0,
    };
    account
        .sandbox
        .world()
        .set_token_lifetimes(Vendor::Transcripto, lifetimes);
    let fresh = account.sandbox.world().credentials("")["transcripto"]["token"].clone();
    assert_ne!(fresh, account.token.as_str());
}

#[tokio::test]
async fn the_search_shows_every_task_once_and_the_newest_update_first() {
    let account = Account::open(1_000, Duration::ZERO).await;
    let tasks = account.search(json!({})).await;
    let codes = set(&tasks, "task_code");
    assert_eq!(codes.len(), 1_000);
    let records = account.records();
    assert_eq!(codes, records.iter().map(|(id, _)| id.as_str()).collect());
    assert_eq!(
        set(&tasks, "type"),
        BTreeSet::from(["call", "chat", "email", "audio", "youtubenew", "callreport"])
    );
    assert_eq!(
        set(&tasks, "status"),
        BTreeSet::from([
            "pending",
            "processing",
            "audio_completed",
            "completed",
            "completed2",
            "error",
        ])
    );
    let instant = |row: &Value| {
        row["updated_at"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    assert!(
        tasks
            .windows(2)
            .all(|pair| instant(&pair[0]).as_second() >= instant(&pair[1]).as_second())
    );
    let row = &tasks[0];
    assert_eq!(row.as_object().unwrap().len(), 16);
    assert!(
        tasks
            .iter()
            .any(|row| row["updated_at"].as_str().unwrap().ends_with('Z'))
    );
    assert!(
        tasks
            .iter()
            .any(|row| row["updated_at"].as_str().unwrap().ends_with("+00:00"))
    );
    assert!(tasks.iter().any(|row| row["directory_id"].is_null()));
    assert!(tasks.iter().any(|row| row["directory_id"] == 0));
    assert!(tasks.iter().any(|row| row["operator_name"] == "global"));
    assert!(
        tasks
            .iter()
            .filter(|row| row["type"] == "chat")
            .all(|row| row["task_length"] == 0.0)
    );
    assert!(tasks.iter().any(|row| row["call_time"].is_null()));
    let failed = tasks.iter().find(|row| row["status"] == "error").unwrap();
    assert!(failed["error_message"].is_string());
}

#[tokio::test]
async fn pages_are_ten_long_and_at_most_a_hundred() {
    let account = Account::open(250, Duration::ZERO).await;
    let first = account.get("/tasks/filter").await;
    assert!(first.get("success").is_none() && first.get("error_code").is_none());
    assert_eq!(first["tasks"].as_array().unwrap().len(), 10);
    assert_eq!(
        first["pagination"],
        json!({ "current_page": 1, "per_page": 10, "total_tasks": 250, "total_pages": 25 })
    );
    let capped = account.get("/tasks/filter?per_page=1000&page=3").await;
    assert_eq!(capped["tasks"].as_array().unwrap().len(), 50);
    assert_eq!(capped["pagination"]["per_page"], 100);
    let beyond = account.get("/tasks/filter?page=99").await;
    assert_eq!(beyond["tasks"], json!([]));
    assert_failure(&account.get("/tasks/filter?page=first").await, 4001);
    assert_failure(&account.post("/tasks/filter", json!([])).await, 4001);
}

#[tokio::test]
async fn criteria_select() {
    let account = Account::open(400, Duration::ZERO).await;
    let all = account.search(json!({})).await;
    let chats = account
        .search(json!({ "task_type": "chat", "status": "completed" }))
        .await;
    assert!(!chats.is_empty());
    assert!(
        chats
            .iter()
            .all(|row| row["type"] == "chat" && row["status"] == "completed")
    );
    let one = &chats[0];
    assert_eq!(
        account
            .search(json!({ "task_code": one["task_code"] }))
            .await,
        std::slice::from_ref(one)
    );
    assert_eq!(
        account.search(json!({ "task_id": one["id"] })).await,
        std::slice::from_ref(one)
    );

    let long = account
        .search(json!({ "length_min": 3, "length_max": "4.5" }))
        .await;
    assert!(!long.is_empty());
    assert!(
        long.iter()
            .all(|row| (3.0..=4.5).contains(&row["task_length"].as_f64().unwrap()))
    );
    let happy = account
        .search(
            json!({ "customer_satisfaction_score_min": 8, "customer_satisfaction_score_max": 9 }),
        )
        .await;
    assert!(!happy.is_empty());
    let score = |row: &Value| row["customer_satisfaction_score"].as_i64().unwrap();
    assert!(happy.iter().all(|row| (8..=9).contains(&score(row))));
    assert!(happy.len() < all.len());

    let mut named = all.iter().filter_map(|row| row["operator_name"].as_str());
    let name = named.rfind(|name| *name != "global").unwrap();
    let part = name.split(' ').next().unwrap().to_lowercase();
    let theirs = account.search(json!({ "operator_name": part })).await;
    assert!(set(&theirs, "operator_name").contains(name));
    let inbound = account.search(json!({ "call_type": "inbound" })).await;
    assert!(!inbound.is_empty() && set(&inbound, "call_type") == BTreeSet::from(["inbound"]));

    let good = account
        .search(json!({ "script_alignment_min": 70, "operator_politeness": [4, 5] }))
        .await;
    assert!(!good.is_empty() && good.len() < all.len());
    let answered = account
        .search(json!({ "checklist_id": 1, "answers": ["Yes"] }))
        .await;
    assert!(!answered.is_empty() && answered.len() < all.len());
    let id = answered[0]["id"].as_i64().unwrap();
    let answers = account.get(&format!("/checklist/answer/{id}")).await;
    assert_eq!(answers["data"][0]["answer"], "Yes");
}

#[tokio::test]
async fn tags_and_texts_are_searched() {
    let account = Account::open(60, Duration::ZERO).await;
    let code = account.task("call", "completed").await;
    let analysis = account.get(&format!("/api/calls_analysis_v2/{code}")).await;
    let tags: Vec<&str> = analysis["analysis"]["tags"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let holds = |rows: &[Value]| set(rows, "task_code").contains(code.as_str());
    let any = account
        .search(json!({ "tags_any": format!("no such tag,{}", tags[0]) }))
        .await;
    assert!(holds(&any));
    assert!(holds(&account.search(json!({ "tags_all": tags })).await));
    let mut more = tags.clone();
    more.push("no such tag");
    assert!(account.search(json!({ "tags_all": more })).await.is_empty());

    let task = account.get(&format!("/gettask?task_code={code}")).await;
    let text = task["task_result"]["original_text"].as_str().unwrap();
    let word = text
        .split_whitespace()
        .max_by_key(|word| word.len())
        .unwrap();
    assert!(holds(&account.search(json!({ "message": word })).await));
    assert!(
        account
            .search(json!({ "message": "nowheretobefound" }))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn dates_are_compared_with_the_call_in_utc() {
    let account = Account::open(300, Duration::ZERO).await;
    let all = account.search(json!({})).await;
    let day = "2025-05-20";
    let of_day: Vec<&Value> = all.iter().filter(|row| row["call_date"] == day).collect();
    assert!(!of_day.is_empty());
    let found = account
        .search(json!({ "date_from": day, "date_to": day }))
        .await;
    assert_eq!(found.iter().collect::<Vec<_>>(), of_day);
    let exact = json!({
        "date_from": "2025-05-20T03:00:00+03:00", "date_to": "2025-05-20T23:59:59Z",
    });
    assert_eq!(account.search(exact).await, found);
    let dated = account.search(json!({ "date_from": "2020-01-01" })).await;
    let undated = all.iter().filter(|row| row["call_time"].is_null()).count();
    assert!(undated > 0);
    assert_eq!(
        dated.len() + undated,
        all.len(),
        "tasks without a call time vanish"
    );
    assert_failure(
        &account
            .post("/tasks/filter", json!({ "date_from": "20.05.2025" }))
            .await,
        4001,
    );
}

#[tokio::test]
async fn a_task_has_its_text_when_it_is_transcribed() {
    let account = Account::open(400, Duration::ZERO).await;
    assert_failure(&account.get("/gettask").await, 4020);
    let unknown = "00000000-0000-4000-8000-000000000000";
    assert_failure(
        &account.get(&format!("/gettask?task_code={unknown}")).await,
        4021,
    );
    for status in ["pending", "processing", "error"] {
        let found = account.search(json!({ "status": status })).await;
        let code = found[0]["task_code"].as_str().unwrap();
        let task = account.get(&format!("/gettask?task_code={code}")).await;
        assert_eq!(task["status"], status);
        assert!(task["task_result"].is_null());
    }
    let (mut labels, mut sizes) = (BTreeSet::new(), Vec::new());
    for row in account
        .search(json!({ "task_type": "call", "status": "completed" }))
        .await
    {
        let code = row["task_code"].as_str().unwrap();
        let task = account.get(&format!("/gettask?task_code={code}")).await;
        assert_eq!(task.as_object().unwrap().len(), 15);
        assert_eq!(task["task_length"], row["task_length"]);
        let text = task["task_result"]["original_text"].as_str().unwrap();
        labels.insert(text.split(':').next().unwrap().to_owned());
        sizes.push(text.len());
    }
    assert!(
        labels.contains("Оператор") && labels.contains("Operator"),
        "{labels:?}"
    );
    assert!(sizes.iter().all(|size| *size > 2_000) && sizes.iter().any(|size| *size > 6_000));
}

#[tokio::test]
async fn an_analysis_has_the_documented_shape_and_gaps() {
    let account = Account::open(600, Duration::ZERO).await;
    account.option("transcripto_grown_analysis", json!(true));
    let (mut nulls, mut risks, mut grown, mut disagree) = (BTreeSet::new(), BTreeSet::new(), 0, 0);
    for row in account.search(json!({ "date_from": "2020-01-01" })).await {
        let analysed = ["call", "chat", "email"].contains(&row["type"].as_str().unwrap())
            && row["status"].as_str().unwrap().starts_with("completed");
        let code = row["task_code"].as_str().unwrap();
        let body = account.get(&format!("/api/calls_analysis_v2/{code}")).await;
        if !analysed {
            assert_failure(&body, 4057);
            continue;
        }
        let documented = [
            "success",
            "error_code",
            "task_code",
            "call_datetime",
            "call_type",
            "duration_sec",
            "transcript",
            "analysis",
            "call_checklists",
            "category_ids",
            "customer_satisfaction_score",
        ];
        assert_eq!(members(&body), BTreeSet::from(documented));
        for name in documented {
            if body[name].is_null() {
                nulls.insert(name);
            }
        }
        let (minutes, seconds) = (
            row["task_length"].as_f64().unwrap(),
            body["duration_sec"].as_f64().unwrap(),
        );
        assert!(
            (minutes * 60.0 - seconds).abs() < 1.0,
            "{minutes} min, {seconds} s"
        );
        if row["type"] == "chat" {
            assert_eq!(
                (&body["call_type"], &body["duration_sec"]),
                (&json!("chat"), &json!(0))
            );
        }
        assert_eq!(
            body["customer_satisfaction_score"],
            row["customer_satisfaction_score"]
        );
        let analysis = &body["analysis"];
        if let Some(risk) = analysis["analysis_notes"]["risk_signals"].as_str() {
            risks.insert(risk.to_owned());
        }
        grown += usize::from(analysis.get("operator_talk_share").is_some());
        let (inner, outer) = (
            &analysis["scores"]["csat"],
            &body["customer_satisfaction_score"],
        );
        disagree += usize::from(inner.is_i64() && outer.is_i64() && inner != outer);
    }
    let gaps = [
        "transcript",
        "call_checklists",
        "category_ids",
        "customer_satisfaction_score",
    ];
    assert_eq!(nulls, BTreeSet::from(gaps));
    assert!(risks.contains("none") && risks.contains("") && risks.contains("churn"));
    assert!(grown > 0 && disagree > 0);
    let unknown = "/api/calls_analysis_v2/00000000-0000-4000-8000-000000000000";
    assert_failure(&account.get(unknown).await, 4021);
}

#[tokio::test]
async fn checklists_and_lists_answer_as_documented() {
    let account = Account::open(100, Duration::ZERO).await;
    let questions = account.get("/checklist").await;
    let rows = questions["data"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["is_active"] == true));
    assert_eq!(account.get("/checklist/83").await, questions);
    assert_eq!(account.get("/checklist/84").await["data"], json!([]));
    let mut answers = BTreeSet::new();
    for row in account.search(json!({ "status": "completed" })).await {
        let body = account
            .get(&format!("/checklist/answer/{}", row["id"]))
            .await;
        answers.extend(
            set(body["data"].as_array().unwrap(), "answer")
                .into_iter()
                .map(str::to_owned),
        );
    }
    assert!(answers.contains("Yes") && answers.contains("No") && answers.len() > 4);
    assert_failure(&account.get("/checklist/answer/1").await, 4021);

    let directories = account.get("/user/directories").await;
    assert!(directories["directories"].as_array().unwrap().len() > 3);
    let categories = account
        .post("/user/call_categories/list", json!({ "per_page": 5 }))
        .await;
    assert_eq!(categories["items"].as_array().unwrap().len(), 5);
    assert!(categories["total"].as_u64().unwrap() > 5);
    let children = account
        .post("/user/call_categories/list", json!({ "parent_id": 202 }))
        .await;
    assert!(
        children["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["parent_id"] == 202)
    );
    let scripts = account
        .post("/user/call_check_scripts/list", json!({}))
        .await;
    let active = account
        .post(
            "/user/call_check_scripts/list",
            json!({ "only_active": "yes" }),
        )
        .await;
    assert!(active["total"].as_u64() < scripts["total"].as_u64());
    let saved = account.get("/tasks/filters/list").await;
    assert!(saved.get("error_code").is_none());
    assert_eq!(saved["count"], saved["filters"].as_array().unwrap().len());
    assert_eq!(
        saved["filters"][0]["created_at"].as_str().unwrap().len(),
        19,
        "naive"
    );
}

#[tokio::test]
async fn files_are_binary_or_an_error_as_json() {
    let account = Account::open(400, Duration::ZERO).await;
    assert_failure(&account.get("/get_file?file_type=audio").await, 4045);
    assert_failure(
        &account.get("/get_file?file_type=zip&task_code=x").await,
        4047,
    );
    assert_failure(
        &account
            .get("/get_file?file_type=audio&task_code=unknown")
            .await,
        4021,
    );
    let call = account.task("call", "completed").await;
    let response = account
        .response(&format!("/get_file?file_type=audio&task_code={call}"))
        .await;
    assert_eq!(response.headers()["content-type"], "audio/wav");
    assert!(response.headers().contains_key("content-disposition"));
    assert_wav(&response.bytes().await.unwrap());
    let chat = account.task("chat", "completed").await;
    let path = |kind: &str, code: &str| format!("/get_file?file_type={kind}&task_code={code}");
    assert_failure(&account.get(&path("audio", &chat)).await, 4046);

    let text = account
        .response(&path("txt_call", &call))
        .await
        .text()
        .await
        .unwrap();
    assert!(text.starts_with("Call report, task "));
    let word = account.response(&path("docx_call", &call)).await;
    assert!(
        word.headers()["content-type"]
            .to_str()
            .unwrap()
            .contains("wordprocessingml")
    );
    assert_eq!(&word.bytes().await.unwrap()[..4], b"PK\x03\x04");
    assert_failure(&account.get(&path("txt_call", &chat)).await, 4056);
    let failed = account.task("call", "error").await;
    assert_failure(&account.get(&path("txt_call", &failed)).await, 4057);
    let video = account.task("youtubenew", "completed").await;
    assert!(
        account
            .response(&path("txt_youtube", &video))
            .await
            .text()
            .await
            .unwrap()
            .len()
            > 500
    );
    assert_failure(&account.get(&path("txt_youtube", &call)).await, 4061);
    let report = account
        .sandbox
        .world()
        .requests(Some(Vendor::Transcripto), None);
    assert_eq!(report.by_operation["TR-34"], 1);
    assert_eq!(report.by_operation["TR-35"], 3);
}

#[tokio::test]
async fn a_new_task_goes_through_its_steps() {
    let account = Account::open(30, Duration::from_mins(4)).await;
    let world = account.sandbox.world();
    let extra = Map::from_iter([("type".to_owned(), json!("call"))]);
    let id = world.add_record(
        Vendor::Transcripto,
        CallPatch {
            extra,
            ..CallPatch::default()
        },
    );
    let path = format!("/gettask?task_code={}", id[0]);
    let mut updates = BTreeSet::new();
    for (minutes, status, has_text) in [
        (0, "pending", false),
        (1, "processing", false),
        (2, "audio_completed", true),
    ] {
        world.set_clock_offset_ms(minutes * 60_000 + 1_000);
        let task = account.get(&path).await;
        assert_eq!(task["status"], status);
        assert_eq!(task["task_result"].is_object(), has_text);
        updates.insert(task["updated_at"].to_string());
    }
    assert_eq!(updates.len(), 3);
    world.set_clock_offset_ms(241_000);
    let status = account.get(&path).await["status"].clone();
    assert!(["completed", "completed2", "error"].contains(&status.as_str().unwrap()));
}

#[tokio::test]
async fn a_changed_task_jumps_to_the_first_page() {
    let account = Account::open(200, Duration::ZERO).await;
    let third = account.get("/tasks/filter?page=3&per_page=50").await;
    let code = third["tasks"][7]["task_code"].as_str().unwrap().to_owned();
    let world = account.sandbox.world();
    let patch = CallPatch {
        summary: Some("All is different now.".to_owned()),
        ..CallPatch::default()
    };
    assert!(world.change_record(Vendor::Transcripto, &code, patch));
    let first = account.get("/tasks/filter").await;
    assert_eq!(first["tasks"][0]["task_code"], code.as_str());
    let again = account.get("/tasks/filter?page=3&per_page=50").await;
    assert!(!set(again["tasks"].as_array().unwrap(), "task_code").contains(code.as_str()));
    let analysis = account.get(&format!("/api/calls_analysis_v2/{code}")).await;
    if analysis["success"] == true {
        assert_eq!(analysis["analysis"]["summary"], "All is different now.");
    }
    assert!(world.delete_record(Vendor::Transcripto, &code));
    assert_failure(
        &account.get(&format!("/gettask?task_code={code}")).await,
        4021,
    );
    let total = account.get("/tasks/filter").await["pagination"]["total_tasks"].clone();
    assert_eq!(total, 199);
}
