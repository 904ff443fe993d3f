//! What holds for every operation; made from the OpenAPI document, so that a new one is held to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use axum::body::Body;
use callweave_api::{ApiOptions, openapi};
use http::{HeaderValue, Method, Request};
use serde_json::{Value, json};

use crate::{
    authorization::{Operation, secured},
    support::{Answer, Gateway},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// What every answer carries, and every failure is.
fn assert_common(answer: &Answer, name: &str) {
    assert!(!answer.header("x-request-id").is_empty(), "{name}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
    let trace = answer.header("traceparent");
    assert!(
        trace.len() == 55 && trace.starts_with("00-"),
        "{name}: {trace}"
    );
    let passed = !answer.header("x-vendor-status").is_empty();
    if answer.status >= 400 && !passed && !answer.body.is_empty() {
        answer.code();
    }
}

async fn send(gateway: &Gateway, operation: &Operation, suffix: &str) -> Answer {
    let path = format!("{}{suffix}", operation.path);
    let headers = [("idempotency-key", operation.key.as_str())];
    let body = operation.body.as_ref();
    gateway
        .send(operation.method.clone(), &path, body, &headers)
        .await
}

/// Those that read, streams aside: they have no end.
fn reads(operations: &[Operation]) -> impl Iterator<Item = &Operation> {
    operations.iter().filter(|operation| {
        operation.method == Method::GET && !operation.template.ends_with("/stream")
    })
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405_with_those_it_takes() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    let mut paths: BTreeMap<&str, (&str, BTreeSet<String>)> = BTreeMap::new();
    for operation in &operations {
        let (_, methods) = paths
            .entry(&operation.template)
            .or_insert((&operation.path, BTreeSet::new()));
        methods.insert(operation.method.to_string());
        if operation.method == Method::GET {
            methods.insert("HEAD".to_owned());
        }
    }
    let mut refused = 0;
    for (template, (path, methods)) in &paths {
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS",
        ] {
            if methods.contains(method) {
                continue;
            }
            let name = format!("{method} {template}");
            for key in [format!("Bearer {}", gateway.key), "Bearer x".to_owned()] {
                let headers = [("authorization", key.as_str())];
                let answer = gateway
                    .send(method.parse().unwrap(), path, None, &headers)
                    .await;
                assert_eq!(answer.status, 405, "{name}");
                assert_common(&answer, &name);
                let allowed: BTreeSet<String> = answer
                    .header("allow")
                    .split(',')
                    .map(|method| method.trim().to_owned())
                    .collect();
                assert_eq!(&allowed, methods, "{name}");
                if method != "HEAD" {
                    assert_eq!(answer.code(), "gateway.method_not_allowed", "{name}");
                }
                refused += 1;
            }
        }
    }
    assert!(refused > 500, "{refused}");
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    let mut compared = 0;
    for operation in reads(&operations) {
        let name = &operation.name;
        let shown = send(&gateway, operation, "").await;
        let head = gateway.send(Method::HEAD, &operation.path, None, &[]).await;
        assert_common(&shown, name);
        assert_common(&head, name);
        assert_eq!(head.status, shown.status, "HEAD of {name}");
        assert!(head.body.is_empty(), "HEAD of {name}");
        for header in [
            "content-type",
            "etag",
            "cache-control",
            "content-disposition",
        ] {
            assert_eq!(
                head.header(header),
                shown.header(header),
                "{header} of {name}"
            );
        }
        compared += i32::from(shown.status == 200);
    }
    assert!(compared >= 30, "{compared}");
}

#[tokio::test]
async fn single_resources_are_tagged_and_not_sent_twice() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    let mut tagged = BTreeSet::new();
    for operation in reads(&operations) {
        let name = &operation.name;
        let documented = operation.document["responses"]["304"].is_object();
        let single =
            operation.template.ends_with('}') && !operation.template.contains("passthrough");
        let json =
            operation.document["responses"]["200"]["content"]["application/json"].is_object();
        assert!(documented || !(single && json), "{name} documents no 304");
        let shown = send(&gateway, operation, "").await;
        if !documented || shown.status != 200 {
            continue;
        }
        let tag = shown.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{name}: {tag}");
        for given in [tag.as_str(), "*", &format!("\"other\", {tag}")] {
            let known = gateway
                .get_with(&operation.path, &[("if-none-match", given)])
                .await;
            assert_eq!((known.status, known.body.len()), (304, 0), "{name} {given}");
            assert_eq!(known.header("etag"), tag, "{name}");
            assert_common(&known, name);
        }
        let other = gateway
            .get_with(&operation.path, &[("if-none-match", "\"other\"")])
            .await;
        assert_eq!(other.status, 200, "{name}");
        tagged.insert(operation.template.clone());
    }
    for template in [
        "/v1/calls/{id}",
        "/v1/connections/{id}",
        "/v1/api-keys/{id}",
        "/v1/jobs/{id}",
        "/v1/vendors/{vendor}",
        "/v1/dialog-batches/{id}",
        "/v1/connections/{id}/backfills/{backfill_id}",
    ] {
        assert!(tagged.contains(template), "{template} of {tagged:?}");
    }
}

