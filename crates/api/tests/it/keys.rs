//! API keys.

use std::time::Duration;

use callweave_api::ApiOptions;
use callweave_model::{Clock as _, SystemClock};
use serde_json::json;

use crate::support::Gateway;

#[tokio::test]
async fn a_key_is_made_used_and_revoked() {
    let gateway = Gateway::start_with(ApiOptions {
        key_cache: Duration::from_secs(60),
        ..ApiOptions::default()
    })
    .await;
    let made = gateway
        .post(
            "/v1/api-keys",
            &json!({"name": "CRM", "scopes": ["calls:read"]}),
        )
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let made = made.json();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(key.starts_with("cw_live_"));
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(gateway.get_with("/v1/calls", &headers).await.status, 200);
    assert_eq!(gateway.get_with("/v1/api-keys", &headers).await.status, 403);
    let listed = gateway.get("/v1/api-keys").await.text();
    assert!(listed.contains(id) && !listed.contains(key));
    assert_eq!(
        gateway.delete(&format!("/v1/api-keys/{id}")).await.status,
        204
    );
    assert_eq!(
        gateway.get_with("/v1/calls", &headers).await.status,
        401,
        "revoked at once where it was revoked, whatever is in memory"
    );
    assert_eq!(
        gateway.delete(&format!("/v1/api-keys/{id}")).await.status,
        404
    );
}

#[tokio::test]
async fn a_key_gives_away_no_scope_it_lacks() {
    let gateway = Gateway::start().await;
    let key = gateway
        .key_of(gateway.tenant, &["keys:manage", "calls:read"])
        .await;
    let bearer = format!("Bearer {key}");
    let send = async |scopes: serde_json::Value| {
        let body = json!({"name": "n", "scopes": scopes});
        gateway
            .send(
                http::Method::POST,
                "/v1/api-keys",
                Some(&body),
                &[("authorization", &bearer)],
            )
            .await
    };
    assert_eq!(send(json!(["calls:read"])).await.status, 201);
    assert_eq!(send(json!(["calls:read", "media:read"])).await.status, 403);
    assert_eq!(send(json!(["*"])).await.status, 403);
    assert_eq!(send(json!(["calls:fly"])).await.pointer(), "/scopes/0");
    assert_eq!(send(json!([])).await.pointer(), "/scopes");
}

#[tokio::test]
async fn a_key_ends_when_it_says() {
    let gateway = Gateway::start().await;
    let soon = SystemClock.now().plus(Duration::from_millis(700));
    let body = json!({"name": "n", "scopes": ["calls:read"], "expires_at": soon});
    let made = gateway.post("/v1/api-keys", &body).await.json();
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(gateway.get_with("/v1/calls", &headers).await.status, 200);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(gateway.get_with("/v1/calls", &headers).await.status, 401);
    let past = json!({"name": "n", "scopes": ["*"], "expires_at": "2020-01-01T00:00:00Z"});
    assert_eq!(
        gateway.post("/v1/api-keys", &past).await.pointer(),
        "/expires_at"
    );
}
