//! Every failure is a problem document.

use axum::body::Body;
use callweave_api::{ApiOptions, problem::codes};
use callweave_provider_testkit::fake::operation;
use http::{Method, Request};
use serde_json::json;

use crate::support::Gateway;

#[tokio::test]
async fn what_the_framework_refuses_is_a_problem_too() {
    let gateway = Gateway::start().await;
    let nowhere = gateway.get("/v1/nowhere").await;
    assert_eq!(
        (nowhere.status, nowhere.code().as_str()),
        (404, "gateway.not_found")
    );
    let outside = gateway.get("/nowhere").await;
    assert_eq!(
        (outside.status, outside.code().as_str()),
        (404, "gateway.not_found")
    );
    let method = gateway.send(Method::PUT, "/v1/calls", None, &[]).await;
    assert_eq!(
        (method.status, method.code().as_str()),
        (405, "gateway.method_not_allowed")
    );
    assert!(method.header("allow").contains("POST"));
}

#[tokio::test]
async fn bodies_of_the_wrong_type_or_size_are_refused() {
    let gateway = Gateway::start().await;
    let send = async |content_type: Option<&str>, body: String| {
        let mut request = Request::post("/v1/connections")
            .header("authorization", format!("Bearer {}", gateway.key));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        gateway.raw(request.body(Body::from(body)).unwrap()).await
    };
    let plain = send(Some("text/plain"), "{}".to_owned()).await;
    assert_eq!(
        (plain.status, plain.code().as_str()),
        (415, "gateway.unsupported_media_type")
    );
    let missing = send(None, "{}".to_owned()).await;
    assert_eq!(missing.status, 415);
    let broken = send(Some("application/json"), "{".to_owned()).await;
    assert_eq!(
        (broken.status, broken.code().as_str()),
        (400, "gateway.invalid_json")
    );
    let huge = send(Some("application/json"), " ".repeat(2 << 20)).await;
    assert_eq!(
        (huge.status, huge.code().as_str()),
        (413, "gateway.body_too_large")
    );
}

#[tokio::test]
async fn a_panic_is_a_problem_and_the_next_request_is_served() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    gateway.vendor.main().panic_next(operation::CHECK);
    let path = format!("/v1/connections/{connection}/check");
    let panicked = gateway.post(&path, &json!({})).await;
    assert_eq!(
        (panicked.status, panicked.code().as_str()),
        (500, "gateway.internal")
    );
    assert_eq!(gateway.post(&path, &json!({})).await.json()["ok"], true);
}

#[tokio::test]
async fn a_database_that_is_gone_is_503_with_a_pause() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.get("/readyz").await.status, 200);
    gateway.store.close().await;
    for path in ["/v1/calls", "/readyz"] {
        let gone = gateway.get(path).await;
        assert_eq!(
            (gone.status, gone.code().as_str()),
            (503, "gateway.unavailable")
        );
        assert_eq!(gone.header("retry-after"), "2");
        assert_eq!(gone.json()["retry_after_s"], 2);
        assert_eq!(gone.json()["retryable"], true);
    }
    assert_eq!(gateway.get("/livez").await.status, 200);
}

#[tokio::test]
async fn too_many_requests_at_once_are_turned_away() {
    let gateway = Gateway::start_with(ApiOptions {
        concurrency: 0,
        ..ApiOptions::default()
    })
    .await;
    let shed = gateway.get("/v1/calls").await;
    assert_eq!(
        (shed.status, shed.code().as_str()),
        (503, "gateway.overloaded")
    );
    assert_eq!(gateway.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_is_replaced() {
    let gateway = Gateway::start().await;
    let id = |sent: &'static str| {
        let gateway = &gateway;
        async move {
            let answer = gateway
                .get_with("/v1/nowhere", &[("x-request-id", sent)])
                .await;
            answer.code();
            answer.header("x-request-id").to_owned()
        }
    };
    assert_eq!(id("crm-42.a:b_c").await, "crm-42.a:b_c");
    for odd in ["a b", "<script>", "\"", &"x".repeat(129).leak()[..]] {
        let given = id(Box::leak(odd.to_owned().into_boxed_str())).await;
        assert!(given != odd && given.len() == 36, "{odd}");
    }
}

#[tokio::test]
async fn every_answer_carries_headers_that_protect() {
    let gateway = Gateway::start().await;
    for path in ["/v1/calls", "/v1/nowhere", "/docs/", "/livez"] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert!(
            !answer.header("content-security-policy").is_empty(),
            "{path}"
        );
        if path.starts_with("/v1") {
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn every_code_has_its_page() {
    let gateway = Gateway::start().await;
    for code in codes::ALL {
        let page = gateway.get(&format!("/docs/errors/{}.md", code.code)).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.text(), codes::page(code));
    }
    let kind = gateway.get("/v1/nowhere").await.json()["type"].clone();
    assert_eq!(gateway.get(kind.as_str().unwrap()).await.status, 200);
    assert_eq!(gateway.get("/docs/errors/none.md").await.status, 404);
}
