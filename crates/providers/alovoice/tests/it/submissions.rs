//! Having calls analysed: what is sent, how often, and what an answer means.

use callweave_provider::{
    ErrorKind, Provider, RecordRef, Retry,
    http_client::{Safety, TransportError},
    passthrough::PassRequest,
    submit::{Found, Progress, Source, Submission, Submit, Submitted},
};
use callweave_provider_alovoice::AloVoiceFactory;
use callweave_provider_testkit::{CannedClient, answers, live::Live};
use callweave_sandbox::{SandboxConfig, Vendor};
use http::Method;
use serde_json::{Map, Value, json};

use crate::support::{CALL, TOKEN, TOKEN_SEGMENT, caller, fixtures, path, provider, record};

fn submission(call: &str) -> Submission {
    Submission {
        source: Source::VendorCall {
            call_remote_id: call.to_owned(),
        },
        started_at: None,
        direction: None,
        agent_name: None,
        customer_id: None,
        folder_remote_id: None,
        language: None,
        processing_mode: None,
        duration_ms: None,
        force: false,
    }
}

fn forced(call: &str) -> Submission {
    Submission {
        force: true,
        ..submission(call)
    }
}

fn send_path() -> String {
    format!("/callsendai/{TOKEN_SEGMENT}/{CALL}")
}

async fn submit(client: &CannedClient, what: &Submission) -> callweave_provider::Result<Submitted> {
    let provider = provider(client);
    let submit = provider.submit().unwrap();
    Submit::submit(submit, &caller().context(), what, None).await
}

/// A client whose account knows nothing of the call yet.
fn unknown() -> CannedClient {
    CannedClient::new().on("GET", &path(CALL), answers::ok(&json!({"answer": null})))
}

#[tokio::test]
async fn trap_a02_a_call_is_sent_once_as_a_write() {
    let accepted = answers::ok_bytes(fixtures().bytes("pending.json"));
    let client = unknown().on("GET", &send_path(), accepted);
    let taken = submit(&client, &submission(CALL)).await.unwrap();
    assert_eq!(taken.record, record(CALL));
    let requests = client.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].safety, Safety::Read);
    let sent = &requests[1];
    assert_eq!((sent.operation, sent.safety), ("AV-01", Safety::Write));
    assert_eq!(sent.line(), format!("GET {}", send_path()));
    let headers: Vec<&str> = sent.headers.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(headers, ["accept"], "nothing conditional, no token");
}

/// A vendor that has analysed the call.
fn analysed_before() -> CannedClient {
    let known = answers::ok_bytes(fixtures().bytes("result.json"));
    CannedClient::new().on("GET", &path(CALL), known)
}

#[tokio::test]
async fn trap_a02_what_is_analysed_is_sent_again_only_by_force() {
    for known in ["pending.json", "result.json"] {
        let answer = answers::ok_bytes(fixtures().bytes(known));
        let client = CannedClient::new().on("GET", &path(CALL), answer);
        let refused = submit(&client, &submission(CALL)).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Conflict, "{known}");
        assert!(refused.unsent && client.requests().len() == 1);
        let accepted = answers::ok_bytes(fixtures().bytes("pending.json"));
        let client = analysed_before().on("GET", &send_path(), accepted);
        let taken = submit(&client, &forced(CALL)).await.unwrap();
        assert!(taken.hint.is_some(), "the old result is none");
        assert_eq!(client.requests().len(), 2, "a look, and the request");
    }
}

#[tokio::test]
async fn a_look_that_fails_sends_nothing() {
    let client = CannedClient::new().fails("GET", &path(CALL), || TransportError::Timeout);
    let error = submit(&client, &submission(CALL)).await.unwrap_err();
    assert!(error.unsent, "it may be sent later");
    assert_eq!(client.requests().len(), 1);
}

#[tokio::test]
async fn trap_a03_an_odd_answer_to_a_submission_is_no_success() {
    for body in [
        json!({"answer": null}),
        json!({"answer": "call not found"}),
        json!({"answer": []}),
        json!({"answer": {}}),
        json!({"status": "ok"}),
        json!("queued"),
        json!(null),
    ] {
        let client = analysed_before().on("GET", &send_path(), answers::ok(&body));
        let error = submit(&client, &forced(CALL)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadResponse, "{body}");
        assert_eq!(error.retry, Retry::Never, "{body}");
        assert!(!error.unsent, "{body}: it may have begun");
    }
    let echo = format!("no recording for /callsendai/{TOKEN_SEGMENT}/{CALL} ({TOKEN})");
    let words = answers::ok(&json!({ "answer": echo }));
    let client = analysed_before().on("GET", &send_path(), words);
    let error = submit(&client, &forced(CALL)).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("no recording"),
        "the vendor's words are told"
    );
    assert!(!shown.contains(TOKEN) && !shown.contains(TOKEN_SEGMENT));
    for (answer, kind) in [
        (answers::html(200), ErrorKind::BadResponse),
        (answers::empty(204), ErrorKind::BadResponse),
        (answers::html(401), ErrorKind::InvalidCredentials),
        (answers::html(403), ErrorKind::Forbidden),
        (answers::html(404), ErrorKind::NotFound),
        (answers::html(409), ErrorKind::Conflict),
        (answers::html(502), ErrorKind::VendorFailure),
    ] {
        let client = analysed_before().on("GET", &send_path(), answer.clone());
        let error = submit(&client, &forced(CALL)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{answer:?}");
        assert_eq!(
            client.requests().len(),
            2,
            "looked, and sent once, whatever comes"
        );
    }
}

