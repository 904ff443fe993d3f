//! Tokens in place of keys: made, taken, narrowed, and worth nothing once the key is gone.

use callweave_model::{Clock as _, SystemClock};
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{Answer, Gateway, tokens::SHARED};

/// Sends a request with this key or token.
async fn ask(
    gateway: &Gateway,
    method: Method,
    path: &str,
    shown: &str,
    body: Option<&Value>,
) -> Answer {
    let header = format!("Bearer {shown}");
    gateway
        .send(method, path, body, &[("authorization", &header)])
        .await
}

async fn get(gateway: &Gateway, path: &str, shown: &str) -> Answer {
    ask(gateway, Method::GET, path, shown, None).await
}

async fn token(gateway: &Gateway, key: &str, input: &Value) -> Value {
    let answer = ask(gateway, Method::POST, "/v1/auth/token", key, Some(input)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_token_opens_what_its_key_opens_and_no_more() {
    let gateway = Gateway::start().await;
    let key = gateway
        .key_of(gateway.tenant, &["calls:read", "keys:manage"])
        .await;
    let made = token(
        &gateway,
        &key,
        &json!({"scopes": ["calls:read"], "expires_in_s": 120}),
    )
    .await;
    assert_eq!(made["token_type"], "Bearer");
    assert_eq!(made["expires_in"], 120);
    let narrow = made["access_token"].as_str().unwrap();
    assert_eq!(get(&gateway, "/v1/calls", narrow).await.status, 200);
    let refused = get(&gateway, "/v1/api-keys", narrow).await;
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (403, Some("gateway.insufficient_scope"))
    );
    let wide = token(&gateway, &key, &json!({})).await;
    assert_eq!(
        get(
            &gateway,
            "/v1/api-keys",
            wide["access_token"].as_str().unwrap()
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn a_token_cannot_be_wider_longer_or_the_parent_of_another() {
    let gateway = Gateway::start().await;
    let key = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    for (input, status, pointer) in [
        (json!({"scopes": ["keys:manage"]}), 403, None),
        (json!({"scopes": ["nonsense"]}), 422, Some("/scopes/0")),
        (json!({"scopes": []}), 422, Some("/scopes")),
        (json!({"expires_in_s": 10}), 422, Some("/expires_in_s")),
        (json!({"expires_in_s": 86_400}), 422, Some("/expires_in_s")),
        (json!({"tenant_id": "x"}), 422, Some("/tenant_id")),
    ] {
        let answer = ask(&gateway, Method::POST, "/v1/auth/token", &key, Some(&input)).await;
        assert_eq!(answer.status, status, "{input} {:?}", answer.text());
        if let Some(pointer) = pointer {
            assert_eq!(
                answer.json()["errors"][0]["pointer"],
                pointer,
                "{:?}",
                answer.text()
            );
        }
    }
    let made = token(&gateway, &key, &json!({})).await;
    let text = made["access_token"].as_str().unwrap();
    let answer = ask(
        &gateway,
        Method::POST,
        "/v1/auth/token",
        text,
        Some(&json!({})),
    )
    .await;
    assert_eq!(answer.status, 403, "a token makes no token");
}

#[tokio::test]
async fn a_token_ends_with_its_key() {
    let gateway = Gateway::start().await;
    let key = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let made = token(&gateway, &key, &json!({})).await;
    let text = made["access_token"].as_str().unwrap();
    assert_eq!(get(&gateway, "/v1/calls", text).await.status, 200);
    let id = callweave_api::keys::parse(&key).unwrap().id;
    let path = format!("/v1/api-keys/{id}");
    let revoked = gateway.delete(&path).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(get(&gateway, "/v1/calls", text).await.status, 401);
}

#[tokio::test]
async fn a_trusted_issuers_token_opens_its_tenant_within_what_the_operator_allows() {
    let gateway = Gateway::start().await;
    let now = SystemClock.now().as_millis() / 1_000;
    let sign = |claims: &Value| {
        let key = EncodingKey::from_secret(SHARED.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
    };
    let good = json!({"iss": "https://login.example", "aud": "callweave", "sub": "agent-7",
        "iat": now, "exp": now + 300, "scope": "calls:read keys:manage"});
    assert_eq!(get(&gateway, "/v1/calls", &sign(&good)).await.status, 200);
    assert_eq!(
        get(&gateway, "/v1/api-keys", &sign(&good)).await.status,
        403
    );
    let mut other = good.clone();
    other["iss"] = json!("https://stranger.example");
    let refused = get(&gateway, "/v1/calls", &sign(&other)).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["code"], "gateway.unauthenticated");
}

#[tokio::test]
async fn the_signing_keys_are_public_and_hold_nothing_private() {
    let gateway = Gateway::start().await;
    let answer = gateway.get("/.well-known/jwks.json").await;
    assert_eq!(answer.status, 200);
    let set = answer.json();
    let key = &set["keys"][0];
    assert_eq!(
        (key["kty"].as_str(), key["use"].as_str()),
        (Some("OKP"), Some("sig"))
    );
    assert!(key.get("d").is_none());
}
