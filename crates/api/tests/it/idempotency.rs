//! Requests that are sent twice.

use std::time::Duration;

use callweave_provider::ErrorKind;
use callweave_provider_testkit::fake::operation;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Answer, Gateway};

async fn send(gateway: &Gateway, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("idempotency-key", key)];
    gateway.send(Method::POST, path, Some(body), &headers).await
}

fn input(name: &str) -> Value {
    json!({"vendor": "fake", "name": name, "credentials": {"password": "correct"}})
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_is_done_once() {
    let gateway = Gateway::start().await;
    let first = send(&gateway, "/v1/connections", "one", &input("a")).await;
    assert_eq!(first.status, 201, "{:?}", first.body);
    let again = send(&gateway, "/v1/connections", "one", &input("a")).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(gateway.get("/v1/connections").await.ids().len(), 1);
    let other_body = send(&gateway, "/v1/connections", "one", &input("b")).await;
    assert_eq!(
        (other_body.status, other_body.code().as_str()),
        (422, "gateway.idempotency_key_reused")
    );
    let other_path = send(&gateway, "/v1/api-keys", "one", &input("a")).await;
    assert_eq!(other_path.code(), "gateway.idempotency_key_reused");
    let fresh = send(&gateway, "/v1/connections", "two", &input("a")).await;
    assert_eq!(fresh.code(), "gateway.connection_exists");
}

#[tokio::test]
async fn answers_belong_to_the_key_that_got_them() {
    let gateway = Gateway::start().await;
    let body = json!({"name": "n", "scopes": ["calls:read"]});
    let first = send(&gateway, "/v1/api-keys", "k", &body).await;
    let again = send(&gateway, "/v1/api-keys", "k", &body).await;
    assert_eq!(first.json()["key"], again.json()["key"]);
    let weak = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let bearer = format!("Bearer {weak}");
    let headers = [("idempotency-key", "k"), ("authorization", &bearer)];
    let refused = gateway
        .send(Method::POST, "/v1/api-keys", Some(&body), &headers)
        .await;
    assert_eq!(refused.status, 403, "no other key gets the answer");
    let unknown = [("idempotency-key", "k"), ("authorization", "Bearer x")];
    let refused = gateway
        .send(Method::POST, "/v1/api-keys", Some(&body), &unknown)
        .await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn a_failed_request_may_be_sent_again() {
    let gateway = Gateway::start().await;
    let vendor = gateway.vendor.main();
    vendor.fail_next(operation::LOGIN, ErrorKind::InvalidCredentials);
    let refused = send(&gateway, "/v1/connections", "k", &input("a")).await;
    assert_eq!(refused.status, 422);
    let made = send(&gateway, "/v1/connections", "k", &input("a")).await;
    assert_eq!(made.status, 201);
    let path = format!("{}/check", made.header("location"));
    vendor.panic_next(operation::CHECK);
    let panicked = send(&gateway, &path, "p", &json!({})).await;
    assert_eq!(
        (panicked.status, panicked.code().as_str()),
        (500, "gateway.internal")
    );
    assert_eq!(send(&gateway, &path, "p", &json!({})).await.status, 200);
}

#[tokio::test]
async fn a_request_under_way_is_not_begun_again() {
    let gateway = Gateway::start().await;
    gateway
        .vendor
        .main()
        .delay(operation::LOGIN, Duration::from_millis(600));
    let body = input("a");
    let (first, second) = tokio::join!(send(&gateway, "/v1/connections", "k", &body), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        send(&gateway, "/v1/connections", "k", &body).await
    });
    assert_eq!(first.status, 201);
    assert_eq!(
        (second.status, second.code().as_str()),
        (409, "gateway.request_under_way")
    );
    assert_eq!(second.header("retry-after"), "1");
}

#[tokio::test]
async fn case_081_a_caller_who_leaves_finds_the_answer_later() {
    let gateway = Gateway::start().await;
    gateway
        .vendor
        .main()
        .delay(operation::LOGIN, Duration::from_millis(300));
    let body = input("a");
    let left = tokio::time::timeout(
        Duration::from_millis(150),
        send(&gateway, "/v1/connections", "k", &body),
    );
    assert!(left.await.is_err());
    tokio::time::sleep(Duration::from_millis(600)).await;
    let again = send(&gateway, "/v1/connections", "k", &body).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(gateway.get("/v1/connections").await.ids().len(), 1);
}

#[tokio::test]
async fn odd_keys_are_refused_and_reads_need_none() {
    let gateway = Gateway::start().await;
    let long = "x".repeat(256);
    for odd in ["a b", "\u{e4}", long.as_str()] {
        let refused = send(&gateway, "/v1/connections", odd, &input("a")).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "gateway.bad_request")
        );
    }
    let read = gateway
        .get_with("/v1/calls", &[("idempotency-key", "k")])
        .await;
    assert_eq!(read.status, 200);
}

