//! Every kind of fault, as a client meets it.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::time::{Duration, Instant};

use callweave_sandbox::{CallPatch, FaultKind, FaultSpec, Sandbox, Vendor};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Callgear, client, start};

const LIST: &str = "/scenario_result?_start=0&_end=10";

/// Asks for the fault through the control surface, as a test of another process would.
async fn ask_for(sandbox: &Sandbox, fault: Value) {
    let url = format!("{}/control/faults", sandbox.base_url());
    let answer = client().post(url).json(&fault).send().await.unwrap();
    assert_eq!(
        answer.status(),
        StatusCode::NO_CONTENT,
        "{}",
        answer.text().await.unwrap()
    );
}

async fn list_with(fault: Value) -> (Sandbox, Callgear, reqwest::Result<Response>) {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let mut spec = json!({"vendor": "callgear", "operation": "CG-16", "count": 1});
    spec.as_object_mut()
        .unwrap()
        .extend(fault.as_object().unwrap().clone());
    ask_for(&sandbox, spec).await;
    let request = callgear.client.get(format!("{}{LIST}", callgear.base));
    let outcome = request.bearer_auth(&callgear.token).send().await;
    (sandbox, callgear, outcome)
}

#[tokio::test]
async fn rate_limited() {
    let (sandbox, callgear, outcome) =
        list_with(json!({"kind": "rate_limited", "retry_after": 7})).await;
    let answer = outcome.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()["retry-after"], "7");
    // The count of one is used up.
    callgear.get(LIST).await;
    let report = sandbox
        .world()
        .requests(Some(Vendor::CallGear), Some("CG-16"));
    assert_eq!(report.latest[0].fault.as_deref(), Some("rate_limited"));
    assert_eq!(
        (report.latest[1].status, report.latest[1].fault.as_deref()),
        (200, None)
    );
}

#[tokio::test]
async fn status_comes_in_the_vendors_shapes() {
    let (sandbox, callgear, outcome) = list_with(json!({"kind": "status", "status": 500})).await;
    let body: Value = outcome.unwrap().json().await.unwrap();
    assert_eq!(body["type"], "HTTPInternalServerError");
    ask_for(
        &sandbox,
        json!({"vendor": "callgear", "kind": "status", "status": 503}),
    )
    .await;
    let (status, body) = callgear.try_get(LIST).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["error"], "Service Unavailable");
    sandbox.world().clear_faults();
    callgear.get(LIST).await;
}

#[tokio::test]
async fn close_gives_no_answer() {
    let (sandbox, callgear, outcome) = list_with(json!({"kind": "close"})).await;
    outcome.unwrap_err();
    let report = sandbox
        .world()
        .requests(Some(Vendor::CallGear), Some("CG-16"));
    assert_eq!(report.latest.last().unwrap().status, 0);
    callgear.get(LIST).await;
}

#[tokio::test]
async fn close_in_the_middle_of_a_body() {
    let (_sandbox, _, outcome) = list_with(json!({"kind": "close", "after_bytes": 100})).await;
    let answer = outcome.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.bytes().await.unwrap_err();
}

#[tokio::test]
async fn slow() {
    let begun = Instant::now();
    let (_sandbox, _, outcome) = list_with(json!({"kind": "slow", "ms": 300})).await;
    assert_eq!(outcome.unwrap().status(), StatusCode::OK);
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn stall_and_drip_send_a_head_and_hardly_a_body() {
    for fault in [
        json!({"kind": "stall"}),
        json!({"kind": "drip", "bytes_per_second": 1}),
    ] {
        let (_sandbox, _, outcome) = list_with(fault).await;
        let answer = outcome.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let body = tokio::time::timeout(Duration::from_millis(300), answer.bytes()).await;
        assert!(body.is_err());
    }
}

#[tokio::test]
async fn truncated_with_either_length() {
    let (_sandbox, _, outcome) = list_with(json!({"kind": "truncated"})).await;
    outcome.unwrap().bytes().await.unwrap_err();
    let (_sandbox, _, outcome) =
        list_with(json!({"kind": "truncated", "correct_length": true})).await;
    let bytes = outcome.unwrap().bytes().await.unwrap();
    assert!(bytes.starts_with(b"[{") && serde_json::from_slice::<Value>(&bytes).is_err());
}

#[tokio::test]
async fn html_and_empty_come_with_200() {
    let (_sandbox, _, outcome) = list_with(json!({"kind": "html"})).await;
    let answer = outcome.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    let (_sandbox, _, outcome) = list_with(json!({"kind": "empty"})).await;
    let answer = outcome.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_500_may_look_like_a_success() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let kind = FaultKind::SuccessShaped { status: 500 };
    sandbox
        .world()
        .add_fault(FaultSpec::always(Vendor::CallGear, "CG-07", kind));
    let (status, body) = callgear.try_get("/scenarios/131/points/1").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body, json!({"id": 1, "point": "Operator greeted"}));
}

