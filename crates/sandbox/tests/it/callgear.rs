//! CallGear: log-in, paging, shapes, errors, writes.

use std::collections::BTreeMap;

use callweave_sandbox::{Action, CallPatch, Vendor};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Callgear, client, ids, set_options, start};

#[tokio::test]
async fn log_in_gives_a_token_with_a_naive_absolute_expiry() {
    let sandbox = start().await;
    let base = format!("{}/api/v1.0", sandbox.vendor_url(Vendor::CallGear));
    let account = sandbox.world().credentials("")["callgear"].clone();
    let login = json!({"username": account["username"], "password": account["password"]});
    let request = client().post(format!("{base}/api-login")).json(&login);
    let token: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(token["name"], "");
    assert_eq!(token["token_type"], "Bearer");
    let expires = token["expires_in"].as_str().unwrap();
    assert_eq!(expires.len(), "2025-05-14T10:46:55.182817".len());
    let expires: jiff::civil::DateTime = expires.parse().unwrap();
    let created: jiff::civil::DateTime = token["created_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(created.duration_until(expires).as_hours(), 30 * 24);

    let wrong = json!({"username": account["username"], "password": "guess"});
    let refused = client()
        .post(format!("{base}/api-login"))
        .json(&wrong)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let body: Value = refused.json().await.unwrap();
    let expected = json!({
        "type": "HTTPUnauthorized", "title": "Unauthorized", "status": 401,
        "detail": "Incorrect login or password",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_token_may_be_carried_in_four_ways() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let url = format!("{}/tags", callgear.base);
    for (header, value) in [
        ("authorization", format!("Bearer {}", callgear.token)),
        (
            "cookie",
            format!("theme=dark; access_token={}", callgear.token),
        ),
        ("access_token", callgear.token.clone()),
        ("key", callgear.token.clone()),
    ] {
        let answer = client()
            .get(&url)
            .header(header, value)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{header}");
    }
    assert_eq!(
        client().get(&url).send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn pages_cover_the_list_without_gaps() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let all = ids(&callgear.get("/scenario_result").await);
    assert_eq!(all.len(), 56);
    assert!(all.is_sorted());
    let mut paged = Vec::new();
    for start in (0..).step_by(9) {
        let end = start + 9;
        let path = format!("/scenario_result?_sort=id&_order=asc&_start={start}&_end={end}");
        let answer = callgear.send(Method::GET, &path, None).await;
        assert_eq!(answer.headers()["x-total-count"], "56");
        let page = ids(&answer.json().await.unwrap());
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let newest = ids(&callgear
        .get("/scenario_result?_order=desc&_start=0&_end=3")
        .await);
    assert_eq!(
        newest,
        all.iter().rev().take(3).copied().collect::<Vec<_>>()
    );

    set_options(
        &sandbox,
        json!({"callgear_start_base": 1, "callgear_total_header": false}),
    )
    .await;
    let answer = callgear
        .send(Method::GET, "/scenario_result?_start=10&_end=20", None)
        .await;
    assert!(!answer.headers().contains_key("x-total-count"));
    assert_eq!(ids(&answer.json().await.unwrap()), all[9..20]);
}

#[tokio::test]
async fn a_list_item_is_smaller_than_the_result_by_id() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let list = callgear.get("/scenario_result?_start=0&_end=1").await;
    let item = &list[0];
    let members: Vec<&String> = item["result"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["hold", "phrase_list", "scenario"]);
    assert!(item["result"]["phrase_list"][0].get("words_list").is_none());
    assert_eq!(
        item["result"]["hold"],
        json!({"data": [], "active_count": 0})
    );
    assert!(item["call_session_id"].as_i64().unwrap() > i64::from(u32::MAX));

    let whole = callgear
        .get(&format!("/scenario_result/{}", item["id"]))
        .await;
    let inner = &whole["result"]["result"];
    assert_eq!(inner["scenario"], item["result"]["scenario"]);
    assert!(inner["tag_events"]["events"].is_array());
    assert!(inner["silences"]["data"].is_array());
    let word = &inner["phrase_list"][0]["words_list"][0];
    assert!(word["word"].is_string() && word.get("channel").is_none());
    let lines = item["result"]["phrase_list"].as_array().unwrap().len();
    assert_eq!(inner["phrase_list"].as_array().unwrap().len(), lines);
}

#[tokio::test]
async fn a_third_of_the_sessions_has_several_results_and_some_results_are_empty() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let list = callgear.get("/scenario_result").await;
    let mut sessions: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for item in list.as_array().unwrap() {
        let session = item["call_session_id"].as_i64().unwrap();
        sessions
            .entry(session)
            .or_default()
            .push(item["scenario_id"].as_i64().unwrap());
    }
    assert_eq!(sessions.len(), 40);
    let several: Vec<_> = sessions
        .iter()
        .filter(|(_, results)| results.len() > 1)
        .collect();
    assert_eq!(several.len(), 13);
    assert!(
        several
            .iter()
            .all(|(_, scenarios)| scenarios.is_sorted_by(|one, next| one < next))
    );
    let (session, scenarios) = several[0];
    let of_session = callgear
        .get(&format!("/scenario_result?call_session_id__eq={session}"))
        .await;
    assert_eq!(ids(&of_session).len(), scenarios.len());
    let empty = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["result"] == json!({}))
        .count();
    assert_eq!(empty, 2);
}

#[tokio::test]
async fn the_parts_of_a_result_agree_with_it() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let whole = callgear.get("/scenario_result/34000").await;
    let inner = &whole["result"]["result"];
    let summary = callgear.get("/scenario_result/34000/summary").await;
    assert_eq!(
        summary["dialog_summary"].as_str().unwrap().lines().count(),
        4
    );
    let phrases = callgear
        .get("/scenario_result/34000/phrase_and_words")
        .await;
    assert_eq!(phrases[0]["phrase"], inner["phrase_list"][0]["phrase"]);
    assert_eq!(phrases[0]["words_list"][0]["channel"], Value::Null);
    assert_eq!(phrases[0]["emotion_state"], "active");
    let points = callgear.get("/scenario_result/34000/success_points").await;
    assert_eq!(points.as_array().unwrap().len(), inner["scenario"]["count"]);
    let tags = callgear.get("/scenario_result/34000/tags").await;
    assert_eq!(
        tags.as_array().unwrap().len(),
        inner["tag_events"]["events"].as_array().unwrap().len()
    );
    for path in ["summary", "success_points", "tags", "employees_metrics"] {
        callgear
            .get(&format!("/scenario_result/{}/{path}", whole["id"]))
            .await;
        let list = callgear
            .get(&format!("/scenario_result/{path}?_start=0&_end=10"))
            .await;
        let items = list.as_array().unwrap();
        assert!(items.iter().all(|item| item.get("id").is_none()), "{path}");
    }
    let session = &whole["call_session_id"];
    let path = format!("/scenario_result/phrase_and_words?call_session_id__in={session}");
    assert_eq!(callgear.get(&path).await, phrases);
    let percent = inner["scenario"]["percent_completion"].as_u64().unwrap();
    let count = inner["scenario"]["count"].as_u64().unwrap();
    assert_eq!((count * 100 + 7) / 15, percent);
}

#[tokio::test]
async fn scenarios_and_tags_can_be_read_and_written() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let scenarios = callgear.get("/scenarios?_start=0&_end=50").await;
    assert_eq!(scenarios.as_array().unwrap().len(), 14);
    assert!(scenarios[0]["filters"][0][0]["operators"].is_string());
    let points = callgear.get("/scenarios/130/points").await;
    assert_eq!(points.as_array().unwrap().len(), 15);
    assert_eq!(callgear.get("/scenarios/130/points/2").await, points[1]);
    assert_eq!(callgear.get("/scenarios/points?id__eq=130").await, points);
    assert_eq!(
        callgear.get("/scenarios/130/scenario_score").await,
        json!({"scenario_score": 70})
    );
    assert_eq!(
        callgear
            .get("/scenarios/scenario_score")
            .await
            .as_array()
            .unwrap()
            .len(),
        14
    );
    assert!(callgear.get("/scenarios/130/text_points").await["text"].is_string());
    let toggled = callgear
        .send(Method::POST, "/toggle_scenario", Some(json!({"id": 131})))
        .await;
    assert_eq!(toggled.json::<Value>().await.unwrap()["state"], "inactive");
    let body =
        json!({"scenario_name": "New", "filters": [{"id": 1}], "scenario_text": "1. One\n2. Two"});
    let created = callgear.send(Method::POST, "/scenarios", Some(body)).await;
    let created: Value = created.json().await.unwrap();
    assert_eq!(created["filters"], json!([[{"id": 1}]]));
    let points = callgear
        .get(&format!("/scenarios/{}/points", created["id"]))
        .await;
    assert_eq!(points[1], json!({"id": 2, "point": "Two"}));
    let path = format!("/scenarios/{}", created["id"]);
    callgear
        .send(Method::PUT, &path, Some(json!({"scenario_name": "Newer"})))
        .await;
    assert_eq!(callgear.get(&path).await["scenario_name"], "Newer");

    let tags = callgear
        .get("/tags?_sort=id&_order=asc&_start=0&_end=10")
        .await;
    assert_eq!(tags.as_array().unwrap().len(), 10);
    assert_eq!(callgear.get("/tags/181").await, tags[0]);
    let body = json!({"name": "fresh", "performer": "client", "is_active": true});
    let created: Value = callgear
        .send(Method::POST, "/tags", Some(body))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(created["is_active"], true);
    let path = format!("/tags/{}", created["id"]);
    assert!(callgear.get(&path).await.get("is_active").is_none());
    callgear
        .send(Method::PUT, &path, Some(json!({"name": "other"})))
        .await;
    assert_eq!(callgear.get(&path).await["name"], "other");
}

