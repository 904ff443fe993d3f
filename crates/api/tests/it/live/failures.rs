//! What vendors answer instead, and what it means for the caller and for the connection.

use callweave_provider::{ErrorKind, Retry};
use callweave_provider_testkit::fake::operation::{LOGIN, RUBRICS};
use http::Method;
use serde_json::json;

use super::Setup;

#[tokio::test]
async fn what_goes_wrong_while_reading_is_told() {
    let setup = Setup::new().await;
    let cases = [
        (ErrorKind::Forbidden, 502, "vendor.forbidden"),
        (ErrorKind::NotFound, 404, "vendor.not_found"),
        (ErrorKind::NotReady, 409, "vendor.not_ready"),
        (ErrorKind::InvalidRequest, 502, "vendor.request_rejected"),
        (ErrorKind::RateLimited, 503, "vendor.rate_limited"),
        (ErrorKind::QuotaExceeded, 502, "vendor.quota_exceeded"),
        (ErrorKind::Unsupported, 501, "vendor.unsupported"),
        (ErrorKind::VendorFailure, 502, "vendor.failure"),
        (ErrorKind::Transport, 504, "vendor.unreachable"),
        (ErrorKind::BadResponse, 502, "vendor.bad_response"),
    ];
    for (kind, status, code) in cases {
        setup.vendor.fail_next(RUBRICS, kind);
        let answer = setup.get("rubrics").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{kind:?}"
        );
        assert_eq!(answer.json()["vendor"]["operation"], RUBRICS);
    }
    let pause = Retry::After(std::time::Duration::from_secs(7));
    setup
        .vendor
        .fail_next_with(RUBRICS, ErrorKind::RateLimited, pause);
    assert_eq!(setup.get("rubrics").await.header("retry-after"), "7");
}

#[tokio::test]
async fn a_change_that_the_vendor_refuses_is_the_callers_to_mend() {
    let setup = Setup::new().await;
    let body = json!({"kind": "script", "name": "n"});
    setup.vendor.fail_next(RUBRICS, ErrorKind::InvalidRequest);
    let answer = setup.post("rubrics", &body).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (422, "vendor.request_rejected")
    );
}

#[tokio::test]
async fn a_post_without_a_known_outcome_is_never_sent_again() {
    let setup = Setup::new().await;
    let body = json!({"kind": "script", "name": "n"});
    let send = async |key: &str| {
        let headers = [("idempotency-key", key)];
        let path = setup.at("rubrics");
        setup
            .gateway
            .send(Method::POST, &path, Some(&body), &headers)
            .await
    };
    for kind in [
        ErrorKind::Transport,
        ErrorKind::BadResponse,
        ErrorKind::VendorFailure,
    ] {
        let key = format!("{kind:?}");
        setup.vendor.fail_next(RUBRICS, kind);
        let before = setup.vendor.count(RUBRICS);
        for attempt in 0..2 {
            let answer = send(&key).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (502, "vendor.outcome_unknown"),
                "{kind:?} {attempt}"
            );
            assert_eq!(answer.json()["retryable"], false);
        }
        assert_eq!(setup.vendor.count(RUBRICS), before + 1, "{kind:?}");
    }
    // What certainly was not done may be sent again under the same key.
    setup.vendor.fail_next(RUBRICS, ErrorKind::RateLimited);
    assert_eq!(send("later").await.status, 503);
    assert_eq!(send("later").await.status, 201);
    // A change that is the same twice needs no such care.
    setup.vendor.fail_next(RUBRICS, ErrorKind::Transport);
    let answer = setup.patch("rubrics/1", &json!({"name": "m"})).await;
    assert_eq!(answer.code(), "vendor.unreachable");
}

#[tokio::test]
async fn case_041_a_refused_token_is_renewed_once() {
    let setup = Setup::new().await;
    assert_eq!(setup.get("rubrics").await.status, 200);
    let logins = setup.vendor.count(LOGIN);
    setup.vendor.fail_next(RUBRICS, ErrorKind::Unauthorized);
    assert_eq!(setup.get("rubrics").await.status, 200);
    setup.vendor.refuse(RUBRICS, true);
    let refused = setup.get("rubrics").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (502, "vendor.forbidden"),
        "a fresh token that is refused says something about rights"
    );
    assert!(setup.vendor.count(LOGIN) <= logins + 2);
}

#[tokio::test]
async fn a_connection_whose_login_fails_is_left_alone() {
    let setup = Setup::new().await;
    let state = async || {
        let path = format!("/v1/connections/{}", setup.id);
        setup.gateway.get(&path).await.json()
    };
    setup.vendor.fail_next(RUBRICS, ErrorKind::Transport);
    setup.get("rubrics").await;
    let after = state().await;
    assert_eq!(after["state"], "active", "one answer says little");
    assert_eq!(after["health"]["last_error"]["code"], "vendor.unreachable");
    setup
        .vendor
        .fail_next(RUBRICS, ErrorKind::InvalidCredentials);
    let answer = setup.get("rubrics").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "connection.credentials_rejected")
    );
    assert_eq!(state().await["state"], "reauth_required");
    let asked = setup.vendor.count(RUBRICS);
    let answer = setup.get("rubrics").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "connection.reauth_required")
    );
    assert_eq!(setup.vendor.count(RUBRICS), asked, "nothing was sent");
}
