//! What a tenant may do at a time, and who guesses keys.

use std::{net::SocketAddr, time::Duration};

use axum::{body::Body, extract::ConnectInfo};
use callweave_api::{ApiOptions, GuessLimits, TenantLimits, keys};
use callweave_model::{ApiKeyId, TenantId, ids::Ids as _, ids::RandomIds};
use callweave_provider_testkit::fake::operation;
use callweave_store::limits::Overrides;
use http::Request;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::support::{Answer, EventStream, Gateway, sample};

fn limited(limits: TenantLimits) -> ApiOptions {
    ApiOptions {
        key_cache: Duration::ZERO,
        limits: TenantLimits {
            refresh: Duration::ZERO,
            ..limits
        },
        ..ApiOptions::default()
    }
}

async fn grant(gateway: &Gateway, tenant: TenantId, limits: Overrides) {
    let mut tx = gateway.store.system().await.unwrap();
    tx.set_tenant_limits(tenant, limits).await.unwrap();
    tx.commit().await.unwrap();
}

async fn as_tenant(gateway: &Gateway, key: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {key}");
    gateway.get_with(path, &[("authorization", &bearer)]).await
}

#[tokio::test]
async fn a_tenant_that_asks_too_often_waits_and_others_do_not() {
    let gateway = Gateway::start_with(limited(TenantLimits {
        requests: 3,
        window: Duration::from_hours(1),
        ..TenantLimits::default()
    }))
    .await;
    for left in (0..3).rev() {
        let answer = gateway.get("/v1/calls").await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("ratelimit-policy"),
            "\"requests\";q=3;w=3600, \"concurrency\";q=192;qu=\"concurrent-requests\""
        );
        let told = answer.header("ratelimit");
        assert!(
            told.starts_with(&format!("\"requests\";r={left};t=")),
            "{told}"
        );
    }
    let refused = gateway.get("/v1/calls").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "gateway.rate_limited")
    );
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=1_200).contains(&wait), "{wait}");
    assert_eq!(refused.json()["retry_after_s"], wait);
    assert_eq!(refused.json()["retryable"], true);
    assert_eq!(
        refused.header("ratelimit"),
        format!("\"requests\";r=0;t={wait}")
    );
    let other = gateway.tenant_named("other").await;
    let key = gateway.key_of(other, &["*"]).await;
    assert_eq!(as_tenant(&gateway, &key, "/v1/calls").await.status, 200);
    let nobody = gateway
        .get_with("/v1/calls", &[("authorization", "Bearer x")])
        .await;
    assert_eq!(
        (nobody.status, nobody.header("ratelimit-policy")),
        (401, "")
    );
    // What the operator grants counts at once.
    let granted = Overrides {
        requests: Some(0),
        concurrency: Some(7),
        ..Overrides::default()
    };
    grant(&gateway, gateway.tenant, granted).await;
    let answer = gateway.get("/v1/calls").await;
    assert_eq!((answer.status, answer.header("ratelimit")), (200, ""));
    assert_eq!(
        answer.header("ratelimit-policy"),
        "\"concurrency\";q=7;qu=\"concurrent-requests\""
    );
}

#[tokio::test]
async fn case_086_a_tenant_with_slow_requests_takes_nobody_elses_place() {
    let gateway = Gateway::start_with(limited(TenantLimits::default())).await;
    let connection = gateway.connect("main").await;
    let granted = Overrides {
        concurrency: Some(2),
        ..Overrides::default()
    };
    grant(&gateway, gateway.tenant, granted).await;
    let vendor = gateway.vendor.main();
    vendor.delay(operation::CHECK, Duration::from_millis(700));
    let before = vendor.count(operation::CHECK);
    let path = format!("/v1/connections/{connection}/check");
    let body = json!({});
    let slow = || gateway.post(&path, &body);
    let meanwhile = async {
        while vendor.count(operation::CHECK) < before + 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let refused = gateway.get("/v1/calls").await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (429, "gateway.rate_limited")
        );
        assert_eq!(refused.header("retry-after"), "1");
        let other = gateway.tenant_named("other").await;
        let key = gateway.key_of(other, &["*"]).await;
        let served = as_tenant(&gateway, &key, "/v1/calls").await;
        assert_eq!(served.status, 200, "another tenant is not affected");
    };
    let (one, two, ()) = tokio::join!(slow(), slow(), meanwhile);
    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(gateway.get("/v1/calls").await.status, 200);
}

#[tokio::test]
async fn case_086_a_slow_query_is_given_up_and_others_are_served_meanwhile() {
    let mut gateway = Gateway::start_patient(Duration::from_millis(400)).await;
    gateway.connect("main").await;
    let slow = gateway.key.clone();
    let slow_tenant = gateway.tenant;
    gateway.tenant = gateway.tenant_named("other").await;
    gateway.key = gateway.key_of(gateway.tenant, &["*"]).await;
    gateway.connect("main").await;
    let policy = format!(
        "ALTER POLICY tenant_isolation ON connections USING (tenant_id = current_tenant() \
         AND (tenant_id <> '{slow_tenant}' OR pg_sleep(30)::text = ''))"
    );
    gateway.meddle(Box::leak(policy.into_boxed_str())).await;
    let path = "/v1/connections";
    let (refused, served) = tokio::join!(as_tenant(&gateway, &slow, path), gateway.get(path));
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "gateway.unavailable")
    );
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(served.ids().len(), 1, "another tenant is not affected");
}

