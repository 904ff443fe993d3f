//! Requests in the vendor's own words.

use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use callweave_api::ApiOptions;
use callweave_provider::{ErrorKind, http_client};
use callweave_provider_testkit::fake::operation::PASSTHROUGH;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use serde_json::json;

use super::Setup;

fn answer(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> http_client::Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::SET_COOKIE, HeaderValue::from_static("a=b"));
    headers.insert(header::SERVER, HeaderValue::from_static("vendor"));
    http_client::Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: body.into(),
    }
}

#[tokio::test]
async fn a_request_goes_through_with_what_describes_it_and_nothing_else() {
    let setup = Setup::new().await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let request = Request::builder()
            .method(method)
            .uri(setup.at("passthrough/a/b%20c?x=1&y=%2F"))
            .header("authorization", format!("Bearer {}", setup.gateway.key))
            .header("cookie", "session=canary")
            .header("x-odd", "canary")
            .header("content-type", "application/vnd.odd+json")
            .header("accept-language", "ru")
            .body(Body::from("{\"a\":1}"))
            .unwrap();
        let passed = setup.gateway.raw(request).await;
        assert_eq!(passed.status, 200);
        assert_eq!(passed.header("x-vendor-status"), "200");
        assert_eq!(
            passed.json(),
            json!({
                "method": method, "path": "a/b%20c", "query": "x=1&y=%2F",
                "content_type": "application/vnd.odd+json", "accept_language": "ru",
                "body": "{\"a\":1}",
            })
        );
        assert_eq!(passed.header("cache-control"), "no-store");
        assert_eq!(passed.header("x-content-type-options"), "nosniff");
    }
    let head = setup
        .gateway
        .send(Method::HEAD, &setup.at("passthrough/a"), None, &[])
        .await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let sent = setup
        .vendor
        .owned(|owned| owned.passed.last().unwrap().method.clone());
    assert_eq!(sent, Method::HEAD);
}

#[tokio::test]
async fn the_vendors_status_and_body_come_as_they_are() {
    let setup = Setup::new().await;
    for (status, told, shown, body) in [
        (201, "application/json", "application/json", "{\"id\":1}"),
        (
            404,
            "application/json",
            "application/json",
            "{\"message\":\"no\"}",
        ),
        (
            409,
            "text/plain",
            "text/plain; charset=utf-8",
            "other errors",
        ),
        (418, "text/html", "text/plain; charset=utf-8", "<b>tea</b>"),
        (500, "image/svg+xml", "application/octet-stream", "<svg/>"),
        (503, "application/json", "application/json", "{}"),
    ] {
        setup
            .vendor
            .owned(|owned| owned.pass_answer = Some(answer(status, told, body)));
        let passed = setup.get("passthrough/x").await;
        assert_eq!(passed.status, status);
        assert_eq!(passed.header("x-vendor-status"), status.to_string());
        assert_eq!(passed.header("content-type"), shown);
        assert_eq!(passed.text(), body);
        for header in ["set-cookie", "server", "location"] {
            assert_eq!(passed.header(header), "");
        }
        assert!(passed.header("content-security-policy").contains("sandbox"));
    }
    setup
        .vendor
        .fail_next(PASSTHROUGH, ErrorKind::UnexpectedRedirect);
    let redirected = setup.get("passthrough/x").await;
    assert_eq!(redirected.code(), "vendor.unexpected_redirect");
    assert_eq!(redirected.header("x-vendor-status"), "", "our own answer");
}

#[tokio::test]
async fn the_connections_own_secrets_do_not_come_back() {
    let setup = Setup::new().await;
    setup.get("passthrough/x").await;
    let (access, refresh) = setup.vendor.tokens(|tokens| {
        let (access, refresh) = tokens.in_use().unwrap();
        (access.to_owned(), refresh.to_owned())
    });
    let body = format!("{{\"t\":\"{access}\",\"r\":\"{refresh}\",\"p\":\"correct\",\"other\":1}}");
    setup
        .vendor
        .owned(|owned| owned.pass_answer = Some(answer(200, "application/json", body)));
    let passed = setup.get("passthrough/tokens").await;
    assert_eq!(
        passed.json(),
        json!({"t": "[redacted]", "r": "[redacted]", "p": "[redacted]", "other": 1})
    );
}

