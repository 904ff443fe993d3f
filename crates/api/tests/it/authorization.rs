//! Every operation, with every kind of caller; made from the OpenAPI document, so that a new
//! operation is tried as well.

use std::time::Duration;

use axum::Router;
use callweave_api::{ApiOptions, openapi, scope};
use callweave_model::{Clock as _, SystemClock};
use http::Method;
use serde_json::{Value, json};

use crate::{
    documentation::operations,
    support::{Gateway, spoken},
};

/// An operation with its path filled in.
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: Method,
    /// Its path as it is documented.
    pub(crate) template: String,
    pub(crate) path: String,
    scopes: Vec<String>,
    pub(crate) body: Option<Value>,
    /// An idempotency key, where one is needed.
    pub(crate) key: String,
    about_something: bool,
    /// As it is documented.
    pub(crate) document: Value,
}

/// Every operation behind a key, about things that the first tenant really has.
pub(crate) async fn secured(gateway: &Gateway) -> Vec<Operation> {
    let connection = gateway.connect("main").await;
    let call = gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let media = gateway.get(&format!("/v1/calls/{call}/media")).await.json();
    let media = media["data"][0]["id"].as_str().unwrap().to_owned();
    let backfill = gateway
        .post(
            &format!("/v1/connections/{connection}/backfills"),
            &json!({"from": "2026-01-01T00:00:00Z"}),
        )
        .await
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let job = gateway.analyse(connection, "of-a-job").await;
    let agent = gateway.vendor.main().owned(|owned| owned.put_agent("A"));
    let batch = json!({
        "connection_id": connection, "agent": agent, "dialogs": [{"phone": "+99990001122"}],
    });
    let batch = gateway.hand_in("/v1/dialog-batches", &batch).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let key = gateway.key_of(gateway.tenant, &["keys:manage"]).await;
    let key = callweave_api::keys::parse(&key).unwrap().id.to_string();
    let erasure = json!({"client_id": "nobody"});
    let erasure = gateway.post("/v1/erasures", &erasure).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let document = serde_json::to_value(openapi()).unwrap();
    operations(&document)
        .into_iter()
        .filter(|(path, ..)| path.starts_with("/v1"))
        .map(|(path, method, operation)| {
            let id = if path.starts_with("/v1/calls") {
                call.to_string()
            } else if path.starts_with("/v1/api-keys") {
                key.clone()
            } else if path.starts_with("/v1/erasures") {
                erasure.clone()
            } else if path.starts_with("/v1/jobs") {
                job.clone()
            } else if path.starts_with("/v1/dialog-batches") {
                batch.clone()
            } else {
                connection.to_string()
            };
            let filled = path
                .replace("{id}", &id)
                .replace("{media_id}", &media)
                .replace("{backfill_id}", &backfill)
                .replace("{vendor}", "fake")
                .replace("{format}", "docx")
                .replace("{part}", "summary");
            let filled = [
                "rid", "iid", "tid", "aid", "sid", "fid", "kid", "did", "eid", "name", "path",
            ]
            .iter()
            .fold(filled, |path, id| path.replace(&format!("{{{id}}}"), "1"));
            Operation {
                name: format!("{method} {path}"),
                method: method.to_uppercase().parse().unwrap(),
                key: format!("{method}-{path}").replace(['{', '}'], ""),
                about_something: path.contains("{id}"),
                template: path.clone(),
                path: filled,
                document: operation.clone(),
                scopes: operation["x-required-scopes"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|scope| scope.as_str().unwrap().to_owned())
                    .collect(),
                body: operation["requestBody"].is_object().then(|| body(&path)),
            }
        })
        .collect()
}

/// A body that would do.
fn body(path: &str) -> Value {
    match path {
        "/v1/connections/{id}" => json!({"name": "renamed"}),
        "/v1/connections/{id}/credentials" => json!({"password": "correct"}),
        "/v1/connections/{id}/backfills" => json!({"from": "2026-01-01T00:00:00Z"}),
        "/v1/connections/{id}/deletions/approve" => json!({"ceiling": 1}),
        "/v1/calls/{id}" => json!({"client_metadata": {"a": 1}}),
        "/v1/connections/{id}/reports" => json!({"from": "2026-01-01", "to": "2026-01-31"}),
        _ => json!({}),
    }
}

#[tokio::test]
async fn case_104_every_operation_refuses_who_may_not() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    refuses_who_may_not(&gateway, &gateway.router, &operations).await;
}

#[tokio::test]
async fn case_104_another_replica_refuses_the_same() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    let replica = gateway.replica(ApiOptions {
        key_cache: Duration::ZERO,
        ..ApiOptions::default()
    });
    refuses_who_may_not(&gateway, &replica, &operations).await;
}

