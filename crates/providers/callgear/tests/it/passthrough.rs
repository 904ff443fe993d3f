//! Requests in the vendor's own words.

use bytes::Bytes;
use callweave_provider::{
    ErrorKind, Retry,
    http_client::{Safety, TransportError},
    passthrough::PassRequest,
};
use callweave_provider_testkit::{CannedClient, answers};
use http::{HeaderValue, Method};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::{
    scene::Scene,
    support::{caller, provider, provider_with},
};

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

fn with_body(method: Method, path: &str, body: &Value) -> PassRequest {
    PassRequest {
        content_type: Some(HeaderValue::from_static("application/json")),
        body: Bytes::from(body.to_string()),
        ..request(method, path)
    }
}

#[tokio::test]
async fn a_request_goes_through_as_it_is_and_its_answer_comes_back_as_it_is() {
    let scene = Scene::new(5, json!({}), json!({})).await;
    let passthrough = scene.provider.passthrough().unwrap();
    let context = scene.caller.context();
    let mut listed = request(Method::GET, "scenario_result");
    listed.query = Some("_sort=id&_order=asc&_start=0&_end=2".to_owned());
    let answer = passthrough.forward(&context, listed).await.unwrap();
    assert_eq!(answer.status, 200);
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        body,
        scene.at_vendor("/scenario_result?_start=0&_end=2").await
    );
    let made = with_body(Method::POST, "tags", &json!({"name": "свой"}));
    let answer = passthrough.forward(&context, made).await.unwrap();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        scene.at_vendor(&format!("/tags/{}", body["id"])).await["name"],
        "свой"
    );
    for (path, status) in [
        ("scenario_result/1", 404),
        ("scenario_result/abc", 400),
        ("no/such", 404),
    ] {
        let answer = passthrough
            .forward(&context, request(Method::GET, path))
            .await
            .unwrap();
        assert_eq!(answer.status, status, "a refusal is an answer");
    }
    let stranger = caller().with_token("not-a-token");
    let refused = passthrough
        .forward(&stranger.context(), request(Method::GET, "tags"))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unauthorized);
}

#[tokio::test]
async fn what_is_sent_carries_the_connections_token_and_says_whether_it_reads() {
    let client = CannedClient::new().otherwise(|_| Ok(answers::empty(204)));
    let provider = provider_with(client.shared(), &json!({"auth_style": "key"}));
    let passthrough = provider.passthrough().unwrap();
    for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
        let mut asked = request(method, "x/y%20z");
        asked.query = Some("a=%26".to_owned());
        asked.accept_language = Some(HeaderValue::from_static("uz"));
        passthrough
            .forward(&caller().context(), asked)
            .await
            .unwrap();
    }
    let requests = client.requests();
    assert_eq!(requests[0].line(), "GET /api/v1.0/x/y%20z?a=%26");
    let safeties: Vec<Safety> = requests.iter().map(|request| request.safety).collect();
    assert_eq!(
        safeties,
        [Safety::Read, Safety::Read, Safety::Write, Safety::Write]
    );
    for request in requests {
        assert_eq!(request.operation, "passthrough");
        assert_eq!(request.headers["key"], "token-1");
        assert!(request.headers["key"].is_sensitive());
        assert_eq!(request.headers["accept-language"], "uz");
    }
    let client = CannedClient::new().fails("POST", "/api/v1.0/x", || TransportError::Timeout);
    let provider = crate::support::provider(&client);
    let passthrough = provider.passthrough().unwrap();
    let error = passthrough
        .forward(&caller().context(), request(Method::POST, "x"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Transport, Retry::Never)
    );
}

#[tokio::test]
async fn case_039_no_path_leaves_the_base_address() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let passthrough = provider.passthrough().unwrap();
    for path in [
        "",
        "/evil.example/x",
        "//evil.example/x",
        "../../x",
        "a/../x",
        "a/%2e%2E/x",
        "a%2f..",
        "a\\b",
        "a b",
        "a#b",
        "a?b",
        "a\u{0}b",
        "http://evil.example/x",
    ] {
        let outcome = passthrough
            .forward(&caller().context(), request(Method::GET, path))
            .await;
        match outcome {
            Ok(answer) => panic!("{path:?} went out: {answer:?}"),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::InvalidInput, "{path:?}");
                assert_eq!(error.pointer.as_deref(), Some("/path"));
            }
        }
    }
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn trap_c45_no_token_comes_through() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let passthrough = scene.provider.passthrough().unwrap();
    let context = scene.caller.context();
    let ours = scene.caller.access_token.as_ref().unwrap().expose_secret();
    let answer = passthrough
        .forward(&context, request(Method::GET, "tokens"))
        .await
        .unwrap();
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(!text.contains(ours));
    let rows: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        rows[0]["access_token"],
        format!("…{}", &ours[ours.len() - 4..])
    );
    assert_eq!(rows[0]["token_type"], "Bearer");
    assert!(
        !answer.headers.contains_key("content-length"),
        "it is not that long any more"
    );
    let id = rows[0]["id"].as_str().unwrap();
    for (method, path) in [
        (Method::DELETE, format!("tokens/{id}")),
        (Method::DELETE, format!("%74okens/{id}")),
        (Method::DELETE, format!("Tokens/{id}")),
        (Method::POST, "tokens".to_owned()),
        (Method::POST, "api-login".to_owned()),
    ] {
        let error = passthrough
            .forward(&context, request(method, &path))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput, "{path}");
    }
    assert_eq!((scene.asked("CG-35"), scene.asked("CG-36")), (0, 0));

    let echo = answers::with_header(
        answers::ok(&json!({"you": "sent token-1234567"})),
        "set-cookie",
        "a=b",
    );
    let client = CannedClient::new().always("GET", "/api/v1.0/x", echo);
    let canned = provider(&client);
    let passthrough = canned.passthrough().unwrap();
    let token = caller().with_token("token-1234567");
    let answer = passthrough
        .forward(&token.context(), request(Method::GET, "x"))
        .await
        .unwrap();
    assert_eq!(answer.body, "{\"you\":\"sent …4567\"}");
    assert!(!answer.headers.contains_key("set-cookie"));
    let cut = answers::typed(
        200,
        "application/json",
        r#"[{"access_token": "an-invented-token", "na"#,
    );
    let client = CannedClient::new().always("GET", "/api/v1.0/tokens", cut);
    let canned = provider(&client);
    let error = canned
        .passthrough()
        .unwrap()
        .forward(&caller().context(), request(Method::GET, "tokens"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
}

#[tokio::test]
async fn trap_c43_procedures_are_those_that_the_settings_allow_here_too() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let passthrough = scene.provider.passthrough().unwrap();
    let context = scene.caller.context();
    let call = |method: &str| json!({"id": "1", "method": method, "params": {}});
    let allowed = with_body(Method::POST, "rpc", &call("get.calls"));
    assert_eq!(
        passthrough.forward(&context, allowed).await.unwrap().status,
        200
    );
    for refused in [
        with_body(Method::POST, "rpc", &call("drop.all")),
        with_body(Method::POST, "rpc/", &json!([call("drop.all")])),
        request(Method::POST, "%72pc"),
    ] {
        let error = passthrough.forward(&context, refused).await.unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some("/method"));
    }
    assert_eq!(scene.asked("CG-31"), 1);
}
