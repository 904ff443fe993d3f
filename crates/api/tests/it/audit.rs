//! Whatever is done is written down.

use std::{collections::BTreeSet, time::Duration};

use callweave_provider_testkit::fake::operation;
use http::Method;
use serde_json::{Value, json};

use crate::{
    authorization::secured,
    jobs::dialogs::with_agent,
    support::{Form, Gateway},
};

async fn entries(gateway: &Gateway, query: &str) -> Vec<Value> {
    let listed = gateway
        .get(&format!("/v1/audit-log?limit=200&{query}"))
        .await;
    assert_eq!(listed.status, 200, "{:?}", listed.body);
    listed.json()["data"].as_array().unwrap().clone()
}

/// The entries about a request.
async fn about(gateway: &Gateway, request: &str) -> Vec<Value> {
    let all = entries(gateway, "").await;
    all.into_iter()
        .filter(|entry| entry["request_id"] == request)
        .collect()
}

#[tokio::test]
async fn every_operation_that_acts_leaves_one_entry() {
    let gateway = Gateway::start().await;
    let mut operations = secured(&gateway).await;
    operations.retain(|operation| {
        operation.method != Method::GET || operation.template.contains("passthrough")
    });
    // What deletes comes last.
    operations.sort_by_key(|operation| operation.method == Method::DELETE);
    let mut followed = 0;
    for (number, operation) in operations.iter().enumerate() {
        let request = format!("audited-{number}");
        let headers = [
            ("idempotency-key", operation.key.as_str()),
            ("x-request-id", request.as_str()),
        ];
        let body = operation.body.as_ref();
        let answer = gateway
            .send(operation.method.clone(), &operation.path, body, &headers)
            .await;
        let found = about(&gateway, &request).await;
        let passed = !answer.header("x-vendor-status").is_empty();
        let of_vendor = !passed && answer.status >= 400 && answer.json()["vendor"].is_object();
        if answer.status < 300 || passed || of_vendor {
            assert_eq!(found.len(), 1, "{}: {found:?}", operation.name);
            let outcome = if answer.status < 300 {
                "succeeded"
            } else {
                "failed"
            };
            assert_eq!(found[0]["outcome"], outcome, "{}", operation.name);
            assert_eq!(found[0]["actor"]["type"], "api_key");
            followed += 1;
        } else {
            assert!(found.len() <= 1, "{}: {found:?}", operation.name);
        }
    }
    assert!(followed >= 30, "{followed} of {}", operations.len());
    let everything = gateway.get("/v1/audit-log?limit=200").await.text();
    for secret in ["correct", &gateway.key[41..105], "+99990001122"] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn entries_say_who_did_what_to_what() {
    let gateway = Gateway::start().await;
    let own = callweave_api::keys::parse(&gateway.key).unwrap().id;
    let connection = gateway.connect("main").await;
    let place = format!("/v1/connections/{connection}");
    gateway.patch(&place, &json!({"name": "renamed"})).await;
    let credentials = json!({"password": "correct"});
    gateway
        .send(
            Method::PUT,
            &format!("{place}/credentials"),
            Some(&credentials),
            &[],
        )
        .await;
    gateway.post(&format!("{place}/pause"), &json!({})).await;
    gateway.post(&format!("{place}/resume"), &json!({})).await;
    gateway.delete(&place).await;
    let listed = entries(&gateway, &format!("order=asc&resource={place}")).await;
    let actions: Vec<&str> = listed
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "connection.created",
            "connection.updated",
            "connection.credentials_replaced",
            "connection.paused",
            "connection.resumed",
            "connection.deleted",
        ]
    );
    assert!(
        listed
            .iter()
            .all(|entry| entry["actor"]["id"] == own.to_string())
    );
    assert_eq!(listed[1]["detail"], json!({"changed": ["name"]}));
    assert_eq!(listed[2]["detail"], json!({"members": ["password"]}));

    let made = gateway
        .post(
            "/v1/api-keys",
            &json!({"name": "CRM", "scopes": ["calls:read"]}),
        )
        .await
        .json();
    let id = made["id"].as_str().unwrap();
    let by_key = entries(&gateway, &format!("actor={own}&action=key.created")).await;
    assert_eq!(by_key[0]["resource"], format!("/v1/api-keys/{id}"));
    assert_eq!(by_key[0]["detail"]["scopes"], json!(["calls:read"]));
    assert!(entries(&gateway, &format!("actor={id}")).await.is_empty());
    let at = by_key[0]["at"].as_str().unwrap();
    assert!(!entries(&gateway, &format!("after={at}")).await.is_empty());
    let before = entries(&gateway, &format!("before={at}")).await;
    assert!(before.iter().all(|entry| entry["action"] != "key.created"));

    // A refused try is told, and so is whoever may not read it.
    let weak = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let bearer = format!("Bearer {weak}");
    let headers = [("authorization", bearer.as_str())];
    let body = json!({"name": "n", "scopes": ["*"]});
    let refused = gateway
        .send(Method::POST, "/v1/api-keys", Some(&body), &headers)
        .await;
    assert_eq!(refused.status, 403);
    let refusals = entries(&gateway, "action=key.write").await;
    assert_eq!(refusals[0]["outcome"], "refused");
    assert_eq!(
        gateway.get_with("/v1/audit-log", &headers).await.status,
        403
    );
    let stranger = gateway.tenant_named("second").await;
    let key = format!("Bearer {}", gateway.key_of(stranger, &["*"]).await);
    let foreign = gateway
        .get_with("/v1/audit-log", &[("authorization", &key)])
        .await;
    assert_eq!(foreign.ids(), Vec::<String>::new());
}