#[tokio::test]
async fn case_017_no_path_leads_out_of_the_base_address() {
    let setup = Setup::new().await;
    for path in [
        "../x",
        "a/../../x",
        "%2e%2e/x",
        "..;/x",
        "/etc",
        "a//b",
        "http:%2f%2fevil.example",
        "http://evil.example",
        "a%2fb",
        "a%5cb",
        "a%00",
        "%252e%252e/x",
        "a%zz",
    ] {
        let refused = setup.get(&format!("passthrough/{path}")).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "gateway.invalid_passthrough_path"),
            "{path}"
        );
    }
    assert_eq!(setup.get("passthrough/").await.status, 404);
    assert_eq!(setup.vendor.count(PASSTHROUGH), 0);
}

#[tokio::test]
async fn a_token_is_renewed_once_and_what_acts_is_sent_once() {
    let setup = Setup::new().await;
    setup.vendor.fail_next(PASSTHROUGH, ErrorKind::Unauthorized);
    assert_eq!(setup.get("passthrough/x").await.status, 200);
    let before = setup.vendor.count(PASSTHROUGH);
    setup.vendor.fail_next(PASSTHROUGH, ErrorKind::Transport);
    let send = async || {
        let headers = [("idempotency-key", "pass")];
        let path = setup.at("passthrough/x");
        setup
            .gateway
            .send(Method::POST, &path, Some(&json!({})), &headers)
            .await
    };
    for _ in 0..2 {
        assert_eq!(send().await.code(), "vendor.outcome_unknown");
    }
    assert_eq!(setup.vendor.count(PASSTHROUGH), before + 1);
    let path = format!("/v1/connections/{}", setup.id);
    let shown = setup.gateway.get(&path).await.json();
    assert_eq!(shown["health"]["last_error"], json!(null), "says nothing");
}

#[tokio::test]
async fn a_kept_answer_comes_back_byte_by_byte() {
    let setup = Setup::new().await;
    let bytes: &[u8] = b"\x00\xff\xfePDF";
    let send = async |key: &str| {
        let headers = [("idempotency-key", key)];
        let path = setup.at("passthrough/x");
        setup
            .gateway
            .send(Method::POST, &path, Some(&json!({})), &headers)
            .await
    };
    for status in [200, 500] {
        let given = answer(status, "application/pdf", bytes);
        setup.vendor.owned(|owned| owned.pass_answer = Some(given));
        let key = format!("key-{status}");
        let (first, second) = (send(&key).await, send(&key).await);
        for shown in [&first, &second] {
            assert_eq!(shown.status, status);
            assert_eq!(&shown.body[..], bytes);
            assert_eq!(shown.header("x-vendor-status"), status.to_string());
            assert_eq!(shown.header("content-type"), "application/pdf");
        }
        assert_eq!(second.header("idempotency-replayed"), "true");
    }
    // A vendor that says no has not done it.
    let given = answer(422, "application/json", "{}");
    setup.vendor.owned(|owned| owned.pass_answer = Some(given));
    assert_eq!(send("again").await.status, 422);
    assert_eq!(send("again").await.status, 200);
}

#[tokio::test]
async fn the_scope_and_the_size_are_held() {
    let setup = Setup::new().await;
    let key = setup
        .gateway
        .key_of(setup.gateway.tenant, &["vendor:read", "vendor:write"])
        .await;
    let key = format!("Bearer {key}");
    let refused = setup
        .gateway
        .get_with(&setup.at("passthrough/x"), &[("authorization", &key)])
        .await;
    assert_eq!(refused.code(), "gateway.insufficient_scope");
    let large = json!({"a": "x".repeat(1024 * 1024)});
    let refused = setup.post("passthrough/x", &large).await;
    assert_eq!(refused.code(), "gateway.body_too_large");
    assert_eq!(setup.vendor.count(PASSTHROUGH), 0);
}

#[tokio::test]
async fn requests_to_one_connection_leave_the_database_alone_but_for_their_entries() {
    const REQUESTS: i64 = 150;
    let setup = Setup::with(remembering()).await;
    assert_eq!(setup.get("passthrough/x").await.status, 200);
    let before = setup.gateway.transactions().await;
    for _ in 0..REQUESTS {
        assert_eq!(setup.get("passthrough/x").await.status, 200);
    }
    let spent = setup.gateway.transactions().await - before;
    assert!(
        (REQUESTS..REQUESTS + 50).contains(&spent),
        "{spent} transactions for {REQUESTS} requests, each of which is in the audit log"
    );
}

