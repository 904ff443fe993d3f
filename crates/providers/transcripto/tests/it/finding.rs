//! Submissions whose answer was lost: found, known not to have arrived, or neither.

use std::time::Duration;

use callweave_model::Timestamp;
use callweave_provider::{
    ErrorKind,
    submit::{Found, Source, Submission, Submit, Submitted},
};
use callweave_provider_testkit::{CannedClient, answers, live::Live};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::{CallPatch, FaultKind, FaultSpec, SandboxConfig, Vendor};
use serde_json::{Map, Value, json};

use crate::{
    sending::{audio, chat, of, recording, recording_url, upload, video},
    submitted::wav,
    support::{LIST_PATH, caller, provider},
};

const LATER: Duration = Duration::from_mins(10);

async fn opened() -> Live {
    let config = SandboxConfig {
        calls_per_vendor: 30,
        analysis_delay: Duration::ZERO,
        ..SandboxConfig::default()
    };
    Live::open(
        Vendor::Transcripto,
        &TranscriptoFactory,
        config,
        &Map::new(),
    )
    .await
}

fn fault(live: &Live, operation: &str, kind: FaultKind) {
    live.sandbox.world().add_fault(FaultSpec {
        vendor: Some(Vendor::Transcripto),
        operation: operation.to_owned(),
        kind,
        probability: None,
        count: Some(1),
        skip: 0,
        seed: 0,
    });
}

const fn lost() -> FaultKind {
    FaultKind::LostResponse
}

const fn never_arrives() -> FaultKind {
    FaultKind::Close { after_bytes: None }
}

fn dated(source: Source) -> Submission {
    Submission {
        started_at: Some("2026-02-20T08:30:00Z".parse().unwrap()),
        agent_name: Some("Anna Berg".to_owned()),
        ..of(source)
    }
}

/// Sends without getting an answer.
async fn send_into_the_dark(live: &Live, submission: &Submission) {
    let file = submission.source.has_file().then(|| upload(wav(3)));
    let context = live.caller.context();
    let submit = live.provider.submit().unwrap();
    let error = Submit::submit(submit, &context, submission, file)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transport);
}

async fn find(live: &Live, submission: &Submission) -> Found<Submitted> {
    let submit = live.provider.submit().unwrap();
    submit
        .find(&live.caller.context(), submission, live.caller.now)
        .await
        .unwrap()
}

async fn find_later(live: &mut Live, submission: &Submission) -> Found<Submitted> {
    let sent_at = live.caller.now;
    live.caller.now = sent_at.plus(LATER);
    let submit = live.provider.submit().unwrap();
    let found = submit
        .find(&live.caller.context(), submission, sent_at)
        .await
        .unwrap();
    live.caller.now = sent_at;
    found
}

fn submissions(live: &Live) -> Vec<String> {
    live.ledger(Vendor::Transcripto, "submission")
        .into_keys()
        .collect()
}

#[tokio::test]
async fn what_arrived_is_found_again_and_was_sent_once() {
    let cases = [
        ("TR-03", dated(recording("0191-a.wav"))),
        ("TR-03", of(recording("0191-b.wav"))),
        (
            "TR-04",
            dated(recording_url("https://files.example/r%C3%A9c.wav?s=1")),
        ),
        ("TR-05", of(audio("0191-c.wav"))),
        ("TR-06", of(video("https://www.youtube.com/watch?v=abc"))),
        (
            "TR-07",
            dated(chat("Operator: Hello there\nCustomer: Where is my parcel?")),
        ),
    ];
    for (operation, submission) in cases {
        let live = opened().await;
        fault(&live, operation, lost());
        send_into_the_dark(&live, &submission).await;
        let arrived = submissions(&live);
        assert_eq!(arrived.len(), 1);
        let Found::Yes(found) = find(&live, &submission).await else {
            panic!("{operation} is not found");
        };
        assert_eq!(found.record.remote_id, arrived[0], "{operation}");
    }
}

#[tokio::test]
async fn what_did_not_arrive_is_known_not_to_once_it_cannot_arrive_any_more() {
    for (operation, submission) in [
        ("TR-03", dated(recording("0191-a.wav"))),
        ("TR-04", of(recording_url("https://files.example/rec.wav"))),
        ("TR-05", of(audio("0191-c.wav"))),
        ("TR-06", of(video("https://www.youtube.com/watch?v=abc"))),
        ("TR-07", of(chat("Customer: Where is my parcel?"))),
    ] {
        let mut live = opened().await;
        fault(&live, operation, never_arrives());
        send_into_the_dark(&live, &submission).await;
        assert!(submissions(&live).is_empty());
        assert_eq!(
            find(&live, &submission).await,
            Found::Unknown,
            "{operation}"
        );
        assert_eq!(
            find_later(&mut live, &submission).await,
            Found::No,
            "{operation}"
        );
    }
}

