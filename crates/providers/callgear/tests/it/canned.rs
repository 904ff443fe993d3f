//! Requests and refusals: what is sent, and what an odd answer means.

use callweave_provider::{Change, ErrorKind, Retry, media::MediaContent, token::Expiry};
use callweave_provider_testkit::{CannedClient, answers};
use futures::StreamExt as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::{caller, fetch, fixtures, provider, provider_with, result};

const TAGS: &str = "/api/v1.0/tags";
const LIST: &str = "/api/v1.0/scenario_result";

#[tokio::test]
async fn trap_c01_exactly_one_form_of_authentication_is_sent_and_marked() {
    let forms = [
        (json!({}), "authorization", "Bearer token-1"),
        (
            json!({"auth_style": "bearer"}),
            "authorization",
            "Bearer token-1",
        ),
        (
            json!({"auth_style": "cookie"}),
            "cookie",
            "access_token=token-1",
        ),
        (
            json!({"auth_style": "access_token"}),
            "access_token",
            "token-1",
        ),
        (json!({"auth_style": "key"}), "key", "token-1"),
    ];
    for (settings, name, value) in forms {
        let client = CannedClient::new().always("GET", TAGS, answers::ok(&json!([])));
        let provider = provider_with(client.shared(), &settings);
        provider.check(&caller().context()).await.unwrap();
        let request = &client.requests()[0];
        assert_eq!(request.headers[name], value);
        assert!(request.headers[name].is_sensitive());
        let carriers = ["authorization", "cookie", "access_token", "key"];
        let sent = carriers
            .iter()
            .filter(|name| request.headers.contains_key(**name))
            .count();
        assert_eq!(sent, 1, "{settings}");
        assert_eq!(request.headers["x-trace-id"], "test-request");
        assert!(!request.headers.contains_key("host"));
        assert_eq!(
            request.line(),
            "GET /api/v1.0/tags?_sort=id&_order=asc&_start=0&_end=1"
        );
    }
}

#[tokio::test]
async fn trap_c14_the_status_decides_and_the_best_message_is_told() {
    let cases = [
        (
            400,
            json!({"error": "Bad Request", "message": "no"}),
            ErrorKind::InvalidRequest,
            "no",
        ),
        (
            401,
            json!({"title": "Unauthorized", "detail": "gone"}),
            ErrorKind::Unauthorized,
            "gone",
        ),
        (
            403,
            json!({"title": "Forbidden"}),
            ErrorKind::Forbidden,
            "Forbidden",
        ),
        (404, json!({"error": "x"}), ErrorKind::NotFound, ""),
        (429, json!({}), ErrorKind::RateLimited, ""),
        (
            500,
            json!([{"id": 1, "point": "Greeted"}]),
            ErrorKind::VendorFailure,
            "",
        ),
        (
            500,
            json!({"error": "E", "message": "", "title": "T"}),
            ErrorKind::VendorFailure,
            "T",
        ),
        (503, json!("later"), ErrorKind::VendorFailure, "\"later\""),
    ];
    for (status, body, kind, message) in cases {
        let client = CannedClient::new().on("GET", TAGS, answers::json(status, &body));
        let error = provider(&client)
            .check(&caller().context())
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.status), (kind, Some(status)), "{body}");
        assert_eq!(error.message.unwrap_or_default(), message);
    }
    let slow_down = answers::with_header(answers::json(429, &json!({})), "retry-after", "7");
    let client = CannedClient::new().on("GET", TAGS, slow_down);
    let error = provider(&client)
        .check(&caller().context())
        .await
        .unwrap_err();
    assert_eq!(error.retry, Retry::After(std::time::Duration::from_secs(7)));
}