#[tokio::test]
async fn results_can_be_written_and_the_ledger_sees_it() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let body = json!({
        "call_session_id": 123, "scenario_id": 456, "scenario_name": "Test", "result": {},
        "id": 789, "app_id": 101,
    });
    let created = callgear
        .send(Method::POST, "/scenario_result", Some(body.clone()))
        .await;
    assert_eq!(created.json::<Value>().await.unwrap(), body);
    assert_eq!(callgear.get("/scenario_result/789").await, body);
    assert_eq!(
        ids(&callgear
            .get("/scenario_result?call_session_id__eq=123")
            .await),
        [789]
    );
    let incomplete = json!({"id": 1});
    let refused = callgear
        .send(Method::POST, "/scenario_result", Some(incomplete))
        .await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);

    let mut changed = body.clone();
    changed["id"] = json!(34_000);
    changed["scenario_name"] = json!("Mine");
    let answer = callgear
        .send(Method::PUT, "/scenario_result/34000", Some(changed))
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        callgear.get("/scenario_result/34000").await["scenario_name"],
        "Mine"
    );
    let deleted = callgear
        .send(Method::DELETE, "/scenario_result/34000", None)
        .await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert!(deleted.bytes().await.unwrap().is_empty());
    assert_eq!(
        callgear.try_get("/scenario_result/34000").await.0,
        StatusCode::NOT_FOUND
    );
    assert!(!ids(&callgear.get("/scenario_result").await).contains(&34_000));

    let page = sandbox.world().ledger_page(Vendor::CallGear, 40 * 8, 100);
    let written: Vec<(Action, &str)> = page
        .entries
        .iter()
        .filter(|entry| entry.kind == "result")
        .map(|entry| (entry.action, entry.id.as_str()))
        .collect();
    let expected = [
        (Action::Added, "789"),
        (Action::Changed, "34000"),
        (Action::Deleted, "34000"),
    ];
    assert_eq!(written, expected);
}