#[tokio::test]
async fn exports_and_streams_have_limits_of_their_own() {
    let gateway = Gateway::start_with(limited(TenantLimits {
        exports: 1,
        ..TenantLimits::default()
    }))
    .await;
    let connection = gateway.connect("main").await;
    gateway
        .put(connection, vec![sample("a", "2026-03-02T09:15:00Z")])
        .await;
    let request = || {
        Request::get("/v1/calls/export")
            .header("authorization", format!("Bearer {}", gateway.key))
            .body(Body::empty())
            .unwrap()
    };
    let held = gateway.router.clone().oneshot(request()).await.unwrap();
    assert_eq!(held.status(), 200);
    let refused = gateway.get("/v1/calls/export").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "gateway.rate_limited")
    );
    assert_eq!(refused.header("retry-after"), "10");
    assert_eq!(gateway.get("/v1/calls").await.status, 200);
    drop(held);
    assert_eq!(gateway.get("/v1/calls/export").await.status, 200);
    let granted = Overrides {
        streams: Some(1),
        ..Overrides::default()
    };
    grant(&gateway, gateway.tenant, granted).await;
    let open = EventStream::open(&gateway, "", &[]).await;
    assert!(open.is_ok());
    let second = EventStream::open(&gateway, "", &[]).await.err().unwrap();
    assert_eq!(second.code(), "gateway.too_many_streams");
}

/// A key that nobody made.
fn invented() -> String {
    let made = keys::generate(ApiKeyId(RandomIds.next()), &mut rand::rng());
    made.text.expose_secret().to_owned()
}

/// A key with the id of a real one.
fn guessed(real: &str) -> String {
    let id = keys::parse(real).unwrap().id;
    let made = keys::generate(id, &mut rand::rng());
    made.text.expose_secret().to_owned()
}

async fn from(gateway: &Gateway, source: &str, key: &str) -> Answer {
    let peer: SocketAddr = source.parse().unwrap();
    let request = Request::get("/v1/calls")
        .header("authorization", format!("Bearer {key}"))
        .extension(ConnectInfo(peer))
        .body(Body::empty())
        .unwrap();
    gateway.raw(request).await
}

#[tokio::test]
async fn case_109_who_guesses_keys_is_not_listened_to() {
    let gateway = Gateway::start_with(ApiOptions {
        key_cache: Duration::ZERO,
        guesses: GuessLimits {
            failures: 5,
            window: Duration::from_hours(1),
        },
        ..ApiOptions::default()
    })
    .await;
    let (guesser, other) = ("192.0.2.1:999", "192.0.2.2:999");
    let fresh = gateway.key_of(gateway.tenant, &["*"]).await;
    assert_eq!(from(&gateway, guesser, &gateway.key).await.status, 200);
    // A mistyped key is no guess, and asks nobody.
    let mistyped = format!("{}0", &gateway.key[..gateway.key.len() - 1]);
    let mistyped = if mistyped == gateway.key {
        format!("{}1", &gateway.key[..gateway.key.len() - 1])
    } else {
        mistyped
    };
    for _ in 0..20 {
        assert_eq!(from(&gateway, guesser, &mistyped).await.status, 401);
    }
    for number in 0..5 {
        let guess = if number % 2 == 0 {
            invented()
        } else {
            guessed(&fresh)
        };
        let refused = from(&gateway, guesser, &guess).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (401, "gateway.unauthenticated")
        );
    }
    let asked = gateway.transactions().await;
    for number in 0..200 {
        let guess = if number % 2 == 0 {
            invented()
        } else {
            guessed(&fresh)
        };
        let refused = from(&gateway, guesser, &guess).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (429, "gateway.rate_limited")
        );
        assert!(!refused.header("retry-after").is_empty());
    }
    assert!(
        gateway.transactions().await - asked < 100,
        "guesses are refused without asking the database"
    );
    assert_eq!(
        from(&gateway, guesser, &fresh).await.status,
        429,
        "a right guess is not heard either"
    );
    assert_eq!(
        from(&gateway, guesser, &gateway.key).await.status,
        200,
        "who was known there before is"
    );
    assert_eq!(from(&gateway, other, &fresh).await.status, 200);
}

#[tokio::test]
async fn case_109_a_tenant_is_told_of_tries_with_its_keys() {
    let gateway = Gateway::start_with(ApiOptions {
        key_cache: Duration::ZERO,
        guesses: GuessLimits {
            failures: 100,
            window: Duration::from_millis(400),
        },
        ..ApiOptions::default()
    })
    .await;
    let key = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let id = keys::parse(&key).unwrap().id;
    for _ in 0..3 {
        from(&gateway, "192.0.2.1:999", &guessed(&key)).await;
    }
    from(&gateway, "192.0.2.9:999", &guessed(&key)).await;
    assert_eq!(
        gateway.delete(&format!("/v1/api-keys/{id}")).await.status,
        204
    );
    from(&gateway, "192.0.2.1:999", &key).await;
    let path = "/v1/audit-log?action=authentication.failed&order=asc";
    let entries = loop {
        let listed = gateway.get(path).await.json()["data"].clone();
        if listed.as_array().unwrap().len() == 3 {
            break listed;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let mut told: Vec<(String, String, u64)> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert_eq!(entry["resource"], format!("/v1/api-keys/{id}"));
            assert_eq!(entry["outcome"], "refused");
            assert_eq!(entry["actor"]["type"], "nobody");
            (
                entry["actor"]["source"].as_str().unwrap().to_owned(),
                entry["detail"]["reason"].as_str().unwrap().to_owned(),
                entry["count"].as_u64().unwrap(),
            )
        })
        .collect();
    told.sort();
    let expected = [
        ("192.0.2.1", "revoked", 1),
        ("192.0.2.1", "wrong_secret", 3),
        ("192.0.2.9", "wrong_secret", 1),
    ];
    let expected = expected.map(|(source, reason, count)| (source.into(), reason.into(), count));
    assert_eq!(told, expected);
}