#[tokio::test]
async fn a_lost_response_was_work_done_all_the_same() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let fault = FaultSpec::always(Vendor::CallGear, "CG-20", FaultKind::LostResponse).times(1);
    sandbox.world().add_fault(fault);
    let url = format!("{}/scenario_result/34000", callgear.base);
    callgear
        .client
        .delete(&url)
        .bearer_auth(&callgear.token)
        .send()
        .await
        .unwrap_err();
    let answer = callgear
        .send(Method::DELETE, "/scenario_result/34000", None)
        .await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn redirect_huge_and_replace() {
    let target = "http://169.254.169.254/";
    let (_sandbox, _, outcome) = list_with(json!({"kind": "redirect", "location": target})).await;
    let answer = outcome.unwrap();
    assert_eq!(
        (answer.status(), answer.headers()["location"].as_bytes()),
        (StatusCode::FOUND, target.as_bytes())
    );

    let (_sandbox, _, outcome) = list_with(json!({"kind": "huge", "bytes": 3_000_000})).await;
    let bytes = outcome.unwrap().bytes().await.unwrap();
    assert!(bytes.len() > 3_000_000 && bytes.starts_with(b"[0,0,") && bytes.ends_with(b"0,0]"));

    let (_sandbox, _, outcome) = list_with(json!({"kind": "bomb", "bytes": 3_000_000})).await;
    let bytes = outcome.unwrap().bytes().await.unwrap();
    assert!(bytes.len() > 3_000_000 && bytes.starts_with(b"[0,0,") && bytes.ends_with(b"0,0]"));

    let fault = json!({"kind": "replace", "base64": true, "body": "Iv8i"});
    let (_sandbox, _, outcome) = list_with(fault).await;
    assert_eq!(&outcome.unwrap().bytes().await.unwrap()[..], b"\"\xff\"");

    let body = json!({"success": false, "error_code": 5_000});
    let (_sandbox, _, outcome) = list_with(json!({"kind": "replace", "body": body})).await;
    assert_eq!(outcome.unwrap().json::<Value>().await.unwrap(), body);
}

#[tokio::test]
async fn an_answer_or_one_record_is_poisoned() {
    let edit = json!({"kind": "edit", "set": {"/0/id": "x"}, "remove": ["/1/result"]});
    let (sandbox, callgear, outcome) = list_with(edit).await;
    let list: Value = outcome.unwrap().json().await.unwrap();
    assert_eq!(list[0]["id"], "x");
    assert!(list[1].get("result").is_none() && list[2]["result"].is_object());

    let url = format!("{}/control/records/callgear", sandbox.base_url());
    let edit = json!({"set": {"/call_session_id": null}, "remove": ["/app_id"]});
    let body = json!({"extra": {"edit": edit}});
    let added = client().post(url).json(&body).send().await.unwrap();
    let added: Value = added.json().await.unwrap();
    let id = added["ids"][0].as_str().unwrap();
    let body = callgear.get(&format!("/scenario_result/{id}")).await;
    assert!(body["call_session_id"].is_null() && body.get("app_id").is_none());
}

#[tokio::test]
async fn a_record_is_poisoned_at_every_vendor() {
    let sandbox = start().await;
    let edit = json!({"set": {"/poison": true}});
    for vendor in Vendor::ALL {
        let extra = [("edit".to_owned(), edit.clone())].into_iter().collect();
        let patch = CallPatch {
            extra,
            ..CallPatch::default()
        };
        assert!(!sandbox.world().add_record(vendor, patch).is_empty());
    }
    let accounts = sandbox.world().credentials(&sandbox.base_url());
    let callgear = Callgear::log_in(&sandbox).await;
    let list = callgear
        .get("/scenario_result?_order=desc&_start=0&_end=1")
        .await;
    assert_eq!(list.pointer("/0/poison"), Some(&json!(true)));

    let transcripto = accounts.get("transcripto").unwrap();
    let base = transcripto.get("base_url").unwrap().as_str().unwrap();
    let login = json!({
        "email": transcripto.get("email"), "password_hash": transcripto.get("password_hash"),
        "captcha_token": transcripto.get("captcha_token"),
    });
    let login = client()
        .post(format!("{base}/auth/login"))
        .json(&login)
        .send()
        .await
        .unwrap();
    let login: Value = login.json().await.unwrap();
    let token = login.get("token").and_then(Value::as_str).unwrap();
    let search = client()
        .post(format!("{base}/tasks/filter"))
        .bearer_auth(token);
    let page: Value = search
        .json(&json!({"page": 1, "per_page": 1}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(page.pointer("/tasks/0/poison"), Some(&json!(true)));
}

#[tokio::test]
async fn faults_are_listed_and_taken_back() {
    let sandbox = start().await;
    let url = format!("{}/control/faults", sandbox.base_url());
    ask_for(
        &sandbox,
        json!({"kind": "close", "probability": 0.5, "seed": 3}),
    )
    .await;
    let list: Value = client()
        .get(&url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&list["faults"][0]["kind"], &list["faults"][0]["hits"]),
        (&json!("close"), &json!(0))
    );
    let answer = client().delete(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let refused = client()
        .post(&url)
        .json(&json!({"kind": "earthquake"}))
        .send()
        .await
        .unwrap();
    assert!(refused.status().is_client_error());
    Callgear::log_in(&sandbox).await.get(LIST).await;
}