#[tokio::test]
async fn a_change_upon_an_old_version_is_412_and_upon_the_current_one_is_made() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    let takes_tag = |operation: &&Operation| {
        let parameters = operation.document["parameters"].as_array();
        parameters
            .into_iter()
            .flatten()
            .any(|parameter| parameter["name"] == "If-Match")
    };
    let mut changes: Vec<&Operation> = operations.iter().filter(takes_tag).collect();
    changes.sort_by_key(|operation| operation.method == Method::DELETE);
    assert!(changes.len() >= 5, "{}", changes.len());
    for operation in changes {
        let name = &operation.name;
        let body = operation.body.as_ref();
        let change = async |tag: &str| {
            gateway
                .send(
                    operation.method.clone(),
                    &operation.path,
                    body,
                    &[("if-match", tag)],
                )
                .await
        };
        let stale = change("\"999-0123456789ab\"").await;
        assert_eq!(
            (stale.status, stale.code().as_str()),
            (412, "gateway.stale"),
            "{name}"
        );
        let unreadable = change("999").await;
        assert_eq!(unreadable.status, 400, "{name}");
        let shown = operation.path.trim_end_matches("/credentials");
        let current = gateway.get(shown).await.header("etag").to_owned();
        let made = change(&current).await;
        assert!(made.status < 300, "{name}: {} {:?}", made.status, made.body);
    }
}

#[tokio::test]
async fn every_operation_refuses_a_parameter_that_it_does_not_know() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    for operation in &operations {
        if operation.template.contains("passthrough") {
            continue;
        }
        let name = &operation.name;
        let refused = send(&gateway, operation, "?not_a_parameter=1").await;
        assert_eq!(
            (
                refused.status,
                refused.code().as_str(),
                refused.pointer().as_str()
            ),
            (400, "gateway.invalid_query", "/not_a_parameter"),
            "{name}"
        );
        assert_common(&refused, name);
    }
}

#[tokio::test]
async fn every_body_is_read_strictly() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    let mut tried = 0;
    for operation in &operations {
        let request = &operation.document["requestBody"];
        let takes_json = request["content"]["application/json"].is_object();
        if !takes_json || operation.template.contains("passthrough") {
            continue;
        }
        let name = &operation.name;
        for (number, (kind, body, status)) in [
            (Some("application/json"), "{", 400),
            (Some("application/json"), "", 400),
            (Some("application/json"), "[]", 422),
            (Some("application/json"), "{\"a\": \"\\u0000\"}", 422),
            (Some("text/plain"), "{}", 415),
            (None, "{}", 415),
        ]
        .into_iter()
        .enumerate()
        {
            let key = format!("{}-{number}", operation.key).replace('/', "-");
            let mut sent = Request::builder()
                .method(operation.method.clone())
                .uri(&operation.path)
                .header("idempotency-key", key)
                .header("authorization", format!("Bearer {}", gateway.key));
            if let Some(kind) = kind {
                sent = sent.header("content-type", kind);
            }
            let answer = gateway.raw(sent.body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.status, status, "{name} {body:?} as {kind:?}");
            assert_common(&answer, name);
        }
        tried += 1;
    }
    assert!(tried >= 25, "{tried}");
}

#[tokio::test]
async fn failures_of_every_kind_are_problems_that_are_documented() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    for operation in &operations {
        let name = &operation.name;
        let answer = if operation.template.ends_with("/stream") {
            continue;
        } else {
            send(&gateway, operation, "").await
        };
        assert_common(&answer, name);
        let passed = !answer.header("x-vendor-status").is_empty();
        let documented = &operation.document["responses"];
        assert!(
            passed || documented[answer.status.to_string()].is_object(),
            "{name} answers {}: {:?}",
            answer.status,
            answer.body
        );
    }
}

#[tokio::test]
async fn what_is_long_is_compressed_for_whom_reads_it() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    let mut compressed = 0;
    for operation in reads(&operations) {
        let plain = send(&gateway, operation, "").await;
        let kind = plain.header("content-type").to_owned();
        assert_eq!(plain.header("content-encoding"), "", "{}", operation.name);
        if plain.status != 200 || plain.body.len() < 2_000 || !kind.contains("json") {
            continue;
        }
        for encoding in ["gzip", "zstd"] {
            let short = gateway
                .get_with(&operation.path, &[("accept-encoding", encoding)])
                .await;
            let name = &operation.name;
            assert_eq!(short.header("content-encoding"), encoding, "{name}");
            assert!(short.body.len() < plain.body.len(), "{name}");
            let vary: Vec<&str> = short
                .headers
                .get_all("vary")
                .iter()
                .map(|value| value.to_str().unwrap())
                .collect();
            let vary = vary.join(",").to_ascii_lowercase();
            assert!(
                vary.contains("accept-encoding") && vary.contains("authorization"),
                "{vary}"
            );
            compressed += 1;
        }
    }
    assert!(compressed >= 4, "{compressed}");
}

