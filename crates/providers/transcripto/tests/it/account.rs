//! The plan, and the vendor's own search.

use callweave_model::owned::FoundCall;
use callweave_provider::{ErrorKind, Provider, listing::ListQuery};
use callweave_provider_testkit::{CannedClient, answers, live::Live};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::Vendor;
use serde_json::{Map, Value, json};

use crate::support::{CODE, LIST_PATH, caller, fixtures, list, provider};

fn criteria(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

async fn found(live: &Live, asked: Value, mut query: ListQuery) -> Vec<FoundCall> {
    let (asked, mut met) = (criteria(asked), Vec::new());
    for _ in 0..60 {
        let context = live.caller.context();
        let account = live.provider.account().unwrap();
        let page = account
            .search_calls(&context, &asked, &query)
            .await
            .unwrap();
        assert!(page.items.len() <= query.limit as usize);
        met.extend(page.items);
        match page.next {
            Some(next) => query.position = Some(next),
            None => return met,
        }
    }
    panic!("the search does not end");
}

#[tokio::test]
async fn trap_t02_t49_the_plan_is_read_resource_by_resource() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 3).await;
    let account = live.provider.account().unwrap();
    let usage = account.usage(&live.caller.context()).await.unwrap();
    assert_eq!(usage.plan_remote_id.as_deref(), Some("4"));
    assert_eq!(usage.plan_name.as_deref(), Some("Enterprise"));
    assert!(usage.days_left.is_some() && usage.starts_at < usage.ends_at);
    let names: Vec<&str> = usage.resources.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "audio_minutes",
            "call_minutes",
            "chat_count",
            "image_tokens",
            "report_count",
            "text_tokens",
            "video_minutes",
        ]
    );
    let audio = usage.resources["audio_minutes"];
    assert_eq!(
        (audio.limit, audio.used, audio.remaining),
        (Some(10_000.0), Some(5_006.0), Some(4_994.0))
    );
    assert!(usage.enabled["calls"]);
    assert_eq!(usage.enabled.len(), 3);
    assert_eq!(
        Value::Object(usage.extra),
        json!({"identifier": "enterprise"}),
        "two members that repeat others are no news"
    );
}

#[tokio::test]
async fn case_029_a_plan_of_another_shape_is_read_as_far_as_it_goes() {
    let usage = |body: Value| async move {
        let client = CannedClient::new().always("GET", "/user/tariff", answers::ok(&body));
        let provider = provider(&client);
        let caller = caller();
        let account = provider.account().unwrap();
        account.usage(&caller.context()).await
    };
    let tariff = json!({
        "id": "p1", "text_tokens": 7, "limits": {"call_minutes": "100", "odd": []},
        "remaining_resources": {"available_text_tokens": 8, "unavailable": 1},
        "price": {"value": 99.9, "currency": "USD", "vat": 20}, "calls_enabled": "maybe", "note": "x",
    });
    for code in ["errorcode", "error_code"] {
        let read = usage(json!({code: 0, "tariff": tariff})).await.unwrap();
        assert_eq!(read.resources["call_minutes"].limit, Some(100.0));
        assert_eq!(
            (read.price.as_deref(), read.currency.as_deref()),
            (Some("99.9"), Some("USD"))
        );
        assert_eq!(
            Value::Object(read.extra),
            json!({
                "text_tokens": 7, "limits.odd": [], "remaining_resources.unavailable": 1,
                "price.vat": 20, "calls_enabled": "maybe", "note": "x",
            })
        );
        let refused = usage(json!({"success": true, code: "4012"}))
            .await
            .unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Unauthorized);
    }
    assert_eq!(
        usage(json!({"errorcode": 0})).await.unwrap_err().kind,
        ErrorKind::BadResponse
    );
}

#[tokio::test]
async fn trap_t14_a_search_meets_every_call_once_and_no_report() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 90).await;
    let tasks = live.ledger(Vendor::Transcripto, "task");
    for limit in [7, 50, 200] {
        let met = found(&live, json!({}), list(limit)).await;
        let mut ids: Vec<&String> = met.iter().map(|call| &call.remote_id).collect();
        ids.sort();
        assert_eq!(ids, tasks.keys().collect::<Vec<_>>(), "limit {limit}");
    }
    let met = found(&live, json!({"task_type": "chat"}), list(50)).await;
    let chats = tasks
        .values()
        .filter(|facts| facts["type"] == "chat")
        .count();
    assert_eq!(met.len(), chats);
    let reports = live.ledger(Vendor::Transcripto, "report");
    let met = found(&live, json!({"task_type": "callreport"}), list(50)).await;
    assert_eq!(met.len(), reports.len(), "unless they are asked for");
}

