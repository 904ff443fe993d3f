//! Several replicas on one database.

use std::time::{Duration, Instant};

use callweave_api::ApiOptions;
use callweave_model::ApiKeyId;
use http::Method;
use serde_json::json;

use crate::support::Gateway;

/// What the project promises.
const PROMISED: Duration = Duration::from_secs(1);

async fn status(gateway: &Gateway, replica: &axum::Router, key: &str) -> u16 {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let answer = gateway.send_to(replica, Method::GET, "/v1/calls", None, &headers);
    answer.await.status
}

#[tokio::test]
async fn a_revoked_key_and_its_tokens_end_on_every_replica_within_a_second() {
    // As it is configured unless told.
    let gateway = Gateway::start_with(ApiOptions::default()).await;
    let replica = gateway.replica(ApiOptions::default());
    let key = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let body = json!({});
    let token = gateway
        .send_to(
            &replica,
            Method::POST,
            "/v1/auth/token",
            Some(&body),
            &headers,
        )
        .await
        .json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    // Both replicas have it in memory.
    for router in [&gateway.router, &replica] {
        for shown in [&key, &token] {
            assert_eq!(status(&gateway, router, shown).await, 200);
        }
    }
    let ApiKeyId(id) = callweave_api::keys::parse(&key).unwrap().id;
    let revoked = gateway.delete(&format!("/v1/api-keys/{id}")).await;
    let at = Instant::now();
    assert_eq!(revoked.status, 204);
    assert_eq!(status(&gateway, &gateway.router, &key).await, 401);
    for shown in [&token, &key] {
        while status(&gateway, &replica, shown).await != 401 {
            assert!(at.elapsed() < PROMISED, "still in force");
        }
    }
    assert_eq!(status(&gateway, &gateway.router, &token).await, 401);
}

#[tokio::test]
async fn a_rotated_key_ends_everywhere_when_its_overlap_does() {
    let gateway = Gateway::start_with(ApiOptions::default()).await;
    let replica = gateway.replica(ApiOptions::default());
    let old = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    assert_eq!(status(&gateway, &replica, &old).await, 200);
    let id = callweave_api::keys::parse(&old).unwrap().id;
    let path = format!("/v1/api-keys/{id}/rotate");
    let rotated = gateway.post(&path, &json!({"keep_old_s": 0})).await;
    let at = Instant::now();
    assert_eq!(rotated.status, 201, "{:?}", rotated.body);
    let made = rotated.json();
    assert_eq!(made["scopes"], json!(["calls:read"]));
    let new = made["key"].as_str().unwrap().to_owned();
    assert_eq!(status(&gateway, &replica, &new).await, 200);
    assert_eq!(status(&gateway, &gateway.router, &old).await, 401);
    while status(&gateway, &replica, &old).await != 401 {
        assert!(at.elapsed() < PROMISED, "still in force");
    }
    assert_eq!(
        gateway.post(&path, &json!({})).await.status,
        404,
        "it has ended"
    );
    let next = format!("{}/rotate", rotated.header("location"));
    let kept = gateway.post(&next, &json!({"keep_old_s": 600})).await;
    assert_eq!(kept.status, 201);
    assert_eq!(
        status(&gateway, &replica, &new).await,
        200,
        "both are in force"
    );
    let odd = gateway.post(&next, &json!({"keep_old_s": 9_999_999})).await;
    assert_eq!((odd.status, odd.pointer().as_str()), (422, "/keep_old_s"));
}
