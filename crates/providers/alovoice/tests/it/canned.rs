//! Requests and refusals: what is sent, and what an odd answer means.

use callweave_provider::{Change, ErrorKind, ProviderFactory as _, Settings, media::MediaContent};
use callweave_provider_alovoice::AloVoiceFactory;
use callweave_provider_testkit::{Caller, CannedClient, answers};
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::support::{
    CALL, TOKEN, TOKEN_SEGMENT, caller, change, fixtures, path, provider, provider_with, record,
    upsert,
};

#[tokio::test]
async fn trap_a01_the_token_stands_in_the_path_and_nowhere_else() {
    let result = fixtures().bytes("result.json");
    let client = CannedClient::new().on("GET", &path(CALL), answers::ok_bytes(result));
    let provider = provider(&client);
    let lookup = provider.lookup().unwrap();
    let change = lookup
        .fetch(&caller().context(), &record(CALL), None)
        .await
        .unwrap();
    let request = &client.requests()[0];
    assert_eq!(
        request.line(),
        format!("GET /callgetairesult/{TOKEN_SEGMENT}/{CALL}")
    );
    assert_eq!(request.operation, "AV-02");
    assert_eq!(
        request
            .headers
            .keys()
            .map(http::HeaderName::as_str)
            .collect::<Vec<_>>(),
        ["accept"]
    );
    let shown = format!("{change:?} {provider:?} {:?}", caller().credentials);
    assert!(!shown.contains(TOKEN) && !shown.contains(TOKEN_SEGMENT));
}

#[tokio::test]
async fn trap_a01_an_answer_that_repeats_the_path_is_redacted() {
    let echo = format!("Cannot GET /callgetairesult/{TOKEN_SEGMENT}/1 for {TOKEN}");
    let failed = change(CALL, answers::typed(500, "text/plain", echo))
        .await
        .unwrap_err();
    let shown = format!("{failed:?} {failed} {:?}", failed.message);
    assert!(shown.contains("Cannot GET"), "{shown}");
    assert!(
        !shown.contains(TOKEN) && !shown.contains(TOKEN_SEGMENT),
        "{shown}"
    );

    let mut body = fixtures().json("result.json");
    body["answer"]["stereoaudio"] = json!(format!("/stereo/{TOKEN_SEGMENT}/{CALL}"));
    body["answer"]["note"] = json!(TOKEN);
    let upsert = upsert(&body).await;
    let kept = format!("{upsert:?}");
    assert!(
        !kept.contains(TOKEN) && !kept.contains(TOKEN_SEGMENT),
        "{kept}"
    );
    let media = &upsert.call.media[0];
    assert_eq!(
        media.remote_path.as_deref(),
        Some("/stereo/{token}/1772443200.17")
    );
    let target = format!("/stereo/{TOKEN_SEGMENT}/{CALL}");
    let client = CannedClient::new().on("GET", &target, answers::typed(200, "audio/wav", "x"));
    let provider = provider(&client);
    provider
        .media()
        .unwrap()
        .open(&caller().context(), CALL, media)
        .await
        .unwrap();
}

#[tokio::test]
async fn trap_a02_looking_up_never_submits() {
    let client = CannedClient::new().otherwise(|_| Ok(answers::ok(&json!({"answer": null}))));
    let provider = provider(&client);
    provider.check(&caller().context()).await.unwrap();
    let lookup = provider.lookup().unwrap();
    lookup
        .fetch(&caller().context(), &record(CALL), None)
        .await
        .unwrap();
    assert!(
        client
            .lines()
            .iter()
            .all(|line| line.starts_with("GET /callgetairesult/"))
    );
    assert!(
        client.lines()[0].ends_with("/0"),
        "the check asks for a call that cannot exist"
    );
}

#[tokio::test]
async fn trap_a03_whatever_is_no_result_is_not_ready() {
    for body in [
        json!({"answer": null}),
        json!({}),
        json!({"answer": "not found"}),
        json!({"answer": []}),
        json!({"answer": [{"stalk": []}]}),
        json!({"answer": {}}),
        json!({"answer": 7}),
        json!({"error": "no such call"}),
        json!([]),
        json!("later"),
        json!(null),
    ] {
        match change(CALL, answers::ok(&body)).await.unwrap() {
            Change::NotReady { call, raw, .. } => {
                assert!(call.is_none() && raw.len() == 1, "{body}");
            }
            other => unreachable!("{body}: {other:?}"),
        }
    }
    for status in [202, 204, 400, 404, 409, 410, 422, 425] {
        let found = change(CALL, answers::html(status)).await.unwrap();
        assert!(matches!(found, Change::NotReady { .. }), "{status}");
    }
}