#[tokio::test]
async fn case_013_a_page_or_half_an_answer_is_no_list() {
    for answer in [
        answers::html(200),
        answers::empty(200),
        answers::typed(200, "application/json", "[{\"id\": 1}, {\"i"),
        answers::ok(&json!({"id": 1})),
        answers::ok(&json!(null)),
        answers::ok(&json!("later")),
    ] {
        let client = CannedClient::new().always("GET", LIST, answer.clone());
        let provider = provider(&client);
        let pull = provider.pull().unwrap();
        let walk = callweave_provider::Walk::Full;
        let page = pull.page(&caller().context(), "results", walk, None).await;
        assert_eq!(page.unwrap_err().kind, ErrorKind::BadResponse, "{answer:?}");
    }
    let client = CannedClient::new().always("GET", LIST, answers::empty(302));
    let provider = provider(&client);
    let walk = callweave_provider::Walk::Full;
    let page = provider
        .pull()
        .unwrap()
        .page(&caller().context(), "results", walk, None)
        .await;
    assert_eq!(page.unwrap_err().kind, ErrorKind::UnexpectedRedirect);
}

#[tokio::test]
async fn trap_c46_a_list_that_is_not_served_is_no_empty_account() {
    let client = CannedClient::new().always("GET", LIST, answers::json(404, &json!({})));
    let provider = provider(&client);
    let walk = callweave_provider::Walk::Full;
    let page = provider
        .pull()
        .unwrap()
        .page(&caller().context(), "results", walk, None)
        .await;
    assert_eq!(page.unwrap_err().kind, ErrorKind::NotFound);
    let session = callweave_provider::RecordRef::new("call_session", "5139032001");
    let lookup = provider.lookup().unwrap();
    let change = lookup
        .fetch(&caller().context(), &session, None)
        .await
        .unwrap();
    assert!(matches!(change, Change::NotReady { .. }), "{change:?}");
}

#[tokio::test]
async fn trap_c05_a_login_needs_no_more_than_a_token() {
    let login = fixtures().bytes("login.json");
    let client = CannedClient::new()
        .on("POST", "/api/v1.0/api-login", answers::ok_bytes(login))
        .on(
            "POST",
            "/api/v1.0/api-login",
            answers::ok(&json!({"access_token": "t"})),
        )
        .on(
            "POST",
            "/api/v1.0/api-login",
            answers::ok(&json!({"access_token": ""})),
        );
    let provider = provider(&client);
    let grants = provider.token_grant().unwrap();
    let caller = caller().at("2026-03-02T09:15:00Z");
    let grant = grants.login(&caller.context()).await.unwrap();
    assert_eq!(grant.access_token.expose_secret(), "an-invented-token");
    assert_eq!(
        grant.expires,
        Expiry::At("2026-04-01T10:46:55.182Z".parse().unwrap())
    );
    assert_eq!(
        grant.remote_id.as_deref(),
        Some("0c6f0c4e-0000-4000-8000-0000000000ff")
    );
    let bare = grants.login(&caller.context()).await.unwrap();
    assert_eq!((bare.expires, bare.remote_id), (Expiry::Unknown, None));
    let empty = grants.login(&caller.context()).await.unwrap_err();
    assert_eq!(empty.kind, ErrorKind::BadResponse);
    let request = &client.requests()[0];
    assert_eq!(
        request.json(),
        json!({"username": "anna", "password": "not-a-real-one"})
    );
    assert!(!request.headers.contains_key("authorization"));
    assert!(
        grants
            .refresh(&caller.context(), &"r".to_owned().into())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn case_046_only_a_definite_refusal_of_a_login_is_one() {
    for (status, kind) in [
        (401, ErrorKind::InvalidCredentials),
        (403, ErrorKind::Forbidden),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::VendorFailure),
        (502, ErrorKind::VendorFailure),
    ] {
        let body = json!({"type": "T", "title": "t", "status": status, "detail": "Refused"});
        let client =
            CannedClient::new().on("POST", "/api/v1.0/api-login", answers::json(status, &body));
        let provider = provider(&client);
        let error = provider
            .token_grant()
            .unwrap()
            .login(&caller().context())
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind);
        assert_eq!(error.message.as_deref(), Some("Refused"));
        assert!(!format!("{error:?} {error}").contains("not-a-real-one"));
    }
}

