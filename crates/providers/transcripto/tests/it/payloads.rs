//! Payloads as vendors send them on a bad day.

use callweave_model::enums::{ArtifactState, StartedAtSource, TranscriptFormat};
use callweave_provider::{ErrorKind, Retry, media::MediaContent};
use callweave_provider_testkit::{CannedClient, answers};
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::support::{
    ANALYSIS_PATH, ANSWERS_PATH, CODE, Case, LIST_PATH, TASK_PATH, caller, provider, record,
    refused,
};

#[tokio::test]
async fn case_029_both_names_of_the_code_and_no_success_are_taken_everywhere() {
    let case = Case::documented();
    for code in ["error_code", "errorcode"] {
        let with = |body: &Value| {
            let mut body = body.clone();
            let members = body.as_object_mut().unwrap();
            members.remove("success");
            members.remove("error_code");
            members.insert(code.to_owned(), json!(0));
            answers::ok(&body)
        };
        let client = CannedClient::new()
            .always("GET", TASK_PATH, with(&case.task))
            .always("GET", ANALYSIS_PATH, with(&case.analysis))
            .always("GET", ANSWERS_PATH, with(&case.answers));
        let provider = provider(&client);
        let caller = caller();
        let lookup = provider.lookup().unwrap();
        let change = lookup
            .fetch(&caller.context(), &record(), Some(&case.row))
            .await
            .unwrap();
        let callweave_provider::Change::Upsert(upsert) = change else {
            panic!("{change:?}")
        };
        assert_eq!(upsert.unmapped, Vec::<String>::new());
        assert_eq!(upsert.call, case.call().await);
        // The same members with a code that refuses.
        let mut failing = json!({});
        failing[code] = json!(5002);
        let client = CannedClient::new().always("GET", TASK_PATH, answers::ok(&failing));
        let provider = crate::support::provider(&client);
        let lookup = provider.lookup().unwrap();
        let error = lookup
            .fetch(&caller.context(), &record(), None)
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::VendorFailure);
    }
}

#[tokio::test]
async fn case_030_a_failure_with_status_200_is_worth_another_try() {
    let client = CannedClient::new()
        .always("GET", TASK_PATH, answers::ok(&refused(5000)))
        .always("POST", LIST_PATH, answers::ok(&refused(5000)));
    let provider = provider(&client);
    let caller = caller();
    let context = caller.context();
    let looked_up = provider
        .lookup()
        .unwrap()
        .fetch(&context, &record(), None)
        .await;
    let listed = provider
        .pull()
        .unwrap()
        .page(&context, "tasks", callweave_provider::Walk::Full, None)
        .await;
    for error in [looked_up.unwrap_err(), listed.unwrap_err()] {
        assert_eq!(
            (error.kind, error.retry),
            (ErrorKind::VendorFailure, Retry::Backoff)
        );
        assert_eq!(error.vendor_code.as_deref(), Some("5000"));
    }
}

#[tokio::test]
async fn case_034_times_in_every_form_are_read_and_nonsense_is_kept() {
    for (told, expected) in [
        ("2026-03-02T09:15:30", Some("2026-03-02T09:15:30.000Z")),
        (
            "2026-03-02T12:15:30+03:00",
            Some("2026-03-02T09:15:30.000Z"),
        ),
        (
            "2026-03-02T09:15:30.670423Z",
            Some("2026-03-02T09:15:30.670Z"),
        ),
        (
            "2026-03-02T09:15:30.670423+00:00",
            Some("2026-03-02T09:15:30.670Z"),
        ),
        ("1772442930", Some("2026-03-02T09:15:30.000Z")),
        ("1772442930000", Some("2026-03-02T09:15:30.000Z")),
        ("02-03-2026 09:15:30", Some("2026-03-02T09:15:30.000Z")),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("soon", None),
    ] {
        let mut case = Case::documented();
        for document in [&mut case.row, &mut case.task, &mut case.analysis] {
            let members = document.as_object_mut().unwrap();
            members.remove("call_time");
            members.remove("call_date");
            members.insert("call_datetime".to_owned(), json!(told));
            members.insert("updated_at".to_owned(), json!(told));
        }
        let call = case.call().await;
        let read = |instant: Option<callweave_model::Timestamp>| instant.map(|at| at.to_string());
        assert_eq!(read(call.started_at).as_deref(), expected, "{told}");
        assert_eq!(read(call.vendor_updated_at).as_deref(), expected, "{told}");
        let assumed = call.estimated_fields.contains(&"/started_at".to_owned());
        let zoneless = ["2026-03-02T09:15:30", "02-03-2026 09:15:30"].contains(&told);
        assert_eq!(assumed, zoneless, "{told}");
    }
}