#[tokio::test]
async fn trap_a03_whatever_concerns_the_moment_or_the_account_is_an_error() {
    let cases = [
        (answers::html(200), ErrorKind::BadResponse),
        (answers::empty(200), ErrorKind::BadResponse),
        (
            answers::typed(200, "text/plain", "please wait"),
            ErrorKind::BadResponse,
        ),
        (
            answers::typed(200, "application/json", "{\"answer\": {\"sta"),
            ErrorKind::BadResponse,
        ),
        (answers::empty(304), ErrorKind::BadResponse),
        (answers::empty(302), ErrorKind::UnexpectedRedirect),
        (answers::html(401), ErrorKind::InvalidCredentials),
        (answers::html(403), ErrorKind::Forbidden),
        (answers::html(429), ErrorKind::RateLimited),
        (answers::html(502), ErrorKind::VendorFailure),
    ];
    for (answer, kind) in cases {
        let error = change(CALL, answer.clone()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{answer:?}");
        assert!(
            error
                .message
                .as_deref()
                .is_none_or(|text| !text.contains('<'))
        );
    }
    let broken = change(CALL, answers::ok_bytes(b"{\"answer\": }".as_slice()))
        .await
        .unwrap();
    assert!(matches!(broken, Change::Quarantined { .. }));
}

#[tokio::test]
async fn the_check_tells_a_refused_token_from_anything_else() {
    for (status, kind) in [
        (401, Some(ErrorKind::InvalidCredentials)),
        (403, Some(ErrorKind::InvalidCredentials)),
        (500, Some(ErrorKind::VendorFailure)),
        (404, None),
        (400, None),
    ] {
        let client = CannedClient::new().on("GET", &path("0"), answers::html(status));
        let checked = provider(&client).check(&caller().context()).await;
        assert_eq!(checked.err().map(|error| error.kind), kind, "{status}");
    }
    let without = Caller::new(&[("token", "  ")]);
    let checked = provider(&CannedClient::new())
        .check(&without.context())
        .await;
    assert_eq!(checked.unwrap_err().kind, ErrorKind::InvalidCredentials);
}

#[tokio::test]
async fn trap_a16_ids_are_checked_and_encoded() {
    let call = "pbx 7?#%&д";
    let encoded = "pbx%207%3F%23%25%26%D0%B4";
    let client =
        CannedClient::new().on("GET", &path(encoded), answers::ok(&json!({"answer": null})));
    let provider = provider(&client);
    let lookup = provider.lookup().unwrap();
    lookup
        .fetch(&caller().context(), &record(call), None)
        .await
        .unwrap();
    client.assert_all_used();
    for bad in ["", "a/b", "..", "a\\b", "a\u{7}"] {
        assert!(lookup.validate_call_id(bad).is_err(), "{bad:?}");
        let refused = lookup
            .fetch(&caller().context(), &record(bad), None)
            .await
            .unwrap();
        assert!(matches!(refused, Change::Quarantined { .. }));
    }
    assert_eq!(client.requests().len(), 1);
    assert!(lookup.validate_call_id(CALL).is_ok());
    assert_eq!(lookup.call_record_kind(), "call");
}

#[tokio::test]
async fn case_039_trap_a08_recordings_are_opened_on_the_vendors_own_host_only() {
    for (link, kept) in [
        ("/stereo/1.2", true),
        ("https://vendor.example/stereo/1.2", true),
        ("//evil.example/x", false),
        ("/../../etc/passwd", false),
        ("http://127.0.0.1/", false),
        ("https://evil.example/stereo/1.2", false),
        ("stereo/1.2", false),
    ] {
        let body = json!({"answer": {"stalk": [], "tags": [], "stereoaudio": link}});
        let upsert = upsert(&body).await;
        assert_eq!(upsert.call.media.len(), usize::from(kept), "{link}");
        assert_eq!(
            upsert.call.analyses[0].extra.contains_key("stereoaudio"),
            !kept
        );
        assert_eq!(upsert.unmapped, Vec::<String>::new());
    }
}

#[tokio::test]
async fn trap_a08_a_recording_is_tried_as_it_is_or_as_the_template_says() {
    let media = upsert(&fixtures().json("result.json")).await.call.media[0].clone();
    let wave = answers::typed(
        200,
        "application/octet-stream",
        b"RIFF\x24\0\0\0WAVEfmt ".as_slice(),
    );
    let client = CannedClient::new()
        .on("GET", "/stereo/1772443200.17", wave.clone())
        .on(
            "GET",
            "/stereo/1772443200.17",
            answers::ok(&json!({"answer": null})),
        )
        .on("GET", "/stereo/1772443200.17", answers::html(404))
        .on(
            "GET",
            &format!("/audio/{TOKEN_SEGMENT}/1772443200.17"),
            wave,
        );
    let plain = provider(&client);
    let source = plain.media().unwrap();
    let caller = caller();
    let mut body = source.open(&caller.context(), CALL, &media).await.unwrap();
    assert_eq!(body.content_type, "audio/wav");
    let MediaContent::Stream(stream) = &mut body.content else {
        unreachable!()
    };
    let pieces: Vec<_> = stream.map(Result::unwrap).collect().await;
    assert_eq!(pieces.concat().len(), 16);
    let message = source
        .open(&caller.context(), CALL, &media)
        .await
        .unwrap_err();
    assert_eq!(message.kind, ErrorKind::BadResponse);
    let gone = source
        .open(&caller.context(), CALL, &media)
        .await
        .unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound);
    let template = json!({"audio_path_template": "/audio/{token}/{call_id}"});
    let other = provider_with(client.shared(), &template);
    other
        .media()
        .unwrap()
        .open(&caller.context(), CALL, &media)
        .await
        .unwrap();
    client.assert_all_used();
    let request = &client.requests()[3];
    assert!(!request.headers.contains_key("authorization"));
}

