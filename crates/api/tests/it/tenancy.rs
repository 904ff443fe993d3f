//! Tenants never meet, whatever a request holds and whatever becomes of it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::body::Body;
use callweave_api::ApiOptions;
use callweave_provider_testkit::fake::operation;
use http::{Method, Request};
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

use crate::{
    authorization::secured,
    support::{Answer, Gateway, sample, spoken},
};

/// Requests of the mix.
const MIXED: usize = 10_000;
/// Of them under way at a time: more than the pool has connections.
const AT_ONCE: usize = 16;

struct Side {
    bearer: String,
    own: Vec<String>,
    connection: String,
}

async fn ask(router: &axum::Router, side: &Side, method: Method, path: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", &side.bearer)
        .header("content-type", "application/json")
        .body(Body::from("{}"))
        .unwrap();
    Answer::read(router.clone().oneshot(request).await.unwrap()).await
}

/// Two tenants with a connection and some calls each.
async fn two_sides(gateway: &mut Gateway) -> [Side; 2] {
    let first = gateway.tenant;
    let second = gateway.tenant_named("second").await;
    let mut sides = Vec::new();
    for (tenant, letter) in [(first, "a"), (second, "b")] {
        gateway.tenant = tenant;
        gateway.key = gateway.key_of(tenant, &["*"]).await;
        let connection = gateway.connect("main").await;
        let calls =
            (0..3).map(|number| sample(&format!("{letter}-{number}"), "2026-03-02T09:15:00Z"));
        let ids = gateway.put(connection, calls.collect()).await;
        let mut own: Vec<String> = ids.iter().map(ToString::to_string).collect();
        own.sort();
        sides.push(Side {
            bearer: format!("Bearer {}", gateway.key),
            own,
            connection: connection.to_string(),
        });
    }
    sides.try_into().ok().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_105_ten_thousand_mixed_requests_see_their_own_tenant_or_nothing() {
    let mut gateway = Gateway::start_with(ApiOptions::default()).await;
    let sides = Arc::new(two_sides(&mut gateway).await);
    let gateway = Arc::new(gateway);
    let mut workers = Vec::new();
    for worker in 0..AT_ONCE {
        let (gateway, sides) = (gateway.clone(), sides.clone());
        workers.push(tokio::spawn(async move {
            for number in (worker..MIXED).step_by(AT_ONCE) {
                one_of_the_mix(&gateway, &sides, number).await;
            }
        }));
    }
    for worker in workers {
        worker.await.unwrap();
    }
}

async fn one_of_the_mix(gateway: &Gateway, sides: &[Side; 2], number: usize) {
    let (side, other) = (&sides[number % 2], &sides[(number + 1) % 2]);
    let router = &gateway.router;
    match number / 2 % 10 {
        // A foreign thing by its id.
        0 => {
            let path = format!("/v1/calls/{}", other.own[number % 3]);
            assert_eq!(ask(router, side, Method::GET, &path).await.status, 404);
        }
        // A statement that fails within its transaction is no answer, and leaves nothing.
        1 => {
            let refused = ask(router, side, Method::GET, "/v1/calls?cursor=AAAA").await;
            assert_eq!(refused.status, 400);
        }
        // A caller who leaves while the database works.
        2 => {
            let asked = ask(router, side, Method::GET, "/v1/calls?q=umbrella");
            let pause = Duration::from_micros((number % 40) as u64 * 50);
            drop(tokio::time::timeout(pause, asked).await);
        }
        // A handler that panics, now and then.
        3 if number % 200 < 20 => {
            gateway.vendor.main().panic_next(operation::CHECK);
            let path = format!("/v1/connections/{}/check", side.connection);
            ask(router, side, Method::POST, &path).await;
        }
        // A change that is refused half-way.
        4 => {
            let path = format!("/v1/connections/{}/pause", other.connection);
            assert_eq!(ask(router, side, Method::POST, &path).await.status, 404);
        }
        _ => {
            let mut ids = ask(router, side, Method::GET, "/v1/calls").await.ids();
            ids.sort();
            assert_eq!(ids, side.own, "request {number}");
        }
    }
}

#[tokio::test]
async fn case_107_what_belongs_to_another_tenant_is_not_there_wherever_it_is_named() {
    let mut gateway = Gateway::start().await;
    let [first, second] = two_sides(&mut gateway).await;
    let get = async |path: &str| ask(&gateway.router, &second, Method::GET, path).await;
    let send = async |method: Method, path: &str, headers: &[(&str, &str)], body: Value| {
        let mut all = vec![("authorization", second.bearer.as_str())];
        all.extend_from_slice(headers);
        gateway.send(method, path, Some(&body), &all).await
    };
    // In a body.
    for (path, body) in [
        (
            "/v1/calls",
            json!({"connection_id": first.connection, "remote_id": "x"}),
        ),
        (
            "/v1/analyses",
            json!({
                "connection_id": first.connection,
                "source": {"type": "vendor_call", "call_remote_id": "x"},
            }),
        ),
        (
            "/v1/dialogs",
            json!({"connection_id": first.connection, "agent": "A", "phone": "+99990001122"}),
        ),
    ] {
        let headers = [("idempotency-key", "k-body")];
        let refused = send(Method::POST, path, &headers, body).await;
        assert_eq!(
            (refused.status, refused.pointer().as_str()),
            (404, "/connection_id"),
            "{path}"
        );
    }
    // In a filter.
    for path in [
        format!("/v1/calls?connection_id={}", first.connection),
        format!("/v1/jobs?connection_id={}", first.connection),
        format!(
            "/v1/audit-log?resource=/v1/connections/{}",
            first.connection
        ),
    ] {
        assert_eq!(get(&path).await.ids(), Vec::<String>::new(), "{path}");
    }
    // In a cursor.
    for list in ["/v1/calls?limit=1", "/v1/audit-log?limit=1&order=asc"] {
        gateway
            .post(
                "/v1/api-keys",
                &json!({"name": "n", "scopes": ["calls:read"]}),
            )
            .await;
        ask(
            &gateway.router,
            &first,
            Method::POST,
            &format!("/v1/connections/{}/pause", first.connection),
        )
        .await;
        let page = ask(&gateway.router, &first, Method::GET, list).await.json();
        let cursor = page["next_cursor"].as_str().unwrap();
        let stolen = get(&format!("{list}&cursor={cursor}")).await;
        assert_eq!(stolen.code(), "gateway.invalid_cursor", "{list}");
    }
    // In If-Match, with a tag that is right.
    let place = format!("/v1/connections/{}", first.connection);
    let shown = ask(&gateway.router, &first, Method::GET, &place).await;
    let headers = [("if-match", shown.header("etag"))];
    let change = send(Method::PATCH, &place, &headers, json!({"name": "mine"})).await;
    assert_eq!(change.status, 404);
    // In an idempotency key: each tenant has its own.
    let body = json!({"name": "same", "scopes": ["calls:read"]});
    let mut made = Vec::new();
    for side in [&first, &second] {
        let headers = [
            ("authorization", side.bearer.as_str()),
            ("idempotency-key", "shared"),
        ];
        let answer = gateway
            .send(Method::POST, "/v1/api-keys", Some(&body), &headers)
            .await;
        assert_eq!(
            (answer.status, answer.header("idempotency-replayed")),
            (201, "")
        );
        made.push(answer.json()["key"].clone());
    }
    assert_ne!(made[0], made[1]);
}

/// The members that a body may have; `None` where it may have any.
fn members<'a>(document: &'a Value, schema: &'a Value) -> Option<&'a Map<String, Value>> {
    let schema = match schema["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    let open = schema["additionalProperties"].is_object();
    schema["properties"].as_object().filter(|_| !open)
}

/// A body as the documentation shows it.
fn example(content: &Value) -> Option<Value> {
    let named = content["examples"].as_object();
    let named = named.and_then(|examples| examples.values().next());
    let shown = named.map_or(&content["example"], |example| &example["value"]);
    shown.is_object().then(|| shown.clone())
}

#[tokio::test]
async fn case_108_members_that_are_not_the_callers_to_set_are_refused_where_they_stand() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    let document = serde_json::to_value(callweave_api::openapi()).unwrap();
    let mut tried = BTreeSet::new();
    for operation in operations {
        let content = &operation.document["requestBody"]["content"]["application/json"];
        let Some(known) = members(&document, &content["schema"]) else {
            continue;
        };
        for member in ["tenant_id", "state", "version", "secret", "id/../x"] {
            if known.contains_key(member) {
                continue;
            }
            let mut body = example(content).or_else(|| operation.body.clone()).unwrap();
            body[member] = json!("x");
            let key = format!("{}-{member}", operation.key).replace('/', "-");
            let headers = [("idempotency-key", key.as_str())];
            let refused = gateway
                .send(
                    operation.method.clone(),
                    &operation.path,
                    Some(&body),
                    &headers,
                )
                .await;
            assert_eq!(refused.status, 422, "{} {member}", operation.name);
            let pointer = format!("/{}", member.replace('/', "~1"));
            let problem = refused.json();
            let pointers: Vec<&Value> = problem["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|error| &error["pointer"])
                .collect();
            assert!(
                pointers.contains(&&json!(pointer)),
                "{} {member}: {problem}",
                operation.name
            );
        }
        tried.insert(operation.name);
    }
    for name in [
        "patch /v1/connections/{id}",
        "patch /v1/calls/{id}",
        "post /v1/connections",
        "post /v1/api-keys",
        "post /v1/auth/token",
    ] {
        assert!(tried.contains(name), "{name} of {tried:?}");
    }
    let connection = gateway.get("/v1/connections").await;
    assert!(!connection.ids().is_empty());
}

#[tokio::test]
async fn a_foreign_transcript_is_not_found_by_words() {
    let mut gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await;
    gateway.tenant = gateway.tenant_named("second").await;
    gateway.key = gateway.key_of(gateway.tenant, &["*"]).await;
    assert!(gateway.get("/v1/calls?q=umbrella").await.ids().is_empty());
    let export = gateway.get("/v1/calls/export?include=transcript").await;
    assert_eq!((export.status, export.text().as_str()), (200, ""));
}