#[tokio::test]
async fn case_034_a_day_alone_is_an_estimate() {
    let mut case = Case::documented();
    for document in [&mut case.row, &mut case.task, &mut case.analysis] {
        let members = document.as_object_mut().unwrap();
        members.remove("call_time");
        members.remove("call_datetime");
        members.insert("call_date".to_owned(), json!("2026-03-02"));
    }
    let call = case.call().await;
    assert_eq!(
        call.started_at.unwrap().to_string(),
        "2026-03-02T00:00:00.000Z"
    );
    assert_eq!(call.started_at_source, StartedAtSource::Estimated);
}

#[tokio::test]
async fn case_036_two_hundred_thousand_phrases_are_all_there() {
    const PHRASES: usize = 200_000;
    let mut case = Case::documented();
    let turn = |place| match place % 2 {
        0 => format!("Operator: phrase {place}"),
        _ => format!("Customer: phrase {place}"),
    };
    let text = (0..PHRASES).map(turn).collect::<Vec<_>>().join("\n");
    case.task["task_result"] = json!({"original_text": text});
    let call = case.call().await;
    let transcript = call.transcript.as_ref().unwrap();
    assert_eq!(transcript.format, TranscriptFormat::Utterances);
    assert_eq!(transcript.utterances.len(), PHRASES);
    let last = &transcript.utterances[PHRASES - 1];
    assert_eq!(last.text, format!("phrase {}", PHRASES - 1));
    assert_eq!(call.artifact_state("transcript"), ArtifactState::Ready);
}

#[tokio::test]
async fn case_039_a_recording_is_what_its_bytes_say_and_never_held_as_a_whole() {
    let open = |answer| async move {
        let client = CannedClient::new().always("GET", "/get_file", answer);
        let provider = provider(&client);
        let media = callweave_model::call::Media::new(
            "audio",
            callweave_model::enums::MediaKind::OriginalUpload,
            callweave_model::enums::FetchMode::VendorFile,
        );
        let caller = caller();
        let source = provider.media().unwrap();
        let opened = source.open(&caller.context(), CODE, &media).await;
        let target = client.requests()[0].uri.to_string();
        assert_eq!(
            target,
            format!("https://tr.example/get_file?file_type=audio&task_code={CODE}"),
            "no address of the vendor's answers is followed"
        );
        opened
    };
    for (kind, body) in [
        (
            "application/json",
            json!({"url": "http://127.0.0.1/x"}).to_string(),
        ),
        ("text/html", "<script>alert(1)</script>".to_owned()),
        (
            "audio/wav",
            r#"{"success": false, "error_code": 4046}"#.to_owned(),
        ),
        ("audio/wav", String::new()),
    ] {
        assert!(
            open(answers::typed(200, kind, body.clone())).await.is_err(),
            "{body}"
        );
    }
    let large = [b"RIFF\x04\0\0\0WAVE".as_slice(), &vec![0; 1 << 20]].concat();
    let body = open(answers::typed(
        200,
        "application/octet-stream",
        large.clone(),
    ))
    .await
    .unwrap();
    assert_eq!(body.content_type, "audio/wav");
    let MediaContent::Stream(mut pieces) = body.content else {
        panic!("a file is handed on piece by piece")
    };
    let (mut size, mut largest) = (0, 0);
    while let Some(piece) = pieces.next().await {
        let length = piece.unwrap().len();
        (size, largest) = (size + length, largest.max(length));
    }
    assert_eq!(size, large.len());
    assert!(largest < 1_024, "{largest} bytes at once");
}