#[tokio::test]
async fn what_could_be_anybodys_stays_unknown() {
    let url = "https://files.example/calls/7/recording.wav";
    // The name at the end of an address is no proof without a time.
    let mut live = opened().await;
    let undated = of(recording_url(url));
    fault(&live, "TR-04", lost());
    send_into_the_dark(&live, &undated).await;
    assert_eq!(find_later(&mut live, &undated).await, Found::Unknown);
    // Somebody else's call at another time is another one.
    let other = dated(recording_url(url));
    let elsewhere = Submission {
        started_at: Some("2026-02-20T09:00:00Z".parse().unwrap()),
        ..dated(recording_url(url))
    };
    let mut live = opened().await;
    let submit = live.provider.submit().unwrap();
    Submit::submit(submit, &live.caller.context(), &elsewhere, None)
        .await
        .unwrap();
    assert_eq!(find_later(&mut live, &other).await, Found::No);
    // The same twice: either may be the one.
    let submit = live.provider.submit().unwrap();
    Submit::submit(submit, &live.caller.context(), &other, None)
        .await
        .unwrap();
    fault(&live, "TR-04", lost());
    send_into_the_dark(&live, &other).await;
    assert_eq!(find_later(&mut live, &other).await, Found::Unknown);
}

#[tokio::test]
async fn trap_t21_a_file_that_is_sent_again_is_refused_as_being_there() {
    let live = opened().await;
    let submission = dated(recording("0191-a.wav"));
    fault(&live, "TR-03", lost());
    send_into_the_dark(&live, &submission).await;
    let context = live.caller.context();
    let submit = live.provider.submit().unwrap();
    let again = Submit::submit(submit, &context, &submission, Some(upload(wav(3)))).await;
    let error = again.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(error.vendor_code.as_deref(), Some("4091"));
    assert!(matches!(find(&live, &submission).await, Found::Yes(_)));
    assert_eq!(submissions(&live).len(), 1);
}

#[tokio::test]
async fn many_tasks_on_many_pages_hide_nothing() {
    let mut live = opened().await;
    let submission = of(audio("0191-a.wav"));
    fault(&live, "TR-05", lost());
    send_into_the_dark(&live, &submission).await;
    for number in 0..130 {
        live.sandbox.world().set_clock_offset_ms(2_000 * number);
        let extra = json!({
            "type": "audio", "file_name": format!("other-{number}.wav"), "undated": true,
            "uploaded_at": live.sandbox.world().now().to_string(),
        });
        let Value::Object(extra) = extra else {
            panic!("no object")
        };
        let patch = CallPatch {
            extra,
            ..CallPatch::default()
        };
        live.sandbox.world().add_record(Vendor::Transcripto, patch);
    }
    assert!(matches!(find(&live, &submission).await, Found::Yes(_)));
    let other = of(audio("0191-b.wav"));
    assert_eq!(find_later(&mut live, &other).await, Found::No);
}

#[tokio::test]
async fn trap_t09_the_search_is_found_where_the_introduction_says() {
    let mut live = opened().await;
    live.option("transcripto_intro_paths", json!(true));
    let submission = of(audio("0191-a.wav"));
    assert_eq!(find_later(&mut live, &submission).await, Found::No);
    fault(&live, "TR-05", lost());
    send_into_the_dark(&live, &submission).await;
    assert!(matches!(find(&live, &submission).await, Found::Yes(_)));
}

/// Rows of a list that holds nothing else.
async fn found_among(submission: &Submission, rows: Value) -> Found<Submitted> {
    let count = rows.as_array().unwrap().len();
    let body = json!({
        "tasks": rows,
        "pagination": {"current_page": 1, "per_page": 50, "total_tasks": count, "total_pages": 1},
    });
    let client = CannedClient::new().always("POST", LIST_PATH, answers::ok(&body));
    let provider = provider(&client);
    let caller = caller();
    let sent_at: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    let submit = provider.submit().unwrap();
    submit
        .find(&caller.context(), submission, sent_at)
        .await
        .unwrap()
}

#[tokio::test]
async fn odd_rows_are_no_proof_of_absence() {
    let submission = of(recording("0191-a.wav"));
    let row = |changes: Value| {
        let mut row = json!({
            "id": 1, "task_code": "t1", "type": "call", "file_name": "other.wav",
            "created_at": "2026-03-02T09:00:01Z", "updated_at": "2026-03-02T09:00:02Z",
        });
        row.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        row
    };
    let found = |rows: Value| found_among(&submission, rows);
    assert_eq!(found(json!([])).await, Found::No);
    assert_eq!(found(json!([row(json!({}))])).await, Found::No);
    let ours = row(json!({"file_name": "uploads/0191-a.wav", "created_at": null}));
    assert!(matches!(found(json!([ours])).await, Found::Yes(_)));
    assert_eq!(
        found(json!([row(json!({"file_name": null}))])).await,
        Found::Unknown
    );
    assert_eq!(found(json!([5])).await, Found::Unknown);
    let old = row(json!({"file_name": null, "created_at": "2026-03-01T09:00:01Z"}));
    assert_eq!(found(json!([old])).await, Found::No, "it was there before");
}
