//! Neuro.net over real HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use callweave_sandbox::{Action, CallPatch, Sandbox, TokenLifetimes, Vendor};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::{
    shared::{assert_wav, start_past},
    support::client,
};

/// Wide enough for everything that was seeded.
const ALWAYS: (&str, &str) = ("2015-01-01 00:00:00", "2035-01-01 00:00:00");

pub(crate) struct Account {
    pub(crate) sandbox: Sandbox,
    token: String,
    refresh_token: String,
    credentials: Value,
}

impl Account {
    pub(crate) async fn open(calls: u32, delay: Duration) -> Self {
        let sandbox = start_past(calls, delay).await;
        let credentials = sandbox.world().credentials(&sandbox.base_url())["neuro"].clone();
        let mut account = Self {
            sandbox,
            token: String::new(),
            refresh_token: String::new(),
            credentials,
        };
        let pair = account.log_in().await;
        pair["token"]
            .as_str()
            .unwrap()
            .clone_into(&mut account.token);
        pair["refresh_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut account.refresh_token);
        account
    }

    fn url(&self, path: &str) -> String {
        format!(
            "{}/api/v2/ext{path}",
            self.sandbox.vendor_url(Vendor::Neuro)
        )
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        client()
            .request(method, self.url(path))
            .bearer_auth(&self.token)
    }

    async fn log_in(&self) -> Value {
        let (login, password) = (&self.credentials["login"], &self.credentials["password"]);
        let request = client()
            .post(self.url("/auth"))
            .basic_auth(login.as_str().unwrap(), password.as_str());
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) fn agent(&self, place: usize) -> String {
        self.credentials["agent_uuids"][place]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn report(&self, body: Value) -> Response {
        self.request(Method::POST, "/statistic/dialog-report")
            .json(&body)
            .send()
            .await
            .unwrap()
    }

    async fn whole_report(&self, place: usize) -> Value {
        let body = json!({
            "agent_uuid": self.agent(place), "start": ALWAYS.0, "end": ALWAYS.1, "limit": 100_000,
        });
        self.report(body).await.json().await.unwrap()
    }

    pub(crate) fn option(&self, name: &str, value: Value) {
        self.sandbox
            .world()
            .set_options(Map::from_iter([(name.to_owned(), value)]))
            .unwrap();
    }

    /// The facts of the ledger's records of one kind.
    fn records(&self, kind: &str) -> Vec<(String, Value)> {
        let page = self.sandbox.world().ledger_page(Vendor::Neuro, 0, 100_000);
        page.entries
            .into_iter()
            .filter(|entry| entry.kind == kind)
            .map(|entry| (entry.id, entry.facts))
            .collect()
    }
}

fn rows(report: &Value) -> Vec<Value> {
    report["result"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_wrong_login_is_422_and_401_on_request() {
    let account = Account::open(5, Duration::ZERO).await;
    let attempt = || {
        client()
            .post(account.url("/auth"))
            .basic_auth("somebody", Some("wrong"))
            .send()
    };
    assert_eq!(
        attempt().await.unwrap().status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    account.option("neuro_login_status", json!(401));
    assert_eq!(attempt().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let page = account
        .sandbox
        .world()
        .ledger_page(Vendor::Neuro, 0, 100_000);
    let rejected = page
        .entries
        .iter()
        .filter(|entry| entry.action == Action::LoginRejected);
    assert_eq!(rejected.count(), 2);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_is_written_down() {
    let account = Account::open(5, Duration::ZERO).await;
    let refresh = |token: String| {
        client()
            .post(account.url("/auth/refresh"))
            .json(&json!({ "refresh_token": token }))
            .send()
    };
    let first = refresh(account.refresh_token.clone()).await.unwrap();
    assert_eq!(first.status(), StatusCode::OK);
    let pair: Value = first.json().await.unwrap();
    assert_ne!(pair["refresh_token"], account.refresh_token.as_str());
    let again = refresh(account.refresh_token.clone()).await.unwrap();
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    let next = refresh(pair["refresh_token"].as_str().unwrap().to_owned())
        .await
        .unwrap();
    assert_eq!(next.status(), StatusCode::OK);
    let garbage = refresh("garbage".to_owned()).await.unwrap();
    assert_eq!(garbage.status(), StatusCode::UNAUTHORIZED);

    let page = account
        .sandbox
        .world()
        .ledger_page(Vendor::Neuro, 0, 100_000);
    let reused = page
        .entries
        .iter()
        .filter(|entry| entry.facts["problem"] == "spent_reuse");
    assert_eq!(reused.count(), 1);
    assert!(
        !serde_json::to_string(&page)
            .unwrap()
            .contains(&account.refresh_token)
    );
}

#[tokio::test]
async fn a_token_runs_out_and_is_then_401() {
    let account = Account::open(5, Duration::ZERO).await;
    let path = format!("/agent-settings/general?agent_uuid={}", account.agent(0));
    assert_eq!(account.get(&path).await.status(), StatusCode::OK);
    account.sandbox.world().set_clock_offset_ms(3_601_000);
    assert_eq!(account.get(&path).await.status(), StatusCode::UNAUTHORIZED);
    let renewed = client()
        .post(account.url("/auth/refresh"))
        .json(&json!({ "refresh_token": account.refresh_token }))
        .send()
        .await
        .unwrap();
    assert_eq!(renewed.status(), StatusCode::OK);

    let lifetimes = TokenLifetimes {
        lifetime_s: 0,
        refresh_lifetime_s: 0,
    };
    account
        .sandbox
        .world()
        .set_token_lifetimes(Vendor::Neuro, lifetimes);
    let pair = account.log_in().await;
    let response = client()
        .get(account.url(&path))
        .bearer_auth(pair["token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn agents_have_the_documented_settings() {
    let account = Account::open(5, Duration::ZERO).await;
    let company = account.credentials["company_uuid"].as_str().unwrap();
    let agents = account
        .json(&format!("/company-agents?company_uuid={company}"))
        .await;
    assert!(agents.as_array().unwrap().len() >= 3);
    let stranger = "/company-agents?company_uuid=00000000-0000-4000-8000-000000000000";
    assert_eq!(account.get(stranger).await.status(), StatusCode::FORBIDDEN);
    let agent = agents[0]["agent_uuid"].as_str().unwrap();
    let settings = account
        .json(&format!("/agent-settings/general?agent_uuid={agent}"))
        .await;
    assert_eq!(settings.as_object().unwrap().len(), 19);
    assert_eq!(settings["timezone"], "Europe/Moscow");
    let slots = account
        .json(&format!("/agent-settings/time-slot?agent_uuid={agent}"))
        .await;
    assert!(slots[0]["not_before"].is_string() && slots[0]["day"].is_number());
    let none = format!("/agent-settings/time-slot?agent_uuid={}", account.agent(3));
    assert_eq!(account.json(&none).await, json!([]));
    for kind in ["initial", "output"] {
        let entities = account
            .json(&format!("/{kind}-entity?agent_uuid={agent}"))
            .await;
        assert!(entities["data"][0][format!("{kind}_entity_uuid")].is_string());
    }
    let missing = account.get("/agent-settings/general").await;
    assert_eq!(missing.status(), StatusCode::CONFLICT);
    assert!(missing.json::<Value>().await.unwrap()["message"].is_string());
}

#[tokio::test]
async fn the_reports_of_all_agents_hold_every_attempt() {
    let account = Account::open(120, Duration::ZERO).await;
    let mut shown = BTreeSet::new();
    for place in 0..4 {
        let report = account.whole_report(place).await;
        let rows = rows(&report);
        assert_eq!(report["total"], rows.len());
        for row in rows {
            assert!(row.get("msisdn").is_none() && row.get("date").is_none());
            assert!(row["dialog_uuid"].is_string() && row["result"].is_string());
            shown.insert(row["call_uuid"].as_str().unwrap().to_owned());
        }
    }
    let known: BTreeSet<String> = account
        .records("call")
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(shown, known);
    assert!(known.len() > 120, "some dialogs took several attempts");
}

#[tokio::test]
async fn a_report_defaults_to_100_rows_and_wants_whole_pages() {
    let account = Account::open(1_000, Duration::ZERO).await;
    let ask = |limit: Option<u64>, offset: u64| {
        let mut body = json!({
            "agent_uuid": account.agent(0), "start": ALWAYS.0, "end": ALWAYS.1, "offset": offset,
        });
        if let Some(limit) = limit {
            body["limit"] = json!(limit);
        }
        account.report(body)
    };
    let first: Value = ask(None, 0).await.json().await.unwrap();
    assert_eq!(rows(&first).len(), 100);
    assert!(first["total"].as_u64().unwrap() > 200);
    let odd = ask(Some(25), 80).await;
    assert_eq!(odd.status(), StatusCode::CONFLICT);
    assert!(odd.json::<Value>().await.unwrap()["message"].is_string());
    let again: Value = ask(None, 0).await.json().await.unwrap();
    assert_eq!(first, again, "the same request gives the same rows");

    // No order is promised: a walk over pages meets rows twice and misses others.
    let total = first["total"].as_u64().unwrap();
    let mut ids = Vec::new();
    for offset in (0..total).step_by(100) {
        let page: Value = ask(Some(100), offset).await.json().await.unwrap();
        ids.extend(
            rows(&page)
                .into_iter()
                .map(|row| row["call_uuid"].to_string()),
        );
    }
    assert_eq!(ids.len() as u64, total);
    assert!(ids.iter().collect::<BTreeSet<_>>().len() < ids.len());
    account.option("neuro_shuffle_pages", json!(false));
    let mut ids = BTreeSet::new();
    for offset in (0..total).step_by(100) {
        let page: Value = ask(Some(100), offset).await.json().await.unwrap();
        ids.extend(
            rows(&page)
                .into_iter()
                .map(|row| row["call_uuid"].to_string()),
        );
    }
    assert_eq!(ids.len() as u64, total);
}

#[tokio::test]
async fn a_report_reads_four_forms_and_answers_500_to_others() {
    let account = Account::open(20, Duration::ZERO).await;
    let ask = |start: &str| {
        let body = json!({ "agent_uuid": account.agent(0), "start": start, "end": ALWAYS.1 });
        account.report(body)
    };
    for start in [
        "2020-11-26 10:08:05.0",
        "2020-11-26 10:08:05",
        "2020-11-26T10:08:05",
        "2020-11-26T10:08:05.123456",
    ] {
        assert_eq!(ask(start).await.status(), StatusCode::OK, "{start}");
    }
    for start in ["2020-11-26", "2020-11-26T10:08:05Z", "26.11.2020 10:08:05"] {
        let response = ask(start).await;
        assert_eq!(
            response.status(),
            StatusCode::INTERNAL_SERVER_ERROR,
            "{start}"
        );
        assert!(response.json::<Value>().await.unwrap()["message"].is_string());
    }
    let unknown = account
        .report(json!({ "start": ALWAYS.0, "end": ALWAYS.1 }))
        .await;
    assert_eq!(unknown.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn neighbouring_windows_share_no_row_when_they_meet_between_two() {
    let account = Account::open(200, Duration::ZERO).await;
    let ask = |start: &str, end: &str| {
        account.report(json!({
            "agent_uuid": account.agent(1), "start": start, "end": end, "limit": 1_000,
        }))
    };
    let all: Value = ask(ALWAYS.0, ALWAYS.1).await.json().await.unwrap();
    let middle = ("2025-05-20 12:00:00.499999", "2025-05-20 12:00:00.500000");
    let before: Value = ask(ALWAYS.0, middle.0).await.json().await.unwrap();
    let after: Value = ask(middle.1, ALWAYS.1).await.json().await.unwrap();
    let sum = before["total"].as_u64().unwrap() + after["total"].as_u64().unwrap();
    assert!(before["total"].as_u64().unwrap() > 0 && after["total"].as_u64().unwrap() > 0);
    assert_eq!(all["total"], sum);
}

#[tokio::test]
async fn statistics_spell_the_phone_in_two_ways_and_dates_in_five() {
    let account = Account::open(150, Duration::ZERO).await;
    let (mut phones, mut shapes, mut results) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut attempts = 0;
    for (id, facts) in account.records("dialog") {
        let rows = account
            .json(&format!("/statistic/dialog?dialog_uuid={id}"))
            .await;
        let rows = rows.as_array().unwrap().clone();
        assert_eq!(facts["attempts"], rows.len());
        attempts = attempts.max(rows.len());
        assert_eq!(rows.last().unwrap()["result"], facts["result"]);
        for row in rows {
            assert_eq!(row["dialog_uuid"], id.as_str());
            let spelling = if row.get("msisnd").is_some() {
                "msisnd"
            } else {
                "msisdn"
            };
            assert_eq!(row[spelling], facts["msisdn"]);
            phones.insert(spelling);
            let date = row["date"].as_str().unwrap();
            shapes.insert(
                date.chars()
                    .map(|c| if c.is_ascii_digit() { '0' } else { c })
                    .collect::<String>(),
            );
            results.insert(row["result"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(phones.len(), 2);
    assert_eq!(shapes.len(), 5);
    assert_eq!(attempts, 3);
    for result in [
        "success",
        "no_answer",
        "busy",
        "failed",
        "voicemail",
        "refused",
        "callback",
        "transferred",
    ] {
        assert!(results.contains(result), "{result}");
    }
    account.option("neuro_date_form", json!("day_first"));
    let (id, _) = account.records("dialog").remove(0);
    let rows = account
        .json(&format!("/statistic/dialog?dialog_uuid={id}"))
        .await;
    assert_eq!(&rows[0]["date"].as_str().unwrap()[2..3], "-");
}

#[tokio::test]
async fn statistics_of_an_unknown_or_unfinished_dialog_are_404() {
    let account = Account::open(10, Duration::from_mins(1)).await;
    let unknown = "/statistic/dialog?dialog_uuid=00000000-0000-4000-8000-000000000000";
    let response = account.get(unknown).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body, json!({ "message": "No data for dialog report" }));

    let extra = Map::from_iter([("result".to_owned(), json!("success"))]);
    let patch = CallPatch {
        extra,
        ..CallPatch::default()
    };
    let ids = account.sandbox.world().add_record(Vendor::Neuro, patch);
    let (dialog, last_call) = (&ids[0], &ids[ids.len() - 1]);
    let recording = format!("/statistic/download/call?call_uuid={last_call}");
    assert_eq!(
        account.get(&recording).await.status(),
        StatusCode::NOT_FOUND
    );
    account.sandbox.world().set_clock_offset_ms(61_000);
    let rows = account
        .json(&format!("/statistic/dialog?dialog_uuid={dialog}"))
        .await;
    assert_eq!(
        rows.as_array().unwrap().last().unwrap()["result"],
        "success"
    );
    assert_eq!(account.get(&recording).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_group_shows_all_its_dialogs() {
    let account = Account::open(60, Duration::ZERO).await;
    let (_, facts) = account.records("dialog").remove(0);
    let bulk = facts["bulk_uuid"].as_str().unwrap();
    let rows = account
        .json(&format!("/statistic/dialog-group?bulk_uuid={bulk}"))
        .await;
    let dialogs: BTreeSet<String> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["dialog_uuid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(dialogs.len(), 25);
    let unknown = "/statistic/dialog-group?bulk_uuid=00000000-0000-4000-8000-000000000000";
    assert_eq!(account.get(unknown).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_recording_is_a_wav_file_inside_json() {
    let account = Account::open(40, Duration::ZERO).await;
    let calls = account.records("call");
    let of = |result: &str| {
        let found = calls
            .iter()
            .find(|(_, facts)| facts["result"] == result && facts["last"] == true);
        found.unwrap().0.clone()
    };
    let answered = of("success");
    let recording = account
        .json(&format!("/statistic/download/call?call_uuid={answered}"))
        .await;
    assert_eq!(recording["file_name"], format!("{answered}.wav"));
    assert_wav(
        &STANDARD
            .decode(recording["data"].as_str().unwrap())
            .unwrap(),
    );

    let silent = of("no_answer");
    let response = account
        .get(&format!("/statistic/download/call?call_uuid={silent}"))
        .await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        body["message"],
        format!("Cannot find dialog for call_uuid {silent}")
    );
}

#[tokio::test]
async fn a_transcription_is_a_log_a_text_or_an_empty_list() {
    let account = Account::open(40, Duration::ZERO).await;
    let calls = account.records("call");
    let of = |result: &str| {
        let found = calls
            .iter()
            .find(|(_, facts)| facts["result"] == result && facts["last"] == true);
        found.unwrap().clone()
    };
    let (answered, facts) = of("success");
    let log = account
        .json(&format!("/statistic/{answered}/transcription"))
        .await;
    let log = log["data"].as_array().unwrap().clone();
    assert!(log.iter().any(|row| row["data"].is_null()));
    for row in &log {
        let members: BTreeSet<&str> = row
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let documented = [
            "action_alias",
            "agent_uuid",
            "call_uuid",
            "data",
            "date",
            "dialog_uuid",
        ];
        assert_eq!(members, BTreeSet::from(documented));
        assert_eq!(row["dialog_uuid"], facts["dialog_uuid"]);
    }
    let response = account
        .get(&format!("/statistic/{answered}/transcription?type=text"))
        .await;
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    assert!(response.headers().contains_key("content-disposition"));
    let text = response.text().await.unwrap();
    let bot = text.lines().find(|line| line.starts_with("bot(")).unwrap();
    assert_eq!(bot.as_bytes()[12], b')', "bot(HH:MM:SS): {bot}");
    assert!(text.lines().any(|line| line.starts_with("human: ")));

    let (silent, _) = of("busy");
    let response = account
        .get(&format!("/statistic/{silent}/transcription?type=json"))
        .await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        response.json::<Value>().await.unwrap(),
        json!({ "data": [] })
    );
}

#[tokio::test]
async fn archived_dialogs_have_no_call_uuid() {
    let account = Account::open(100, Duration::ZERO).await;
    account.option("neuro_archived_dialogs", json!(40));
    let body = json!({
        "agent_uuid": account.agent(0), "start": "2015-01-01 00:00:00",
        "end": "2021-02-12 20:00:00", "limit": 1_000,
    });
    let report: Value = account.report(body).await.json().await.unwrap();
    assert!(!rows(&report).is_empty());
    assert!(rows(&report).iter().all(|row| row["call_uuid"].is_null()));
    assert!(
        rows(&report)
            .iter()
            .all(|row| row["dialog_uuid"].is_string())
    );
}

#[tokio::test]
async fn queues_are_bare_or_wrapped() {
    let account = Account::open(100, Duration::ZERO).await;
    let agent = account.agent(2);
    for (path, members) in [("/queue/dialog", 3), ("/queue/call", 4)] {
        let path = format!("{path}?agent_uuid={agent}&limit=5&offset=5");
        account.option("neuro_wrapped_lists", json!(false));
        let bare = account.json(&path).await;
        assert_eq!(bare.as_array().unwrap().len(), 5);
        assert_eq!(bare[0].as_object().unwrap().len(), members);
        account.option("neuro_wrapped_lists", json!(true));
        let wrapped = account.json(&path).await;
        assert_eq!(wrapped["data"][0]["uuid"], bare[0]["uuid"]);
        assert!(wrapped["total_count"].as_u64().unwrap() > 10);
    }
    let odd = account
        .get(&format!(
            "/queue/dialog?agent_uuid={agent}&limit=20&offset=30"
        ))
        .await;
    assert_eq!(odd.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn selections_are_dated_day_first() {
    let account = Account::open(100, Duration::ZERO).await;
    let path = format!("/selection?agent_uuid={}", account.agent(0));
    let all = account.json(&path).await;
    let done = account.json(&format!("{path}&is_completed=true")).await;
    let open = account.json(&format!("{path}&is_completed=false")).await;
    let (all, done, open) = (
        all.as_array().unwrap(),
        done.as_array().unwrap(),
        open.as_array().unwrap(),
    );
    assert_eq!(all.len(), done.len() + open.len());
    assert!(!done.is_empty() && open.iter().all(|row| row["is_completed"] == false));
    let started = all[0]["started_on"].as_str().unwrap();
    assert_eq!(
        (started.len(), &started[2..3], &started[10..11]),
        (19, "-", " ")
    );
    assert!(
        all.iter()
            .any(|row| row["dialogs_count"].as_u64().unwrap() > 0)
    );
}

#[tokio::test]
async fn a_changed_and_a_deleted_dialog_show_in_the_report() {
    let account = Account::open(30, Duration::ZERO).await;
    let (id, _) = account.records("dialog").remove(3);
    let world = account.sandbox.world();
    let extra = Map::from_iter([("result".to_owned(), json!("sold"))]);
    assert!(world.change_record(
        Vendor::Neuro,
        &id,
        CallPatch {
            extra,
            ..CallPatch::default()
        }
    ));
    let path = format!("/statistic/dialog?dialog_uuid={id}");
    let rows = account.json(&path).await;
    assert_eq!(rows.as_array().unwrap().last().unwrap()["result"], "sold");
    assert!(world.delete_record(Vendor::Neuro, &id));
    assert_eq!(account.get(&path).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn requests_are_counted_by_operation() {
    let account = Account::open(5, Duration::ZERO).await;
    account.whole_report(0).await;
    let none = client()
        .get(account.url("/selection"))
        .send()
        .await
        .unwrap();
    assert_eq!(none.status(), StatusCode::UNAUTHORIZED);
    let report = account.sandbox.world().requests(Some(Vendor::Neuro), None);
    assert_eq!(report.by_operation["NN-01"], 1);
    assert_eq!(report.by_operation["NN-29"], 1);
    assert_eq!(report.by_operation["NN-39"], 1);
}