/// Tries every operation at one replica; keys are made, and end, beside it.
async fn refuses_who_may_not(gateway: &Gateway, replica: &Router, operations: &[Operation]) {
    assert!(operations.len() >= 100, "{}", operations.len());
    let stranger = gateway.tenant_named("second").await;
    let strange_key = gateway.key_of(stranger, &["*"]).await;
    let wrong = {
        let (good, other) = (&gateway.key, &strange_key);
        // Its own id, another one's secret, and a checksum that fits.
        let unchecked = format!("{}{}", &good[..41], &other[41..105]);
        format!("{unchecked}_{:08x}", crc32fast::hash(unchecked.as_bytes()))
    };
    assert!(callweave_api::keys::parse(&wrong).is_some());
    let expired = gateway.key_of(gateway.tenant, &["*"]).await;
    let revoked = gateway.key_of(gateway.tenant, &["*"]).await;
    for (key, revokes) in [(&expired, false), (&revoked, true)] {
        let id = callweave_api::keys::parse(key).unwrap().id;
        // It was in force a moment ago, here as well.
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str())];
        let before = gateway.send_to(replica, Method::GET, "/v1/calls", None, &headers);
        assert_eq!(before.await.status, 200);
        let now = SystemClock.now();
        let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
        let ended = if revokes {
            tx.revoke_api_key(id, now).await
        } else {
            tx.end_api_key(id, now).await
        };
        assert!(ended.unwrap());
        tx.commit().await.unwrap();
    }
    for operation in operations {
        let send = async |key: &str| {
            let headers = [
                ("authorization", key),
                ("idempotency-key", operation.key.as_str()),
            ];
            let body = operation.body.as_ref();
            gateway
                .send_to(
                    replica,
                    operation.method.clone(),
                    &operation.path,
                    body,
                    &headers,
                )
                .await
        };
        for key in [
            "",
            "Bearer",
            "Bearer x",
            "Basic dXNlcjpwYXNz",
            "Bearer cw_live_a_b_c",
            &format!("Bearer {wrong}"),
            &format!("Bearer {expired}"),
            &format!("Bearer {revoked}"),
        ] {
            let answer = send(key).await;
            assert_eq!(answer.status, 401, "{} with {key:?}", operation.name);
            assert_eq!(answer.code(), "gateway.unauthenticated");
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
        // Every scope but one of those that are needed.
        for missing in &operation.scopes {
            let others: Vec<&str> = scope::ALL
                .iter()
                .map(|(word, _)| *word)
                .filter(|word| word != missing && *word != "*")
                .collect();
            let key = gateway.key_of(gateway.tenant, &others).await;
            let answer = send(&format!("Bearer {key}")).await;
            assert_eq!(answer.status, 403, "{} without {missing}", operation.name);
            assert_eq!(answer.code(), "gateway.insufficient_scope");
            assert!(answer.header("www-authenticate").contains(missing.as_str()));
        }
        if operation.about_something {
            let answer = send(&format!("Bearer {strange_key}")).await;
            assert_eq!(answer.status, 404, "{} by a stranger", operation.name);
        }
    }
}

#[tokio::test]
async fn the_scopes_that_are_documented_suffice() {
    let gateway = Gateway::start().await;
    // What deletes and pauses comes last.
    let mut operations = secured(&gateway).await;
    operations.sort_by_key(|operation| {
        (
            operation.method == Method::DELETE,
            operation.name.ends_with("pause"),
        )
    });
    for operation in operations {
        let scopes: Vec<&str> = operation.scopes.iter().map(String::as_str).collect();
        let key = format!("Bearer {}", gateway.key_of(gateway.tenant, &scopes).await);
        let answer = gateway
            .send(
                operation.method,
                &operation.path,
                operation.body.as_ref(),
                &[("authorization", &key), ("idempotency-key", &operation.key)],
            )
            .await;
        assert!(
            !matches!(answer.status, 401 | 403 | 500),
            "{} answers {}",
            operation.name,
            answer.status
        );
    }
}

#[tokio::test]
async fn a_list_shows_nothing_of_another_tenant() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await;
    let stranger = gateway.tenant_named("second").await;
    let key = format!("Bearer {}", gateway.key_of(stranger, &["*"]).await);
    let headers = [("authorization", key.as_str())];
    for path in [
        "/v1/calls".to_owned(),
        format!("/v1/calls?connection_id={connection}"),
        "/v1/calls?q=umbrella".to_owned(),
        "/v1/connections".to_owned(),
    ] {
        let answer = gateway.get_with(&path, &headers).await;
        assert_eq!(answer.ids(), Vec::<String>::new(), "{path}");
        assert!(!answer.text().contains(&connection.to_string()), "{path}");
    }
    let registered = gateway
        .send(
            Method::POST,
            "/v1/calls",
            Some(&json!({"connection_id": connection, "remote_id": "b"})),
            &headers,
        )
        .await;
    assert_eq!(
        (registered.status, registered.pointer().as_str()),
        (404, "/connection_id")
    );
}

#[tokio::test]
async fn what_was_said_needs_a_scope_of_its_own() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let mut call = spoken("a", "2026-03-02T09:15:00Z");
    let mut attempt = callweave_model::call::Attempt::new(Some("attempt".to_owned()));
    attempt
        .dialog_events
        .push(callweave_model::call::DialogEvent {
            seq: 0,
            at: None,
            action: "say".to_owned(),
            data: json!({"text": "confidential words"}),
        });
    call.attempts.push(attempt);
    let id = gateway.put(connection, vec![call]).await[0];
    let key = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let key = format!("Bearer {key}");
    let headers = [("authorization", key.as_str())];
    for path in ["/v1/calls".to_owned(), format!("/v1/calls/{id}")] {
        let answer = gateway.get_with(&path, &headers).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.text().contains("confidential"), "{path}");
    }
    for path in [
        "/v1/calls?q=words".to_owned(),
        "/v1/calls?include=transcript".to_owned(),
        format!("/v1/calls/{id}/transcript"),
    ] {
        assert_eq!(
            gateway.get_with(&path, &headers).await.status,
            403,
            "{path}"
        );
    }
    let whole = gateway
        .get(&format!("/v1/calls/{id}?include=transcript"))
        .await;
    assert!(whole.text().contains("confidential"));
}
