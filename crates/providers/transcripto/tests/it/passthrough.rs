//! Requests in the vendor's own words.

use bytes::Bytes;
use callweave_provider::{
    ErrorKind, Provider,
    http_client::{Answer, Safety, TransportError},
    passthrough::PassRequest,
};
use callweave_provider_testkit::{Caller, CannedClient, answers, live::Live};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::Vendor;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use crate::support::{caller, provider, refused};

fn request(method: Method, path: &str) -> PassRequest {
    PassRequest {
        method,
        path: path.to_owned(),
        query: None,
        content_type: None,
        accept_language: None,
        body: Bytes::new(),
    }
}

async fn forward(
    provider: &dyn Provider,
    caller: &Caller,
    request: PassRequest,
) -> callweave_provider::Result<Answer> {
    provider
        .passthrough()
        .unwrap()
        .forward(&caller.context(), request)
        .await
}

#[tokio::test]
async fn what_the_caller_writes_reaches_the_vendor_and_comes_back_as_it_is() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 5).await;
    let provider = live.provider.as_ref();
    let mut ask = request(Method::GET, "tasks/filter");
    ask.query = Some("page=1&per_page=2".to_owned());
    let answer = forward(provider, &live.caller, ask).await.unwrap();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["tasks"].as_array().unwrap().len(), 2);
    let mut make = request(Method::POST, "user/directories");
    make.content_type = Some(HeaderValue::from_static("application/json"));
    make.body = Bytes::from_static(br#"{"name": "By hand"}"#);
    let answer = forward(provider, &live.caller, make).await.unwrap();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["directory"]["name"], "By hand");
    // A refusal is the vendor's answer.
    let mut missing = request(Method::GET, "gettask");
    missing.query = Some("task_code=none".to_owned());
    let answer = forward(provider, &live.caller, missing).await.unwrap();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["error_code"], 4021);
    let unknown = forward(provider, &live.caller, request(Method::GET, "no/such/path")).await;
    assert_eq!(unknown.unwrap().status, 404);
    live.sandbox
        .world()
        .expire_tokens(Vendor::Transcripto, false);
    let refused = forward(provider, &live.caller, request(Method::GET, "checklist")).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Unauthorized);
}

#[tokio::test]
async fn trap_t05_a_refused_token_is_an_error_under_either_name_and_status() {
    for (answer, expected) in [
        (answers::ok(&refused(4012)), Some(ErrorKind::Unauthorized)),
        (
            answers::ok(&json!({"errorcode": "4023"})),
            Some(ErrorKind::Unauthorized),
        ),
        (
            answers::json(401, &json!({})),
            Some(ErrorKind::Unauthorized),
        ),
        (answers::ok(&refused(4044)), None),
        (answers::html(502), None),
        (answers::typed(200, "audio/wav", "RIFF 4012"), None),
        (answers::ok(&json!([{"error_code": 4012}])), None),
    ] {
        let client = CannedClient::new().always("GET", "/checklist", answer.clone());
        let outcome = forward(
            provider(&client).as_ref(),
            &caller(),
            request(Method::GET, "checklist"),
        )
        .await;
        match expected {
            Some(kind) => assert_eq!(outcome.unwrap_err().kind, kind),
            None => assert_eq!(outcome.unwrap().body, answer.body),
        }
    }
    let login = CannedClient::new().always("POST", "/auth/login", answers::ok(&refused(4023)));
    let outcome = forward(
        provider(&login).as_ref(),
        &caller(),
        request(Method::POST, "auth/login"),
    )
    .await;
    assert!(
        outcome.is_ok(),
        "what a login refuses is not the connection's token"
    );
}

#[tokio::test]
async fn requests_carry_the_token_and_stay_below_the_address() {
    let client = CannedClient::new()
        .always(
            "POST",
            "/user/call_check_scripts/list",
            answers::ok(&json!({})),
        )
        .fails("GET", "/checklist", || TransportError::Timeout);
    let provider = provider(&client);
    let mut ask = request(Method::POST, "user/call_check_scripts/list");
    ask.accept_language = Some(HeaderValue::from_static("ru"));
    forward(provider.as_ref(), &caller(), ask).await.unwrap();
    let sent = &client.requests()[0];
    assert_eq!(
        (sent.operation, sent.safety),
        ("passthrough", Safety::Write)
    );
    assert_eq!(sent.headers["accept-language"], "ru");
    assert!(sent.headers["authorization"].is_sensitive());
    let timed_out = forward(
        provider.as_ref(),
        &caller(),
        request(Method::GET, "checklist"),
    )
    .await;
    assert_eq!(timed_out.unwrap_err().kind, ErrorKind::Transport);
    let asked = client.requests();
    assert_eq!(asked[1].safety, Safety::Read);
    assert_eq!(
        asked[1].headers["accept-language"], "en",
        "the connection's own"
    );
    for odd in ["", "/evil.example/x", "../x", "a/%2e%2e/b", "a\\b", "a b"] {
        let refused = forward(provider.as_ref(), &caller(), request(Method::GET, odd)).await;
        assert_eq!(
            refused.unwrap_err().kind,
            ErrorKind::InvalidInput,
            "{odd:?}"
        );
    }
    assert_eq!(client.requests().len(), 2);
}