#[tokio::test]
async fn browsers_may_call_from_where_the_operator_says() {
    let gateway = Gateway::start_with(ApiOptions {
        key_cache: Duration::ZERO,
        cors_origins: vec![HeaderValue::from_static("https://crm.example")],
        ..ApiOptions::default()
    })
    .await;
    let operations = secured(&gateway).await;
    for operation in &operations {
        let method = operation.method.as_str();
        let ask = |origin: &'static str| {
            let headers = [
                ("origin", origin),
                ("access-control-request-method", method),
                (
                    "access-control-request-headers",
                    "authorization, traceparent",
                ),
                ("authorization", "Bearer x"),
            ];
            let gateway = &gateway;
            async move {
                gateway
                    .send(Method::OPTIONS, &operation.path, None, &headers)
                    .await
            }
        };
        let name = &operation.name;
        let allowed = ask("https://crm.example").await;
        assert_eq!(allowed.status, 200, "{name}");
        assert_common(&allowed, name);
        assert_eq!(
            allowed.header("access-control-allow-origin"),
            "https://crm.example"
        );
        assert!(
            allowed
                .header("access-control-allow-methods")
                .contains(method)
        );
        let refused = ask("https://stranger.example").await;
        assert_eq!(refused.header("access-control-allow-origin"), "", "{name}");
    }
    let headers = [("origin", "https://crm.example")];
    for path in ["/v1/calls", "/v1/nowhere"] {
        let answer = gateway.get_with(path, &headers).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "https://crm.example"
        );
        let exposed = answer.header("access-control-expose-headers");
        for header in ["etag", "retry-after", "ratelimit", "x-request-id"] {
            assert!(exposed.contains(header), "{exposed}");
        }
    }
    let closed = Gateway::start().await;
    let answer = closed.get_with("/v1/calls", &headers).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_trace_goes_on_through_every_answer() {
    let gateway = Gateway::start().await;
    let sent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [("traceparent", sent.as_str()), ("x-request-id", "r-1")];
    let nobody = [headers[0], headers[1], ("authorization", "Bearer x")];
    let mut spans = BTreeSet::new();
    for (path, headers) in [
        ("/v1/calls", &headers[..]),
        ("/v1/calls?x=1", &headers),
        ("/v1/calls", &nobody),
        ("/v1/nowhere", &headers),
        ("/livez", &headers),
        ("/openapi.json", &headers),
    ] {
        let answer = gateway.get_with(path, headers).await;
        assert_common(&answer, path);
        assert_eq!(answer.header("x-request-id"), "r-1", "{path}");
        let parts: Vec<&str> = answer.header("traceparent").split('-').collect();
        assert_eq!(
            (parts[0], parts[1], parts[3]),
            ("00", TRACE, "01"),
            "{path}"
        );
        assert_ne!(parts[2], "00f067aa0ba902b7", "the span is ours");
        spans.insert(parts[2].to_owned());
    }
    assert_eq!(spans.len(), 6);
    for odd in ["", "x", "00-0-0-00"] {
        let answer = gateway.get_with("/livez", &[("traceparent", odd)]).await;
        assert_common(&answer, odd);
        assert!(!answer.header("traceparent").contains(TRACE));
    }
}

#[test]
fn every_answer_documents_what_it_carries() {
    let document = serde_json::to_value(openapi()).unwrap();
    for (path, method, operation) in crate::documentation::operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let name = format!("{method} {path} {status}");
            let headers = &response["headers"];
            let of_use = status.starts_with(['2', '3']) || status == "429";
            let known = path.starts_with("/v1") && of_use;
            for (header, told) in [
                ("X-Request-Id", true),
                ("traceparent", of_use),
                ("RateLimit", known),
                ("RateLimit-Policy", known),
            ] {
                assert_eq!(headers[header].is_object(), told, "{name} {header}");
            }
            if matches!(status.as_str(), "429" | "503") {
                assert!(headers["Retry-After"].is_object(), "{name}");
            }
        }
        if path.starts_with("/v1") {
            assert!(operation["responses"]["429"].is_object(), "{method} {path}");
            assert_ne!(operation["description"], Value::Null, "{method} {path}");
        }
    }
    let place = json!("#/components/headers/RateLimit");
    let shown = &document["paths"]["/v1/calls"]["get"]["responses"]["200"]["headers"]["RateLimit"];
    assert_eq!(shown["$ref"], place);
}