#[tokio::test]
async fn only_calls_that_the_vendor_has_can_be_sent() {
    let provider = provider(&CannedClient::new());
    let submit = provider.submit().unwrap();
    assert_eq!(submit.sources(), ["vendor_call"]);
    assert!(submit.validate(&submission(CALL)).is_ok());
    assert_eq!(submit.cost(&submission(CALL)), None);
    let mut folder = submission(CALL);
    folder.folder_remote_id = Some("7".to_owned());
    let mut chat = submission(CALL);
    chat.source = Source::Chat {
        text: Some("hello".to_owned()),
        messages: None,
    };
    for (what, pointer) in [
        (submission("a/../b"), "/source/call_remote_id"),
        (chat, "/source/type"),
        (folder, "/folder_remote_id"),
    ] {
        let refused = submit.validate(&what).unwrap_err();
        assert_eq!(refused.pointer.as_deref(), Some(pointer));
    }
}

async fn found(answer: Value, what: &Submission, now: &str) -> Found<Submitted> {
    let client = CannedClient::new().on("GET", &path(CALL), answers::ok(&answer));
    let provider = provider(&client);
    let caller = caller().at(now);
    let sent_at = "2026-03-02T09:25:00Z".parse().unwrap();
    let submit = provider.submit().unwrap();
    submit.find(&caller.context(), what, sent_at).await.unwrap()
}

#[tokio::test]
async fn trap_a02_a_submission_without_an_outcome_is_found_by_its_analysis() {
    let (soon, late) = ("2026-03-02T09:26:00Z", "2026-03-02T10:26:00Z");
    let nothing = json!({"answer": null});
    let fresh = fixtures().json("pending.json"); // begun at 09:25:30
    let mut old = fixtures().json("result.json");
    old["answer"]["begin_time"] = json!(1_772_400_000);
    let yes = |found: Found<Submitted>| matches!(found, Found::Yes(_));
    assert!(yes(found(fresh.clone(), &submission(CALL), soon).await));
    assert!(yes(found(fresh, &forced(CALL), soon).await));
    assert!(yes(found(old.clone(), &submission(CALL), soon).await));
    // With force there was an analysis before; the old one proves nothing.
    assert_eq!(
        found(old.clone(), &forced(CALL), soon).await,
        Found::Unknown
    );
    assert_eq!(found(old, &forced(CALL), late).await, Found::No);
    assert_eq!(
        found(nothing.clone(), &submission(CALL), soon).await,
        Found::Unknown
    );
    assert_eq!(found(nothing, &submission(CALL), late).await, Found::No);
}

#[tokio::test]
async fn trap_a04_progress_is_told_by_the_members_of_the_result() {
    let processing = |state_raw: Option<&str>| Progress::Processing {
        state_raw: state_raw.map(str::to_owned),
    };
    for (answer, progress) in [
        (
            answers::ok_bytes(fixtures().bytes("result.json")),
            Progress::Done,
        ),
        (
            answers::ok_bytes(fixtures().bytes("pending.json")),
            processing(None),
        ),
        (
            answers::ok(&json!({"answer": {"tags": []}})),
            Progress::Done,
        ),
        (answers::ok(&json!({"answer": null})), processing(None)),
        (
            answers::ok(&json!({"answer": "in queue"})),
            processing(Some("in queue")),
        ),
        (answers::html(404), processing(None)),
        (answers::empty(202), processing(None)),
    ] {
        let client = CannedClient::new().on("GET", &path(CALL), answer.clone());
        let provider = provider(&client);
        let submit = provider.submit().unwrap();
        let told = submit.progress(&caller().context(), &record(CALL)).await;
        assert_eq!(told.unwrap(), progress, "{answer:?}");
    }
}

fn pass(method: Method, path: &str) -> PassRequest {
    PassRequest {
        method,
        path: path.to_owned(),
        query: None,
        content_type: None,
        accept_language: None,
        body: bytes::Bytes::new(),
    }
}

#[tokio::test]
async fn trap_a01_the_token_of_a_forwarded_request_stands_in_its_path_alone() {
    let echo = format!("Cannot GET /callgetairesult/{TOKEN_SEGMENT}/1 of {TOKEN}");
    let answer = answers::with_header(
        answers::typed(404, "text/plain", echo),
        "x-request-path",
        &format!("/callgetairesult/{TOKEN_SEGMENT}/1"),
    );
    let client = CannedClient::new().always("GET", &path("1"), answer);
    let provider = provider(&client);
    let passthrough = provider.passthrough().unwrap();
    for written in ["callgetairesult/{token}/1", "callgetairesult/%7Btoken%7D/1"] {
        let request = pass(Method::GET, written);
        let answer = passthrough.forward(&caller().context(), request).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 404, "the answer as it came");
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let shown = format!("{text} {:?}", answer.headers);
        assert!(shown.contains("/callgetairesult/{token}/1"), "{shown}");
        assert!(!shown.contains(TOKEN) && !shown.contains(TOKEN_SEGMENT));
    }
    assert_eq!(client.requests()[0].operation, "passthrough");
    assert_eq!(client.requests()[0].safety, Safety::Read);
}

