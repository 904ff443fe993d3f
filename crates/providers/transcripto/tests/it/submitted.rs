//! Work handed in to the sandbox in each of the five ways, until it is an analysed call.

use std::time::Duration;

use callweave_model::{
    AnalyzedCall,
    enums::{ArtifactState, Channel, Direction, PartyRole},
};
use callweave_provider::{
    Change, RecordRef,
    media::MediaContent,
    submit::{Progress, Source, Submission, Submit},
};
use callweave_provider_testkit::live::Live;
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::{SandboxConfig, Vendor};
use futures::TryStreamExt as _;
use serde_json::{Map, Value, json};

use crate::sending::{audio, chat, of, recording, recording_url, upload, video};

/// So slow that no machine is slower.
const DELAY: Duration = Duration::from_hours(4);

const MINUTE_MS: i64 = 60_000;

/// A silent WAV file: one channel, 8 kHz, 16 bit.
pub(crate) fn wav(seconds: u32) -> Vec<u8> {
    let length = seconds * 16_000;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((length + 36).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    for word in [16_u32, 0x0001_0001, 8_000, 16_000, 0x0010_0002] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.resize(bytes.len() + length as usize, 0);
    bytes
}

async fn opened() -> Live {
    let config = SandboxConfig {
        calls_per_vendor: 40,
        analysis_delay: DELAY,
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

/// The five ways, each with what the caller knows.
fn five_ways() -> Vec<(Submission, Option<Vec<u8>>, Channel)> {
    let known = |source: Source| Submission {
        started_at: Some("2026-02-20T08:30:00Z".parse().unwrap()),
        direction: Some(Direction::Inbound),
        agent_name: Some("Anna Berg".to_owned()),
        customer_id: Some("C-42".to_owned()),
        ..of(source)
    };
    let in_folder = |submission: Submission| Submission {
        folder_remote_id: Some("123".to_owned()),
        ..submission
    };
    let url = "https://files.example/rec_7.wav?signature=x";
    let talk = "Operator: Good day, how can I help?\nCustomer: Where is my parcel?";
    vec![
        (
            in_folder(known(recording("0191-a.wav"))),
            Some(wav(90)),
            Channel::Voice,
        ),
        (in_folder(known(recording_url(url))), None, Channel::Voice),
        (
            in_folder(of(audio("0191-b.wav"))),
            Some(wav(30)),
            Channel::AudioFile,
        ),
        (known(chat(talk)), None, Channel::Chat),
        (
            of(video("https://www.youtube.com/watch?v=abc")),
            None,
            Channel::Video,
        ),
    ]
}

async fn fetched(live: &Live, record: &RecordRef) -> callweave_provider::change::Upsert {
    match live.fetch(record, None).await {
        Change::Upsert(upsert) => *upsert,
        other => panic!("no upsert: {other:?}"),
    }
}

#[tokio::test]
async fn each_of_the_five_ways_ends_as_an_analysed_call() {
    let mut live = opened().await;
    let provider = live.provider.clone();
    let submit = provider.submit().unwrap();
    let mut sent = Vec::new();
    for (submission, file, channel) in five_ways() {
        let submitted = Submit::submit(
            submit,
            &live.caller.context(),
            &submission,
            file.clone().map(upload),
        )
        .await
        .unwrap();
        assert_eq!(submitted.hint, None);
        sent.push((submission, file, channel, submitted.record));
    }
    let ledger = live.ledger(Vendor::Transcripto, "submission");
    assert_eq!(ledger.len(), 5, "each arrived once");
    for (submission, file, _, record) in &sent {
        assert_arrived(submission, file.as_deref(), &ledger[&record.remote_id]);
    }

    for (minutes, word) in [(0, "pending"), (90, "processing"), (150, "audio_completed")] {
        live.move_clock(minutes * MINUTE_MS);
        for (_, _, _, record) in &sent {
            let progress = submit
                .progress(&live.caller.context(), record)
                .await
                .unwrap();
            let expected = Progress::Processing {
                state_raw: Some(word.to_owned()),
            };
            assert_eq!(progress, expected);
            let upsert = fetched(&live, record).await;
            assert!(upsert.unfinished, "{word}");
            assert_eq!(upsert.unmapped, Vec::<String>::new());
        }
    }
    live.move_clock(250 * MINUTE_MS);
    for (submission, file, channel, record) in &sent {
        let progress = submit.progress(&live.caller.context(), record).await;
        assert_eq!(progress.unwrap(), Progress::Done, "{submission:?}");
        let upsert = fetched(&live, record).await;
        assert!(!upsert.unfinished);
        assert_eq!(upsert.unmapped, Vec::<String>::new());
        assert_eq!(upsert.call.channel, *channel);
        assert_is_what_was_sent(submission, file.as_deref(), &upsert.call);
        assert_file_comes_back(&live, file.as_deref(), &upsert.call).await;
    }
}

/// The vendor got what was known, and nothing else.
fn assert_arrived(submission: &Submission, file: Option<&[u8]>, facts: &Value) {
    let fields = &facts["given"]["fields"];
    let text = |name: &str| match &fields[name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    assert_eq!(text("directory_id"), submission.folder_remote_id);
    assert_eq!(text("operator_name"), submission.agent_name);
    let call = submission.direction.is_some() && !matches!(submission.source, Source::Chat { .. });
    assert_eq!(text("call_type"), call.then(|| "inbound".to_owned()));
    assert_eq!(
        text("client_id"),
        submission.customer_id.clone().filter(|_| call)
    );
    assert_eq!(
        text("call_datetime"),
        call.then(|| "2026-02-20T08:30:00+00:00".to_owned())
    );
    let dated = submission.started_at.is_some();
    assert_eq!(text("call_date"), dated.then(|| "2026-02-20".to_owned()));
    assert_eq!(text("processing_type"), None);
    if let Some(file) = file {
        assert_eq!(facts["given"]["file_bytes"], json!(file.len()));
        let (Source::Recording { file_name, .. } | Source::Audio { file_name, .. }) =
            &submission.source
        else {
            panic!("no file belongs to {submission:?}");
        };
        assert_eq!(facts["given"]["file_name"], json!(file_name));
    }
}

fn assert_is_what_was_sent(submission: &Submission, file: Option<&[u8]>, call: &AnalyzedCall) {
    let agent = call
        .parties
        .iter()
        .find(|party| party.role == PartyRole::Agent);
    if let Some(name) = &submission.agent_name {
        assert_eq!(agent.unwrap().name.as_ref(), Some(name));
    }
    if let Some(folder) = &submission.folder_remote_id {
        assert_eq!(call.folder_remote_id.as_ref(), Some(folder));
    }
    assert_eq!(call.artifact_state("transcript"), ArtifactState::Ready);
    let analysed = matches!(call.channel, Channel::Voice | Channel::Chat);
    let expected = if analysed {
        ArtifactState::Ready
    } else {
        ArtifactState::NotRequested
    };
    assert_eq!(call.artifact_state("analysis"), expected);
    if analysed {
        let run = &call.analyses[0];
        assert!(!run.summaries.is_empty() && !run.insights.is_empty());
    }
    if call.channel == Channel::Voice {
        assert_eq!(call.direction, Direction::Inbound);
        assert_eq!(call.started_at, submission.started_at);
    }
    if let Some(file) = file {
        let seconds = i64::try_from(file.len() / 16_000).unwrap();
        let told = call.duration_ms.unwrap();
        assert!((told - seconds * 1_000).abs() <= 1_000, "{told}");
    }
    if call.channel == Channel::Chat {
        let transcript = call.transcript.as_ref().unwrap();
        let said: Vec<&str> = transcript
            .utterances
            .iter()
            .map(|turn| turn.text.as_str())
            .collect();
        assert_eq!(said, ["Good day, how can I help?", "Where is my parcel?"]);
    }
}

async fn assert_file_comes_back(live: &Live, file: Option<&[u8]>, call: &AnalyzedCall) {
    let Some(file) = file else { return };
    let media = &call.media[0];
    let source = live.provider.media().unwrap();
    let context = live.caller.context();
    let body = source.open(&context, &call.remote_id, media).await.unwrap();
    let MediaContent::Stream(pieces) = body.content else {
        panic!("no stream")
    };
    let bytes: Vec<_> = pieces.try_collect().await.unwrap();
    assert!(bytes.concat() == file, "the file that was sent comes back");
}

#[tokio::test]
async fn trap_t46_a_plan_without_room_refuses_each_way_and_nothing_is_made() {
    let live = opened().await;
    let submit = live.provider.submit().unwrap();
    for (name, value, code) in [
        ("transcripto_plan_left", json!(0), "4050"),
        ("transcripto_plan_active", json!(false), "4044"),
    ] {
        live.option(name, value);
        for (submission, file, _) in five_ways() {
            let error = Submit::submit(
                submit,
                &live.caller.context(),
                &submission,
                file.map(upload),
            )
            .await
            .unwrap_err();
            assert_eq!(error.kind, callweave_provider::ErrorKind::QuotaExceeded);
            assert_eq!(error.vendor_code.as_deref(), Some(code));
        }
    }
    assert!(live.ledger(Vendor::Transcripto, "submission").is_empty());
}

#[tokio::test]
async fn what_is_handed_in_is_taken_from_the_plan() {
    let live = opened().await;
    let account = live.provider.account().unwrap();
    let before = account.usage(&live.caller.context()).await.unwrap();
    let submit = live.provider.submit().unwrap();
    for (submission, file, _) in five_ways() {
        let context = live.caller.context();
        Submit::submit(submit, &context, &submission, file.map(upload))
            .await
            .unwrap();
    }
    let after = account.usage(&live.caller.context()).await.unwrap();
    for (name, at_least) in [("call_minutes", 1.0), ("chat_count", 1.0)] {
        let (before, after) = (before.resources[name], after.resources[name]);
        let taken = before.remaining.unwrap() - after.remaining.unwrap();
        assert!(taken >= at_least, "{name}: {taken}");
    }
}

#[tokio::test]
async fn a_failed_task_says_why() {
    let live = opened().await;
    let submit = live.provider.submit().unwrap();
    let tasks = live.ledger(Vendor::Transcripto, "task");
    let failed = tasks.iter().find(|(_, facts)| facts["status"] == "error");
    let (id, _) = failed.unwrap();
    let record = RecordRef::new("task", id.clone());
    let progress = submit.progress(&live.caller.context(), &record).await;
    let Ok(Progress::Failed { message, .. }) = progress else {
        panic!("{progress:?}")
    };
    assert!(message.is_some());
    let nothing = RecordRef::new("task", "00000000-0000-4000-8000-000000000000");
    let error = submit
        .progress(&live.caller.context(), &nothing)
        .await
        .unwrap_err();
    assert_eq!(error.vendor_code.as_deref(), Some("4021"));
}
