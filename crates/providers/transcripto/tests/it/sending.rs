//! What goes to the vendor when an analysis is started, what is refused before, and what it takes
//! from the plan.

use bytes::Bytes;
use callweave_model::enums::Direction;
use callweave_provider::{
    ErrorKind, Provider,
    http_client::{Safety, UploadBody},
    submit::{Source, Submission, Submit, Submitted},
};
use callweave_provider_testkit::{CannedClient, Recorded, answers};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::support::{caller, provider, provider_in, refused};

/// A submission of which no more is known than its source.
pub(crate) fn of(source: Source) -> Submission {
    Submission {
        source,
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

pub(crate) fn recording(file_name: &str) -> Source {
    Source::Recording {
        file_name: file_name.to_owned(),
        content_type: "audio/wav".to_owned(),
    }
}

pub(crate) fn audio(file_name: &str) -> Source {
    Source::Audio {
        file_name: file_name.to_owned(),
        content_type: "audio/wav".to_owned(),
    }
}

pub(crate) fn recording_url(url: &str) -> Source {
    Source::RecordingUrl {
        url: url.to_owned(),
    }
}

pub(crate) fn video(url: &str) -> Source {
    Source::VideoUrl {
        url: url.to_owned(),
    }
}

pub(crate) fn chat(text: &str) -> Source {
    Source::Chat {
        text: Some(text.to_owned()),
        messages: None,
    }
}

/// A body in pieces.
pub(crate) fn upload(bytes: impl AsRef<[u8]>) -> UploadBody {
    let bytes = bytes.as_ref();
    let length = u64::try_from(bytes.len()).unwrap();
    let pieces: Vec<_> = bytes
        .chunks(10_000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    UploadBody {
        length: Some(length),
        content: stream::iter(pieces).boxed(),
    }
}

async fn send(
    provider: &dyn Provider,
    submission: &Submission,
) -> callweave_provider::Result<Submitted> {
    let file = submission
        .source
        .has_file()
        .then(|| upload(b"RIFF and so on"));
    let caller = caller();
    let submit = provider.submit().unwrap();
    Submit::submit(submit, &caller.context(), submission, file).await
}

fn taking(path: &str) -> CannedClient {
    let body = json!({"id": 7, "error_code": 0, "code": "c0de-1", "demo": false});
    CannedClient::new().always("POST", path, answers::ok(&body))
}

/// The one request that a submission became.
async fn sent(path: &str, submission: &Submission) -> Recorded {
    let client = taking(path);
    let provider = provider_in(&client, "Europe/Moscow");
    let submitted = send(provider.as_ref(), submission).await.unwrap();
    assert_eq!(submitted.record.kind, "task");
    assert_eq!(submitted.record.remote_id, "c0de-1");
    let mut requests = client.requests();
    assert_eq!(requests.len(), 1, "sent once");
    let request = requests.remove(0);
    assert_eq!(request.safety, Safety::Write);
    assert!(request.headers["authorization"].is_sensitive());
    request
}

fn told(source: Source) -> Submission {
    Submission {
        started_at: Some("2026-03-01T21:30:00Z".parse().unwrap()),
        direction: Some(Direction::Outbound),
        agent_name: Some(" Anna ".to_owned()),
        customer_id: Some("C-42".to_owned()),
        folder_remote_id: Some("123".to_owned()),
        ..of(source)
    }
}

#[tokio::test]
async fn trap_t16_t17_t19_a_recording_url_goes_with_what_is_known_and_nothing_else() {
    let url = "https://files.example/rec.wav?signature=abc";
    let bare = sent("/addtaskcallbyurl", &of(recording_url(url))).await;
    assert_eq!(bare.json(), json!({"file_url": url}));
    let mut full = told(recording_url(url));
    full.processing_mode = Some("analysis".to_owned());
    let full = sent("/addtaskcallbyurl", &full).await;
    // The day is the one of the time beside it, whatever day it is in UTC.
    assert_eq!(
        full.json(),
        json!({
            "file_url": url,
            "directory_id": 123,
            "operator_name": "Anna",
            "client_id": "C-42",
            "call_type": "outbound",
            "call_date": "2026-03-02",
            "call_datetime": "2026-03-02T00:30:00+03:00",
            "processing_type": "analysis",
        })
    );
    let mut exact = of(recording_url(url));
    exact.started_at = Some("2026-03-01T21:30:00.250Z".parse().unwrap());
    exact.direction = Some(Direction::Unknown);
    let exact = sent("/addtaskcallbyurl", &exact).await.json();
    assert_eq!(exact["call_datetime"], "2026-03-02T00:30:00.25+03:00");
    assert!(exact.get("call_type").is_none());
}

#[tokio::test]
async fn trap_t21_t22_a_recording_goes_as_a_form_under_its_own_name() {
    let request = sent("/addtaskcall", &told(recording("0191-7.wav"))).await;
    let kind = request.headers["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    let fields: Vec<(&str, &str)> = parts
        .iter()
        .filter_map(|part| part.split_once("\r\n\r\n"))
        .map(|(head, content)| {
            let name = head.split("name=\"").nth(1).unwrap();
            (name.split('"').next().unwrap(), content.trim_end())
        })
        .collect();
    assert_eq!(
        fields,
        [
            ("call_date", "2026-03-02"),
            ("call_datetime", "2026-03-02T00:30:00+03:00"),
            ("call_type", "outbound"),
            ("client_id", "C-42"),
            ("directory_id", "123"),
            ("operator_name", "Anna"),
            ("file", "RIFF and so on"),
        ]
    );
    assert!(body.contains("filename=\"0191-7.wav\"\r\nContent-Type: audio/wav"));
}

#[tokio::test]
async fn sounds_and_videos_take_a_language_and_a_folder() {
    let mut submission = of(video("https://video.example/watch?v=1"));
    submission.language = Some("en".to_owned());
    submission.folder_remote_id = Some("70".to_owned());
    // Facts of the call that the vendor has no place for stay here.
    submission.agent_name = Some("Anna".to_owned());
    let request = sent("/addtaskyoutube", &submission).await;
    let expected = json!({
        "file_path": "https://video.example/watch?v=1",
        "directory_id": 70,
        "file_lang": "en",
    });
    assert_eq!(request.json(), expected);
    let request = sent("/addtaskaudio", &of(audio("0191-8.mp3"))).await;
    let body = String::from_utf8_lossy(&request.body).into_owned();
    assert!(!body.contains("file_lang") && !body.contains("directory_id"));
    assert!(body.contains("filename=\"0191-8.mp3\""));
}

#[tokio::test]
async fn trap_t12_t54_a_chat_goes_as_text_or_as_pieces_and_its_answer_has_a_code_only() {
    let answer = json!({
        "success": true, "error_code": 0, "success_message": "created", "task_code": "chat-1",
    });
    let client =
        CannedClient::new().always("POST", "/add_chat_analysis_task", answers::ok(&answer));
    let provider = provider(&client);
    let mut submission = told(chat("Operator: Hello\nCustomer: Hi"));
    submission.folder_remote_id = None;
    let submitted = send(provider.as_ref(), &submission).await.unwrap();
    assert_eq!(submitted.record.remote_id, "chat-1");
    let expected = json!({
        "text": "Operator: Hello\nCustomer: Hi",
        "operator_name": "Anna",
        "call_date": "2026-03-01",
    });
    assert_eq!(client.requests()[0].json(), expected);
    let pieces = vec![
        json!("Customer: Hi"),
        json!({"text": "Operator: Hello", "at": 1}),
    ];
    let source = Source::Chat {
        text: None,
        messages: Some(pieces.clone()),
    };
    send(provider.as_ref(), &of(source)).await.unwrap();
    assert_eq!(client.requests()[1].json(), json!({"chunks": pieces}));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_where_it_stands_and_nothing_is_sent() {
    let url = "https://files.example/a.wav";
    let changed = |source: Source, change: fn(&mut Submission)| {
        let mut submission = of(source);
        change(&mut submission);
        submission
    };
    let vendor_call = Source::VendorCall {
        call_remote_id: "1".to_owned(),
    };
    let chat_of = |text: Option<&str>, messages: Option<Vec<Value>>| {
        of(Source::Chat {
            text: text.map(str::to_owned),
            messages,
        })
    };
    for (submission, pointer) in [
        (of(vendor_call), "/source/type"),
        (
            of(recording_url("ftp://files.example/a.wav")),
            "/source/url",
        ),
        (of(recording_url("files.example/a.wav")), "/source/url"),
        (of(recording_url("https:///a.wav")), "/source/url"),
        (of(video("")), "/source/url"),
        (of(recording(" ")), "/source/file_name"),
        (chat_of(None, None), "/source"),
        (chat_of(Some("a"), Some(vec![json!("b")])), "/source"),
        (chat_of(Some("  "), None), "/source/text"),
        (chat_of(None, Some(Vec::new())), "/source/messages"),
        (
            changed(recording_url(url), |new| new.language = Some("en".into())),
            "/call/language",
        ),
        (
            changed(video(url), |new| new.processing_mode = Some("fast".into())),
            "/processing_mode",
        ),
        (
            changed(recording_url(url), |new| {
                new.processing_mode = Some(" ".into());
            }),
            "/processing_mode",
        ),
        (
            changed(chat("a"), |new| new.folder_remote_id = Some("1".into())),
            "/call/folder_remote_id",
        ),
        (
            changed(recording_url(url), |new| {
                new.folder_remote_id = Some("x".into());
            }),
            "/call/folder_remote_id",
        ),
        (
            changed(recording_url(url), |new| {
                new.direction = Some(Direction::Internal);
            }),
            "/call/direction",
        ),
        (
            changed(audio("a.wav"), |new| new.duration_ms = Some(1_999)),
            "/call/duration_ms",
        ),
    ] {
        let client = CannedClient::new();
        let provider = provider(&client);
        let checked = provider
            .submit()
            .unwrap()
            .validate(&submission)
            .unwrap_err();
        assert_eq!(checked.kind, ErrorKind::InvalidInput);
        assert_eq!(checked.pointer.as_deref(), Some(pointer), "{submission:?}");
        let error = send(provider.as_ref(), &submission).await.unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some(pointer));
        assert!(client.requests().is_empty());
    }
}

#[test]
fn the_cost_names_the_plans_resource_and_the_amount_where_it_is_known() {
    let provider = provider(&CannedClient::new());
    let submit = provider.submit().unwrap();
    let cost = |source: Source, duration_ms: Option<i64>| {
        let mut submission = of(source);
        submission.duration_ms = duration_ms;
        submit
            .cost(&submission)
            .map(|cost| (cost.resource, cost.amount))
    };
    let url = "https://files.example/a.wav";
    assert_eq!(
        cost(recording("a.wav"), Some(90_000)),
        Some(("call_minutes", Some(1.5)))
    );
    assert_eq!(cost(recording_url(url), None), Some(("call_minutes", None)));
    assert_eq!(
        cost(audio("a.wav"), Some(60_000)),
        Some(("audio_minutes", Some(1.0)))
    );
    assert_eq!(cost(video(url), None), Some(("video_minutes", None)));
    assert_eq!(cost(chat("Hi"), None), Some(("chat_count", Some(1.0))));
    assert_eq!(
        cost(chat(&"a".repeat(60_000)), None),
        Some(("chat_count", None))
    );
}

#[tokio::test]
async fn trap_t46_a_plan_that_is_used_up_and_a_file_that_is_there_are_told() {
    for (path, source, code, kind) in [
        (
            "/addtaskcall",
            recording("a.wav"),
            4050,
            ErrorKind::QuotaExceeded,
        ),
        (
            "/addtaskcall",
            recording("a.wav"),
            4044,
            ErrorKind::QuotaExceeded,
        ),
        (
            "/addtaskcall",
            recording("a.wav"),
            4091,
            ErrorKind::Conflict,
        ),
        (
            "/addtaskaudio",
            audio("a.wav"),
            4050,
            ErrorKind::QuotaExceeded,
        ),
        (
            "/addtaskcallbyurl",
            recording_url("https://f.example/a"),
            4024,
            ErrorKind::InvalidRequest,
        ),
        (
            "/addtaskyoutube",
            video("https://v.example/a"),
            4044,
            ErrorKind::QuotaExceeded,
        ),
        (
            "/add_chat_analysis_task",
            chat("Hi"),
            4012,
            ErrorKind::Unauthorized,
        ),
    ] {
        let client = CannedClient::new().always("POST", path, answers::ok(&refused(code)));
        let provider = provider(&client);
        let error = send(provider.as_ref(), &of(source)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{path} {code}");
        assert_eq!(error.vendor_code, Some(code.to_string()));
        assert_eq!(client.requests().len(), 1, "a write is not repeated");
    }
}

#[tokio::test]
async fn an_answer_without_a_code_is_none() {
    for body in [
        json!({}),
        json!({"error_code": 0, "id": 7}),
        json!({"code": {}}),
    ] {
        let client = CannedClient::new().always("POST", "/addtaskcallbyurl", answers::ok(&body));
        let provider = provider(&client);
        let submission = of(recording_url("https://f.example/a"));
        let error = send(provider.as_ref(), &submission).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadResponse, "{body}");
    }
}