#[tokio::test]
async fn the_log_is_read_page_by_page() {
    let gateway = Gateway::start().await;
    for _ in 0..5 {
        let body = json!({"name": "n", "scopes": ["calls:read"]});
        assert_eq!(gateway.post("/v1/api-keys", &body).await.status, 201);
    }
    for order in ["asc", "desc"] {
        let (mut met, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/audit-log?limit=2&order={order}{cursor}");
            let page = gateway.get(&path).await;
            met.extend(page.ids());
            match page.json()["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let distinct: BTreeSet<&String> = met.iter().collect();
        assert_eq!((met.len(), distinct.len()), (5, 5), "{order}");
    }
    let first = gateway.get("/v1/audit-log?limit=2").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/v1/audit-log?limit=2&action=x&cursor={cursor}");
    assert_eq!(gateway.get(&path).await.code(), "gateway.invalid_cursor");
}

#[tokio::test]
async fn what_became_of_a_request_without_an_end_is_unknown() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let path = format!("/v1/connections/{connection}/check");
    let vendor = gateway.vendor.main();
    vendor.panic_next(operation::CHECK);
    assert_eq!(gateway.post(&path, &json!({})).await.status, 500);
    vendor.delay(operation::CHECK, Duration::from_secs(60));
    let body = json!({});
    let left = gateway.post(&path, &body);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), left)
            .await
            .is_err()
    );
    let found = loop {
        let found = entries(&gateway, "action=connection.write").await;
        if found.len() == 2 {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    for entry in found {
        assert_eq!(entry["outcome"], "unknown");
        assert_eq!(
            entry["detail"]["operation"],
            "POST /v1/connections/{id}/check"
        );
    }
}

#[tokio::test]
async fn an_effect_without_its_entry_does_not_last() {
    let gateway = Gateway::start().await;
    gateway
        .meddle("ALTER TABLE audit_log ADD CONSTRAINT nothing CHECK (action <> 'key.created')")
        .await;
    let body = json!({"name": "never", "scopes": ["calls:read"]});
    assert_eq!(gateway.post("/v1/api-keys", &body).await.status, 500);
    let listed = gateway.get("/v1/api-keys").await.text();
    assert!(!listed.contains("never"), "{listed}");
}

#[tokio::test]
async fn a_job_without_its_entry_is_not_there() {
    let (gateway, connection, agent) = with_agent().await;
    let dialog = json!({"connection_id": connection, "agent": agent, "phone": "+99990001122"});
    let analysis = json!({
        "connection_id": connection,
        "source": {"type": "vendor_call", "call_remote_id": "c-1"},
    });
    let batch = json!({
        "connection_id": connection, "agent": agent, "dialogs": [{"phone": "+99990001122"}],
    });
    let report = json!({"from": "2026-02-01", "to": "2026-02-28"});
    let reports = format!("/v1/connections/{connection}/reports");
    let work = [
        ("/v1/dialogs", &dialog),
        ("/v1/analyses", &analysis),
        ("/v1/dialog-batches", &batch),
        (reports.as_str(), &report),
    ];
    gateway
        .meddle("ALTER TABLE audit_log ADD CONSTRAINT nothing CHECK (action NOT LIKE 'job.%ed')")
        .await;
    for (path, body) in work {
        assert_eq!(gateway.hand_in(path, body).await.status, 500, "{path}");
    }
    let upload = Form::new(connection.parse().unwrap(), 16)
        .send(&gateway)
        .await;
    assert_eq!(upload.status, 500);
    assert!(gateway.get("/v1/jobs").await.ids().is_empty());
    let vendor = gateway.vendor.main();
    gateway.work().await;
    assert!(vendor.owned(|owned| owned.work.is_empty() && owned.started.is_empty()));

    gateway
        .meddle("ALTER TABLE audit_log DROP CONSTRAINT nothing")
        .await;
    let mut ids = Vec::new();
    for (path, body) in work {
        let taken = gateway.hand_in(path, body).await;
        assert_eq!(taken.status, 202, "{path}: {:?}", taken.body);
        ids.push(taken.json()["id"].as_str().unwrap().to_owned());
    }
    gateway
        .meddle("ALTER TABLE audit_log ADD CONSTRAINT nothing CHECK (action <> 'job.canceled')")
        .await;
    let cancel = format!("/v1/jobs/{}/cancel", ids[0]);
    assert_eq!(gateway.post(&cancel, &json!({})).await.status, 500);
    assert_eq!(gateway.job_state(&ids[0]).await, "accepted");
    gateway
        .meddle("ALTER TABLE audit_log DROP CONSTRAINT nothing")
        .await;
    assert_eq!(gateway.post(&cancel, &json!({})).await.status, 200);
    let about_it = entries(&gateway, &format!("order=asc&resource=/v1/jobs/{}", ids[0])).await;
    let told: Vec<_> = about_it
        .iter()
        .map(|entry| {
            (
                entry["action"].as_str().unwrap(),
                entry["outcome"].as_str().unwrap(),
            )
        })
        .filter(|(_, outcome)| *outcome == "succeeded")
        .collect();
    assert_eq!(
        told,
        [("job.created", "succeeded"), ("job.canceled", "succeeded")]
    );
    assert_eq!(about_it[0]["detail"]["type"], "launch_dialog");
    assert!(about_it[0]["request_id"].is_string());
}

#[tokio::test]
async fn an_effect_without_its_answer_does_not_last() {
    let gateway = Gateway::start().await;
    gateway
        .meddle("ALTER TABLE idempotency_keys ADD CONSTRAINT nothing CHECK (sealed_answer IS NULL)")
        .await;
    let headers = [("idempotency-key", "k")];
    let body = json!({"name": "never", "scopes": ["calls:read"]});
    let connection = json!({
        "vendor": "fake", "name": "never",
        "credentials": {"password": "correct"}, "settings": {"account": "main"},
    });
    for (path, body) in [("/v1/api-keys", &body), ("/v1/connections", &connection)] {
        let failed = gateway.send(Method::POST, path, Some(body), &headers).await;
        assert_eq!(failed.status, 500, "{path}");
        let listed = gateway.get(path).await.text();
        assert!(!listed.contains("never"), "{listed}");
    }
    let left = entries(&gateway, "").await;
    assert!(
        left.iter().all(|entry| entry["outcome"] == "failed"),
        "{left:?}"
    );
}