#[tokio::test]
async fn the_answer_about_a_deleted_call_is_forgotten() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let body = json!({"connection_id": connection, "remote_id": "c-1"});
    let made = send(&gateway, "/v1/calls", "k", &body).await;
    assert_eq!(made.status, 201);
    gateway.delete(made.header("location")).await;
    let again = send(&gateway, "/v1/calls", "k", &body).await;
    assert_eq!(again.header("idempotency-replayed"), "");
}

/// The hash that names a request.
fn hash_of(path: &str, body: &Value) -> Vec<u8> {
    Sha256::new()
        .chain_update((path.len() as u64).to_be_bytes())
        .chain_update(path)
        .chain_update(body.to_string())
        .finalize()
        .to_vec()
}

#[tokio::test]
async fn what_is_kept_of_a_request_tells_nothing_without_the_keys() {
    let gateway = Gateway::start().await;
    let body = json!({"name": "n", "scopes": ["calls:read"]});
    assert_eq!(send(&gateway, "/v1/api-keys", "k", &body).await.status, 201);
    // Whoever guesses a body and hashes it does not find it.
    let guessed = hash_of("/v1/api-keys", &body);
    let (is_found, sealed): (bool, Vec<u8>) = sqlx::query_as(
        "SELECT position(encode($1, 'hex') IN idempotency_keys::text) > 0, sealed_request \
         FROM idempotency_keys",
    )
    .bind(&guessed)
    .fetch_one(&gateway.pool().await)
    .await
    .unwrap();
    assert!(!is_found);
    assert!(sealed.len() > guessed.len());
}

#[tokio::test]
async fn a_request_is_known_by_the_plain_hash_of_the_release_before() {
    let gateway = Gateway::start().await;
    let body = json!({"name": "n", "scopes": ["calls:read"]});
    let first = send(&gateway, "/v1/api-keys", "k", &body).await;
    sqlx::query("UPDATE idempotency_keys SET sealed_request = NULL, request_hash = $1")
        .bind(hash_of("/v1/api-keys", &body))
        .execute(&gateway.pool().await)
        .await
        .unwrap();
    let again = send(&gateway, "/v1/api-keys", "k", &body).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    let other = json!({"name": "other", "scopes": ["calls:read"]});
    let refused = send(&gateway, "/v1/api-keys", "k", &other).await;
    assert_eq!(refused.code(), "gateway.idempotency_key_reused");
}

#[tokio::test]
async fn a_request_that_cannot_be_read_any_more_is_not_carried_out_again() {
    let gateway = Gateway::start().await;
    let body = json!({"name": "n", "scopes": ["calls:read"]});
    assert_eq!(send(&gateway, "/v1/api-keys", "k", &body).await.status, 201);
    sqlx::query("UPDATE idempotency_keys SET sealed_request = sealed_answer")
        .execute(&gateway.pool().await)
        .await
        .unwrap();
    let again = send(&gateway, "/v1/api-keys", "k", &body).await;
    assert_eq!(
        (again.status, again.code().as_str()),
        (409, "gateway.conflict")
    );
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM api_keys WHERE name = 'n'")
        .fetch_one(&gateway.pool().await)
        .await
        .unwrap();
    assert_eq!(made, 1);
}