#[test]
fn settings_are_checked_with_pointers() {
    let build = |settings: Value| {
        let Value::Object(members) = settings else {
            unreachable!()
        };
        AloVoiceFactory.build(Settings(members), CannedClient::new().shared())
    };
    for good in [
        json!({}),
        json!({"base_url": "http://127.0.0.1:8080/alovoice/"}),
        json!({"audio_path_template": "{path}"}),
        json!({"audio_path_template": "{path}?t={token}"}),
        json!({"timezone": "Asia/Tashkent"}),
    ] {
        assert!(build(good.clone()).is_ok(), "{good}");
    }
    for (bad, pointer) in [
        (json!({"base_url": "https://u:p@x.example"}), "/base_url"),
        (
            json!({"audio_path_template": "//evil.example/{call_id}"}),
            "/audio_path_template",
        ),
        (
            json!({"audio_path_template": "/x/{secret}"}),
            "/audio_path_template",
        ),
        (
            json!({"audio_path_template": "/../{path}"}),
            "/audio_path_template",
        ),
        (json!({"timezone": "Nowhere"}), "/timezone"),
        (json!({"token": "x"}), "/token"),
    ] {
        assert_eq!(build(bad.clone()).unwrap_err().pointer, pointer, "{bad}");
    }
}

#[test]
fn the_account_is_named_by_a_hash_of_its_token() {
    let key = |token: &str| {
        let caller = Caller::new(&[("token", token)]);
        AloVoiceFactory.account_key(&Settings::default(), &caller.credentials)
    };
    let one = key(TOKEN);
    assert!(
        one.starts_with("cld.alovoice.uz/") && one.len() == 16 + 32,
        "{one}"
    );
    assert_eq!(one, key(TOKEN));
    assert_ne!(one, key("another"));
    assert!(!one.contains("invented"));
}

#[test]
fn the_manifest_says_what_there_is() {
    let manifest = AloVoiceFactory.manifest();
    assert!(manifest.credential_fields[0].secret);
    assert_eq!(
        manifest.capabilities,
        ["lookup", "media", "submit", "passthrough"]
    );
    let provider = provider(&CannedClient::new());
    assert!(provider.pull().is_none() && provider.token_grant().is_none());
    assert!(provider.lookup().is_some() && provider.media().is_some());
}