#[tokio::test]
async fn requests_at_a_time_are_all_in_the_audit_log_when_they_are_answered() {
    let setup = Setup::with(remembering()).await;
    let paths: Vec<String> = (0..60)
        .map(|number| setup.at(&format!("passthrough/{number}")))
        .collect();
    let asked = paths.iter().map(|path| setup.gateway.get(path));
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.status, 200);
    }
    let path = "/v1/audit-log?action=passthrough&limit=100";
    let entries = setup.gateway.get(path).await.json();
    assert_eq!(
        entries["data"].as_array().map(Vec::len),
        Some(60),
        "{entries}"
    );
}

#[tokio::test]
async fn what_is_done_to_a_connection_holds_for_the_next_request() {
    let setup = Setup::with(remembering()).await;
    let status = async || setup.get("passthrough/x").await.status;
    assert_eq!(status().await, 200);
    setup.act("pause").await;
    assert_eq!(status().await, 409);
    setup.act("resume").await;
    assert_eq!(status().await, 200);
    let credentials = json!({"credentials": {"password": "correct", "client_secret": "another"}});
    let replaced = setup
        .gateway
        .send(
            Method::PUT,
            &setup.at("credentials"),
            Some(&credentials),
            &[],
        )
        .await;
    assert!(replaced.status < 500, "{}", replaced.text());
    assert_eq!(status().await, 200);
    let connection = format!("/v1/connections/{}", setup.id);
    assert_eq!(setup.gateway.delete(&connection).await.status, 204);
    assert_eq!(status().await, 404);
}

#[tokio::test]
async fn another_replica_forgets_a_connection_within_a_second() {
    let setup = Setup::with(ApiOptions::default()).await;
    let replica = setup.gateway.replica(ApiOptions::default());
    let path = setup.at("passthrough/x");
    let status = async || {
        let asked = setup
            .gateway
            .send_to(&replica, Method::GET, &path, None, &[]);
        asked.await.status
    };
    assert_eq!(status().await, 200);
    let connection = format!("/v1/connections/{}", setup.id);
    assert_eq!(setup.gateway.delete(&connection).await.status, 204);
    let gone = Instant::now();
    while status().await != 404 {
        assert!(gone.elapsed() < Duration::from_secs(1), "still served");
    }
}

#[tokio::test]
async fn a_tenant_does_not_reach_what_another_has_open() {
    let setup = Setup::with(remembering()).await;
    assert_eq!(setup.get("passthrough/x").await.status, 200);
    let other = setup.gateway.tenant_named("other").await;
    let key = format!("Bearer {}", setup.gateway.key_of(other, &["*"]).await);
    let answer = setup
        .gateway
        .get_with(&setup.at("passthrough/x"), &[("authorization", &key)])
        .await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_token_that_is_renewed_is_hidden_from_then_on() {
    let setup = Setup::with(remembering()).await;
    assert_eq!(setup.get("passthrough/x").await.status, 200);
    let first = setup
        .vendor
        .tokens(|tokens| tokens.in_use().unwrap().0.to_owned());
    setup.vendor.fail_next(PASSTHROUGH, ErrorKind::Unauthorized);
    assert_eq!(setup.get("passthrough/x").await.status, 200);
    let (access, refresh) = setup.vendor.tokens(|tokens| {
        let (access, refresh) = tokens.in_use().unwrap();
        (access.to_owned(), refresh.to_owned())
    });
    assert_ne!(access, first);
    let body = format!("{{\"t\":\"{access}\",\"r\":\"{refresh}\",\"before\":\"{first}\"}}");
    setup
        .vendor
        .owned(|owned| owned.pass_answer = Some(answer(200, "application/json", body)));
    assert_eq!(
        setup.get("passthrough/tokens").await.json(),
        json!({"t": "[redacted]", "r": "[redacted]", "before": "[redacted]"})
    );
}

/// What was found stays in memory longer than a test takes.
fn remembering() -> ApiOptions {
    ApiOptions {
        key_cache: Duration::from_hours(1),
        ..ApiOptions::default()
    }
}
