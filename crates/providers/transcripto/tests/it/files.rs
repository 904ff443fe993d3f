//! Original files, and failures in their place; tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callweave_model::{
    call::Media,
    enums::{FetchMode, MediaKind},
};
use callweave_provider::{
    ErrorKind,
    http_client::Answer,
    media::{MediaBody, MediaContent},
    token::Expiry,
};
use callweave_provider_testkit::{Caller, CannedClient, answers};
use futures::StreamExt as _;
use serde_json::json;

use crate::support::{CODE, caller, provider};

async fn open(answer: Answer) -> callweave_provider::Result<MediaBody> {
    let client = CannedClient::new().always(
        "GET",
        &format!("/get_file?file_type=audio&task_code={CODE}"),
        answer,
    );
    let provider = provider(&client);
    let media = Media::new("audio", MediaKind::OriginalUpload, FetchMode::VendorFile);
    let caller = caller();
    provider
        .media()
        .unwrap()
        .open(&caller.context(), CODE, &media)
        .await
}

#[tokio::test]
async fn trap_t44_a_failure_in_the_place_of_a_file_is_a_failure() {
    for (code, kind) in [
        (4021, ErrorKind::NotFound),
        (4046, ErrorKind::NotFound),
        (4023, ErrorKind::Unauthorized),
        (5000, ErrorKind::VendorFailure),
    ] {
        let body = json!({"success": false, "error_code": code}).to_string();
        for kind_told in [
            "application/json",
            "audio/wav",
            "application/octet-stream",
            "text/html",
        ] {
            let error = open(answers::typed(200, kind_told, body.clone()))
                .await
                .unwrap_err();
            assert_eq!(error.kind, kind, "{code} as {kind_told}");
        }
    }
    assert_eq!(
        open(answers::html(200)).await.unwrap_err().kind,
        ErrorKind::BadResponse
    );
    assert_eq!(
        open(answers::html(502)).await.unwrap_err().kind,
        ErrorKind::VendorFailure
    );
    assert_eq!(
        open(answers::typed(200, "audio/wav", ""))
            .await
            .unwrap_err()
            .kind,
        ErrorKind::BadResponse
    );
    assert_eq!(
        open(answers::ok(&json!({"success": true})))
            .await
            .unwrap_err()
            .kind,
        ErrorKind::BadResponse
    );
}

#[tokio::test]
async fn a_file_comes_piece_by_piece_and_is_named_by_its_bytes_where_the_vendor_is_silent() {
    let wave = b"RIFF\x04\0\0\0WAVE and the rest of it".as_slice();
    for (told, expected) in [
        ("audio/x-wav", "audio/x-wav"),
        ("application/octet-stream", "audio/wav"),
    ] {
        let body = open(answers::typed(200, told, wave)).await.unwrap();
        let MediaContent::Stream(mut pieces) = body.content else {
            panic!("no stream")
        };
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(bytes, wave);
        assert_eq!(body.content_type, expected);
    }
}

fn jwt(exp: i64) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.{}",
        part(r#"{"alg":"none"}"#),
        part(&format!(r#"{{"exp":{exp}}}"#)),
        part("s")
    )
}

#[tokio::test]
async fn trap_t07_a_token_that_was_handed_in_is_used_while_it_lives() {
    let provider = provider(&CannedClient::new());
    let grants = provider.token_grant().unwrap();
    let alive = Caller::new(&[("access_token", &jwt(1_800_000_000))]);
    let grant = grants.login(&alive.context()).await.unwrap();
    assert!(matches!(grant.expires, Expiry::At(end) if end.as_millis() == 1_800_000_000_000));
    assert!(grant.refresh_token.is_none());
    let expired = Caller::new(&[("access_token", &jwt(1_700_000_000))]);
    let error = grants.login(&expired.context()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidCredentials);
    let opaque = Caller::new(&[("access_token", "Bearer opaque")]);
    assert_eq!(
        grants.login(&opaque.context()).await.unwrap().expires,
        Expiry::Unknown
    );
    let nothing = Caller::new(&[]);
    assert_eq!(
        grants.login(&nothing.context()).await.unwrap_err().kind,
        ErrorKind::InvalidCredentials
    );
}

#[tokio::test]
async fn trap_t07_a_refused_login_is_definite_and_a_failing_one_is_not() {
    let caller = Caller::new(&[
        ("email", "anna@example.test"),
        ("password_hash", "h"),
        ("captcha_token", "c"),
    ]);
    for (answer, kind) in [
        (
            answers::ok(&json!({"error_code": 4001, "message": "captcha"})),
            ErrorKind::InvalidCredentials,
        ),
        (
            answers::ok(&json!({"error_code": 5000})),
            ErrorKind::VendorFailure,
        ),
        (answers::html(503), ErrorKind::VendorFailure),
        (
            answers::ok(&json!({"error_code": 0, "message": "ok"})),
            ErrorKind::VendorFailure,
        ),
    ] {
        let client = CannedClient::new().always("POST", "/auth/login", answer);
        let provider = provider(&client);
        let error = provider
            .token_grant()
            .unwrap()
            .login(&caller.context())
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind);
        let asked = client.requests().remove(0);
        assert!(!asked.headers.contains_key("authorization"));
        assert_eq!(asked.json()["captcha_token"], json!("c"));
    }
    let client = CannedClient::new().always(
        "POST",
        "/auth/login",
        answers::ok(&json!({"error_code": 0, "token": "t", "user_id": 1})),
    );
    let grant = provider(&client)
        .token_grant()
        .unwrap()
        .login(&caller.context())
        .await
        .unwrap();
    assert_eq!(grant.expires, Expiry::Unknown);
}