#[tokio::test]
async fn every_criterion_reaches_the_vendor() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 60).await;
    let tasks = live.ledger(Vendor::Transcripto, "task");
    let analysed = |facts: &&Value| {
        facts["analysed"] == json!(true)
            && facts["type"] == "call"
            && facts["csat"].is_i64()
            && !facts["tags"].as_array().unwrap().is_empty()
    };
    let (id, facts) = tasks.iter().find(|(_, facts)| analysed(facts)).unwrap();
    let (csat, tag) = (&facts["csat"], &facts["tags"][0]);
    let operator = facts["operator_name"].as_str().unwrap();
    let day = &facts["started_at"].as_str().unwrap()[..10];
    let minutes = facts["duration_ms"].as_f64().unwrap() / 60_000.0;
    for (holds, misses) in [
        (json!({"task_code": id}), json!({"task_code": "none"})),
        (json!({"task_id": facts["task_id"]}), json!({"task_id": 1})),
        (
            json!({"date_from": day, "date_to": day}),
            json!({"date_to": "2001-01-01"}),
        ),
        (
            json!({"date_from": format!("{day}T00:00:00Z")}),
            json!({"date_from": "2099-01-01"}),
        ),
        (
            json!({"task_type": "call", "status": facts["status"]}),
            json!({"status": "pending"}),
        ),
        (
            json!({"call_type": if facts["direction"] == "inbound" || facts["direction"] == "in" {"inbound"} else {"outbound"}}),
            json!({"call_type": "none"}),
        ),
        (
            json!({"operator_name": operator}),
            json!({"operator_name": "Nobody, Nowhere"}),
        ),
        (
            json!({"tags_any": [tag, "none"]}),
            json!({"tags_all": [tag, "none"]}),
        ),
        (
            json!({"tags_all": [tag]}),
            json!({"tags_any": ["a,b", "none"]}),
        ),
        (
            json!({"customer_satisfaction_score_min": csat, "customer_satisfaction_score_max": csat}),
            json!({"customer_satisfaction_score_min": 11}),
        ),
        (
            json!({"length_min": minutes - 0.1, "length_max": minutes + 0.1}),
            json!({"length_min": minutes + 0.1}),
        ),
        (
            json!({"script_alignment_min": 0, "script_alignment_max": 100}),
            json!({"script_alignment_min": 101}),
        ),
        (
            json!({"operator_politeness": [1, 2, 3, 4, 5], "operator_politeness_min": 1, "operator_politeness_max": 5}),
            json!({"operator_politeness_min": 6}),
        ),
        (
            json!({"tone_id": [1, 2, 3], "priority_id": "1,2,3"}),
            json!({"tone_id": 9}),
        ),
        (
            json!({"resolved_status_id": [5, 6], "funnel_stage_id": [1, 2, 3, 4, 5]}),
            json!({"priority_id": 9}),
        ),
        (
            json!({"risk_signal_id": null, "sales_signal_id": null, "message": null}),
            json!({"message": "zzzzzz"}),
        ),
        (
            json!({"checklist_id": 9}),
            json!({"checklist_id": 1, "answers": ["zzz"]}),
        ),
    ] {
        let is_met = |met: Vec<FoundCall>| met.iter().any(|call| call.remote_id == *id);
        assert!(
            is_met(found(&live, holds.clone(), list(50)).await),
            "{holds}"
        );
        assert!(
            !is_met(found(&live, misses.clone(), list(50)).await),
            "{misses}"
        );
    }
}

async fn search(
    client: &CannedClient,
    asked: Value,
    query: &ListQuery,
) -> callweave_provider::Result<callweave_provider::listing::Listing<FoundCall>> {
    let provider = provider(client);
    let caller = caller();
    let account = provider.account().unwrap();
    account
        .search_calls(&caller.context(), &criteria(asked), query)
        .await
}