#[tokio::test]
async fn errors_come_in_both_envelopes() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let (status, body) = callgear.try_get("/scenario_result/1").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(
        body,
        json!({"error": "Not Found", "message": "Scenario result is not found"})
    );
    for path in [
        "/scenario_result/abc",
        "/scenario_result?_start=x",
        "/scenario_result?_sort=colour",
        "/scenario_result/phrase_and_words",
    ] {
        let (status, body) = callgear.try_get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(body["error"], "Bad Request");
    }
    let (status, body) = callgear.try_get("/no/such/path").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body["type"], "HTTPNotFound");
    let unknown = "/scenario_result/phrase_and_words?call_session_id__in=5";
    assert_eq!(callgear.try_get(unknown).await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        callgear.get("/scenario_result?call_session_id__eq=5").await,
        json!([])
    );
    set_options(&sandbox, json!({"callgear_empty_is_404": true})).await;
    let (status, _) = callgear
        .try_get("/scenario_result?call_session_id__eq=5")
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_account_has_tokens_conditions_and_a_universal_method() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let created = callgear
        .send(Method::POST, "/tokens", Some(json!({"name": "crm"})))
        .await;
    let created: Value = created.json().await.unwrap();
    assert_eq!(created["name"], "crm");
    let tokens = callgear.get("/tokens").await;
    assert_eq!(tokens.as_array().unwrap().len(), 2);
    assert_eq!(tokens[0]["access_token"], callgear.token.as_str());
    let path = format!("/tokens/{}", created["id"].as_str().unwrap());
    let deleted = callgear.send(Method::DELETE, &path, None).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    let again = callgear.send(Method::DELETE, &path, None).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    let conditions = callgear.get("/notification_conditions").await;
    assert_eq!(
        conditions[0]["operators"][1]["name"],
        conditions[0]["operators"][4]["name"]
    );
    assert!(conditions[2]["values"].is_null());
    let body = json!({"id": "1", "method": "drop.all", "params": {}});
    let answer = callgear.send(Method::POST, "/rpc", Some(body)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        answer.json::<Value>().await.unwrap()["error"]["code"],
        -32_601
    );
}

#[tokio::test]
async fn living_data_shows_at_once() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let world = sandbox.world();
    let added = world.add_record(
        Vendor::CallGear,
        CallPatch {
            score: Some(93),
            ..CallPatch::default()
        },
    );
    let newest = callgear
        .get("/scenario_result?_order=desc&_start=0&_end=10")
        .await;
    let found = newest
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["id"].as_i64() == added[0].parse().ok());
    assert_eq!(
        found.unwrap()["result"]["scenario"]["percent_completion"],
        93
    );
    assert!(world.delete_record(Vendor::CallGear, "34000"));
    assert_eq!(
        callgear.try_get("/scenario_result/34000").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        ids(&callgear.get("/scenario_result?_start=0&_end=1").await),
        [34_004]
    );
}