#[tokio::test]
async fn trap_a02_a_forwarded_get_may_submit() {
    let client = CannedClient::new().otherwise(|_| Ok(answers::ok(&json!({}))));
    let provider = provider(&client);
    let passthrough = provider.passthrough().unwrap();
    for (method, path, safety) in [
        (Method::GET, "callsendai/{token}/1", Safety::Write),
        (Method::GET, "anything/{token}", Safety::Write),
        (Method::GET, "stereo/1", Safety::Read),
        (Method::POST, "callgetairesult/{token}/1", Safety::Write),
    ] {
        let request = pass(method, path);
        let answer = passthrough.forward(&caller().context(), request).await;
        answer.unwrap();
        assert_eq!(client.requests().last().unwrap().safety, safety, "{path}");
    }
}

#[tokio::test]
async fn case_039_a_forwarded_request_stays_on_the_vendors_host() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let passthrough = provider.passthrough().unwrap();
    for path in [
        "",
        "/",
        "../x",
        "a/../b",
        "a/%2e%2E/b",
        "a\\b",
        "a b",
        "a%2f..%2fb",
    ] {
        let request = pass(Method::GET, path);
        let refused = passthrough.forward(&caller().context(), request).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::InvalidInput, "{path:?}");
    }
    let mut query = pass(Method::GET, "stereo/1");
    query.query = Some("a=1#b".to_owned());
    let refused = passthrough.forward(&caller().context(), query).await;
    assert_eq!(refused.unwrap_err().pointer.as_deref(), Some("/query"));
    let unauthorized = CannedClient::new().otherwise(|_| Ok(answers::html(401)));
    let provider = crate::support::provider(&unauthorized);
    let request = pass(Method::GET, "stereo/1");
    let refused = provider.passthrough().unwrap();
    let refused = refused.forward(&caller().context(), request).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::InvalidCredentials);
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn trap_a02_a_call_of_the_sandbox_is_sent_once_and_analysed() {
    let config = SandboxConfig {
        calls_per_vendor: 40,
        analysis_delay: std::time::Duration::from_mins(10),
        ..SandboxConfig::default()
    };
    let mut live = Live::open(Vendor::AloVoice, &AloVoiceFactory, config, &Map::new()).await;
    let calls = live.ledger(Vendor::AloVoice, "call");
    let (id, _) = calls
        .iter()
        .find(|(_, facts)| facts["state"] == "new")
        .unwrap();
    let record = RecordRef::new("call", id);
    let provider = std::sync::Arc::clone(&live.provider);
    let submit = provider.submit().unwrap();
    let what = submission(id);
    let sent_at = live.caller.now;
    let before = submit.find(&live.caller.context(), &what, sent_at).await;
    assert_eq!(before.unwrap(), Found::Unknown);
    let taken = Submit::submit(submit, &live.caller.context(), &what, None).await;
    assert_eq!(taken.unwrap().record, record);
    let again = Submit::submit(submit, &live.caller.context(), &what, None).await;
    assert_eq!(again.unwrap_err().kind, ErrorKind::Conflict);
    let found = submit.find(&live.caller.context(), &what, sent_at).await;
    assert!(matches!(found.unwrap(), Found::Yes(_)));
    assert_eq!(
        progress(provider.as_ref(), &live, &record).await,
        Progress::Processing { state_raw: None }
    );
    live.move_clock(601_000);
    assert_eq!(
        progress(provider.as_ref(), &live, &record).await,
        Progress::Done
    );
    let change = live.fetch(&record, None).await;
    assert!(matches!(change, callweave_provider::Change::Upsert(_)));
    assert_eq!(
        live.asked(Vendor::AloVoice, "AV-01"),
        1,
        "sent exactly once"
    );
    let again = Submit::submit(submit, &live.caller.context(), &forced(id), None)
        .await
        .unwrap();
    let hint = again.hint;
    let change = live.fetch(&record, hint.as_ref()).await;
    assert!(matches!(
        change,
        callweave_provider::Change::NotReady { .. }
    ));
    live.move_clock(1_202_000);
    let change = live.fetch(&record, hint.as_ref()).await;
    assert!(matches!(change, callweave_provider::Change::Upsert(_)));
    let submissions = live.ledger(Vendor::AloVoice, "submission");
    assert_eq!(submissions[id]["hits"], json!(2), "by force it begins anew");
}

async fn progress(provider: &dyn Provider, live: &Live, record: &RecordRef) -> Progress {
    let submit = provider.submit().unwrap();
    submit
        .progress(&live.caller.context(), record)
        .await
        .unwrap()
}