#[tokio::test]
async fn trap_t38_the_search_goes_as_a_query_and_as_a_body_where_a_comma_needs_it() {
    let row = fixtures().json("task_row.json");
    let page = answers::ok(
        &json!({"tasks": [row], "pagination": {"total_tasks": 1, "total_pages": 1, "per_page": 20}}),
    );
    let client = CannedClient::new()
        .always("GET", LIST_PATH, page.clone())
        .always("POST", LIST_PATH, page);
    let asked = json!({"message": "esim & apn", "tone_id": [1, 2], "task_type": "call"});
    let listed = search(&client, asked, &list(20)).await.unwrap();
    assert_eq!((listed.total, listed.next), (Some(1), None));
    assert_eq!(listed.items[0].remote_id, CODE);
    assert_eq!(listed.items[0].listed["operator_name"], "Ivanov");
    search(&client, json!({"tags_any": ["a,b", "c"]}), &list(20))
        .await
        .unwrap();
    assert_eq!(
        client.lines(),
        [
            "GET /tasks/filter?message=esim%20%26%20apn&task_type=call&tone_id=1%2C2&page=1&per_page=20",
            "POST /tasks/filter",
        ]
    );
    assert_eq!(
        client.requests()[1].json(),
        json!({"tags_any": ["a,b", "c"], "page": 1, "per_page": 20})
    );
}

#[tokio::test]
async fn trap_t09_the_alias_is_tried_once_and_remembered_by_the_position() {
    let row = fixtures().json("task_row.json");
    let rows: Vec<Value> = (0..5)
        .map(|place| {
            let mut row = row.clone();
            row["task_code"] = json!(format!("t{place}"));
            row
        })
        .collect();
    let client = CannedClient::new()
        .on("GET", "/tasks/filter*", answers::html(404))
        .always(
            "GET",
            "/user/tasks/filter*",
            answers::ok(&json!({"tasks": rows})),
        );
    let first = search(&client, json!({}), &list(5)).await.unwrap();
    let query = ListQuery {
        position: first.next,
        ..list(5)
    };
    search(&client, json!({}), &query).await.unwrap();
    assert_eq!(
        client.lines(),
        [
            "GET /tasks/filter?page=1&per_page=5",
            "GET /user/tasks/filter?page=1&per_page=5",
            "GET /user/tasks/filter?page=2&per_page=5",
        ]
    );
}

#[tokio::test]
async fn odd_answers_and_positions_are_told() {
    for (body, kind) in [
        (
            json!({"success": false, "error_code": 5000}),
            ErrorKind::VendorFailure,
        ),
        (json!({"success": true}), ErrorKind::BadResponse),
        (json!({"tasks": [5]}), ErrorKind::BadResponse),
        (json!({"tasks": [{"id": 7}]}), ErrorKind::BadResponse),
    ] {
        let client = CannedClient::new().always("GET", LIST_PATH, answers::ok(&body));
        let error = search(&client, json!({}), &list(5)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
    }
    let client = CannedClient::new();
    let query = ListQuery {
        position: Some("1.x".to_owned()),
        ..list(5)
    };
    let error = search(&client, json!({}), &query).await.unwrap_err();
    assert_eq!(
        (error.kind, error.pointer.as_deref()),
        (ErrorKind::InvalidInput, Some("/cursor"))
    );
    let error = search(&client, json!({"tone": 1}), &list(5))
        .await
        .unwrap_err();
    assert_eq!(error.pointer.as_deref(), Some("/criteria/tone"));
}

#[tokio::test]
async fn what_this_vendor_has_not_is_told() {
    let provider = provider(&CannedClient::new());
    let (account, caller) = (provider.account().unwrap(), caller());
    let context = caller.context();
    for error in [
        account.vendor_tokens(&context).await.unwrap_err(),
        account
            .delete_vendor_token(&context, "1")
            .await
            .unwrap_err(),
        account.rpc(&context, "m", &Map::new()).await.unwrap_err(),
        account.notification_conditions(&context).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::CapabilityNotSupported);
    }
    assert_eq!(Provider::manifest(provider.as_ref()).vendor, "transcripto");
}
