//! Documents about calls and videos.

use callweave_model::enums::Channel;
use callweave_provider::{
    ErrorKind, Provider,
    documents::DocumentFormat,
    http_client::Answer,
    media::{MediaBody, MediaContent},
};
use callweave_provider_testkit::{CannedClient, answers, live::Live};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::Vendor;
use futures::TryStreamExt as _;
use serde_json::json;

use crate::support::{CODE, caller, provider, refused};

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

async fn open(
    provider: &dyn Provider,
    caller: &callweave_provider_testkit::Caller,
    code: &str,
    channel: Channel,
    format: DocumentFormat,
) -> callweave_provider::Result<MediaBody> {
    provider
        .documents()
        .unwrap()
        .open_document(&caller.context(), code, channel, format)
        .await
}

async fn bytes(body: MediaBody) -> Vec<u8> {
    let MediaContent::Stream(pieces) = body.content else {
        panic!("no stream")
    };
    let pieces: Vec<_> = pieces.try_collect().await.unwrap();
    pieces.concat()
}

#[tokio::test]
async fn calls_and_videos_have_documents_in_both_formats() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 120).await;
    let provider = live.provider.as_ref();
    let mut opened = [0, 0];
    for (id, facts) in live.ledger(Vendor::Transcripto, "task") {
        let (place, channel) = match facts["type"].as_str().unwrap() {
            "call" => (0, Channel::Voice),
            "youtubenew" => (1, Channel::Video),
            _ => continue,
        };
        let done = facts["status"].as_str().unwrap().starts_with("completed");
        let docx = open(provider, &live.caller, &id, channel, DocumentFormat::Docx).await;
        let txt = open(provider, &live.caller, &id, channel, DocumentFormat::Txt).await;
        if !done {
            assert_eq!(docx.unwrap_err().kind, ErrorKind::NotReady);
            assert_eq!(txt.unwrap_err().kind, ErrorKind::NotReady);
            continue;
        }
        let docx = docx.unwrap();
        assert_eq!(docx.content_type, DOCX);
        assert!(bytes(docx).await.starts_with(b"PK"));
        let txt = txt.unwrap();
        assert_eq!(txt.content_type, "text/plain; charset=utf-8");
        let length = txt.length;
        let read = String::from_utf8(bytes(txt).await).unwrap();
        assert!(read.contains("Summary: "));
        assert!(length.is_none_or(|length| length == read.len() as u64));
        opened[place] += 1;
    }
    assert!(opened[0] > 10 && opened[1] > 0, "{opened:?}");
}

async fn of_answer(
    answer: Answer,
    format: DocumentFormat,
) -> callweave_provider::Result<MediaBody> {
    let client = CannedClient::new().always("GET", "/get_file", answer);
    open(
        provider(&client).as_ref(),
        &caller(),
        CODE,
        Channel::Voice,
        format,
    )
    .await
}

#[tokio::test]
async fn each_document_is_asked_for_by_its_own_name() {
    let file = answers::typed(200, "text/plain", "PK");
    for (channel, format, file_type) in [
        (Channel::Voice, DocumentFormat::Docx, "docx_call"),
        (Channel::Voice, DocumentFormat::Txt, "txt_call"),
        (Channel::Video, DocumentFormat::Docx, "docx_youtube"),
        (Channel::Video, DocumentFormat::Txt, "txt_youtube"),
    ] {
        let client = CannedClient::new().always("GET", "/get_file", file.clone());
        let provider = provider(&client);
        open(provider.as_ref(), &caller(), CODE, channel, format)
            .await
            .unwrap();
        let line = format!("GET /get_file?file_type={file_type}&task_code={CODE}");
        assert_eq!(client.lines(), [line]);
    }
    let client = CannedClient::new();
    let provider = provider(&client);
    for (code, channel, kind) in [
        (CODE, Channel::Chat, ErrorKind::Unsupported),
        (CODE, Channel::AudioFile, ErrorKind::Unsupported),
        ("../x", Channel::Voice, ErrorKind::NotFound),
    ] {
        let opened = open(
            provider.as_ref(),
            &caller(),
            code,
            channel,
            DocumentFormat::Txt,
        )
        .await;
        assert_eq!(opened.unwrap_err().kind, kind);
    }
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn trap_t44_a_failure_in_the_place_of_a_document_is_a_failure() {
    for format in [DocumentFormat::Docx, DocumentFormat::Txt] {
        for (code, kind) in [
            (4021, ErrorKind::NotFound),
            (4023, ErrorKind::Unauthorized),
            (4056, ErrorKind::InvalidRequest),
            (4057, ErrorKind::NotReady),
            (4070, ErrorKind::VendorFailure),
            (5002, ErrorKind::VendorFailure),
        ] {
            for told in [
                "application/json",
                "text/plain; charset=utf-8",
                DOCX,
                "text/html",
            ] {
                let answer = answers::typed(200, told, refused(code).to_string());
                let error = of_answer(answer, format).await.unwrap_err();
                assert_eq!(error.kind, kind, "{code} as {told}");
            }
        }
        for answer in [answers::html(200), answers::typed(200, "text/plain", "")] {
            assert_eq!(
                of_answer(answer, format).await.unwrap_err().kind,
                ErrorKind::BadResponse
            );
        }
        let unavailable = of_answer(answers::html(503), format).await.unwrap_err();
        assert_eq!(unavailable.kind, ErrorKind::VendorFailure);
    }
    let text = answers::typed(200, "text/plain", "not a document");
    assert_eq!(
        of_answer(text, DocumentFormat::Docx)
            .await
            .unwrap_err()
            .kind,
        ErrorKind::BadResponse
    );
}

#[tokio::test]
async fn a_text_may_begin_with_a_brace() {
    for text in ["{laughs} Operator: Hello", r#"{"note": "no failure"}"#] {
        let body = of_answer(answers::typed(200, "text/plain", text), DocumentFormat::Txt).await;
        assert_eq!(bytes(body.unwrap()).await, text.as_bytes());
    }
    let long = format!("{{{}", "a".repeat(200_000));
    let body = of_answer(
        answers::typed(200, "text/plain", long.clone()),
        DocumentFormat::Txt,
    )
    .await;
    assert!(bytes(body.unwrap()).await == long.as_bytes());
    let json = answers::ok(&json!({"note": "no failure"}));
    let error = of_answer(json, DocumentFormat::Txt).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
}