#[tokio::test]
async fn trap_c12_ids_that_are_no_numbers_never_reach_a_path() {
    for id in ["points", "../tags", "1/summary", "-1", "0", ""] {
        let change = fetch(&CannedClient::new(), id).await;
        assert!(matches!(change, Change::Gone { .. }), "{id}");
    }
    let provider = provider(&CannedClient::new());
    let lookup = provider.lookup().unwrap();
    assert_eq!(lookup.call_record_kind(), "call_session");
    assert!(lookup.validate_call_id("5139032004").is_ok());
    assert!(lookup.validate_call_id("1716207617.12").is_err());
}

#[tokio::test]
async fn a_result_that_is_gone_is_told_and_one_that_fails_is_an_error() {
    let path = "/api/v1.0/scenario_result/7";
    let client = CannedClient::new().on("GET", path, answers::json(404, &json!({})));
    assert!(matches!(fetch(&client, "7").await, Change::Gone { .. }));
    let failing = [
        (
            answers::json(500, &json!({"id": 7})),
            ErrorKind::VendorFailure,
        ),
        (answers::html(200), ErrorKind::BadResponse),
        (
            answers::typed(200, "application/json", "{\"id\": 7,"),
            ErrorKind::BadResponse,
        ),
        (answers::empty(204), ErrorKind::BadResponse),
        (answers::json(401, &json!({})), ErrorKind::Unauthorized),
    ];
    for (answer, kind) in failing {
        let client = CannedClient::new().on("GET", path, answer);
        let provider = provider(&client);
        let lookup = provider.lookup().unwrap();
        let found = lookup.fetch(&caller().context(), &result("7"), None).await;
        assert_eq!(found.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn a_part_that_fails_for_a_moment_fails_the_lookup() {
    let client = CannedClient::new()
        .on(
            "GET",
            "/api/v1.0/scenario_result/7",
            answers::ok(&json!({"id": 7, "call_session_id": 9})),
        )
        .on(
            "GET",
            "/api/v1.0/scenario_result/7/summary",
            answers::json(502, &json!({})),
        );
    let provider = provider(&client);
    let found = provider
        .lookup()
        .unwrap()
        .fetch(&caller().context(), &result("7"), None)
        .await;
    assert_eq!(found.unwrap_err().kind, ErrorKind::VendorFailure);
}

#[tokio::test]
async fn case_039_only_recordings_of_the_vendors_own_host_are_opened() {
    let sources = json!([
        "/records/1.mp3", {"url": "https://vendor.example/api/v1.0/records/2.mp3"},
        "//evil.example/3", "https://evil.example/4", "/../5", "/records/6?token=abc",
        {"channel": 1, "url": "/records/7"}, 8
    ]);
    let body = json!({"id": 7, "call_session_id": 9, "result": {"audio_sources": sources}});
    let client = CannedClient::new()
        .on("GET", "/api/v1.0/scenario_result/7", answers::ok(&body))
        .always(
            "GET",
            "/api/v1.0/records/1.mp3",
            answers::typed(200, "", b"ID3 invented".as_slice()),
        )
        .always(
            "GET",
            "/api/v1.0/records/2.mp3",
            answers::typed(200, "audio/mpeg", "x"),
        )
        .always("GET", "/api/v1.0/records/7", answers::html(200))
        .otherwise(|_| Ok(answers::json(404, &json!({}))));
    let upsert = crate::support::upsert(&client, "7").await;
    let paths: Vec<_> = upsert
        .call
        .media
        .iter()
        .filter_map(|m| m.remote_path.clone())
        .collect();
    assert_eq!(
        paths,
        ["/records/1.mp3", "/api/v1.0/records/2.mp3", "/records/7"]
    );
    assert_eq!(
        crate::support::analysis(&upsert.call).extra["audio_sources"],
        sources
    );
    assert_eq!(upsert.unmapped, Vec::<String>::new());
    let provider = provider(&client);
    let source = provider.media().unwrap();
    let caller = caller();
    let (context, media) = (caller.context(), &upsert.call.media);
    let mut body = source.open(&context, "9", &media[0]).await.unwrap();
    assert_eq!(body.content_type, "audio/mpeg");
    let MediaContent::Stream(stream) = &mut body.content else {
        panic!("not streamed")
    };
    let pieces: Vec<_> = stream.map(Result::unwrap).collect().await;
    assert_eq!(pieces.concat(), b"ID3 invented");
    assert!(source.open(&context, "9", &media[1]).await.is_ok());
    let page = source.open(&context, "9", &media[2]).await.unwrap_err();
    assert_eq!(page.kind, ErrorKind::BadResponse);
    let mut planted = media[0].clone();
    planted.remote_path = Some("https://evil.example/x".into());
    let refused = source.open(&context, "9", &planted).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotFound);
}

#[test]
fn settings_are_checked_with_pointers() {
    use callweave_provider::{ProviderFactory as _, Settings};
    use callweave_provider_callgear::CallGearFactory;
    let build = |settings: Value| {
        let Value::Object(members) = settings else {
            panic!("settings")
        };
        CallGearFactory.build(Settings(members), CannedClient::new().shared())
    };
    for good in [
        json!({}),
        json!({"channel_roles": {"0": "customer", "1": "agent"}, "timezone": "Europe/Berlin"}),
        json!({"start_base": 1, "page_size": 100, "transcript_source": "transcription"}),
        json!({"base_url": "http://127.0.0.1:8080/callgear/api/v1.0/"}),
    ] {
        assert!(build(good.clone()).is_ok(), "{good}");
    }
    for (bad, pointer) in [
        (json!({"base_url": "ftp://x"}), "/base_url"),
        (json!({"auth_style": "basic"}), "/auth_style"),
        (json!({"channel_roles": {"0": "boss"}}), "/channel_roles/0"),
        (
            json!({"channel_roles": {"left": "agent"}}),
            "/channel_roles/left",
        ),
        (json!({"timezone": "Mars/Base"}), "/timezone"),
        (json!({"start_base": 2}), "/start_base"),
        (json!({"page_size": 0}), "/page_size"),
        (json!({"refetch_days": 9_999}), "/refetch_days"),
        (json!({"colour": "blue"}), "/colour"),
    ] {
        assert_eq!(build(bad.clone()).unwrap_err().pointer, pointer, "{bad}");
    }
}

#[test]
fn the_account_is_named_by_host_and_user() {
    use callweave_provider::{ProviderFactory as _, Settings};
    use callweave_provider_callgear::CallGearFactory;
    let key = |base_url: Option<&str>| {
        let members = base_url.map(|url| ("base_url".to_owned(), json!(url)));
        let settings = Settings(members.into_iter().collect());
        CallGearFactory.account_key(&settings, &caller().credentials)
    };
    assert_eq!(key(None), "cg-dub-ca-api.callgear.ae/anna");
    assert_eq!(
        key(Some("https://V.example:8443/api")),
        "v.example:8443/anna"
    );
}

#[test]
fn the_manifest_is_whole() {
    use callweave_provider::ProviderFactory as _;
    let manifest = callweave_provider_callgear::CallGearFactory.manifest();
    let fields: Vec<_> = manifest
        .credential_fields
        .iter()
        .map(|field| field.name)
        .collect();
    assert_eq!(fields, ["username", "password"]);
    assert!(manifest.coverage.is_sorted_by_key(|entry| entry.operation));
    assert!(
        manifest
            .coverage
            .iter()
            .all(|entry| !entry.gateway_routes.is_empty())
    );
    let provider = provider(&CannedClient::new());
    assert!(provider.pull().is_some() && provider.lookup().is_some());
    assert!(provider.media().is_some() && provider.token_grant().is_some());
}
