//! Everything the sandbox holds arrives, and nothing of it is lost on the way.

use std::collections::BTreeMap;

use callweave_model::{
    AnalyzedCall, Timestamp,
    enums::{ArtifactState, Channel, Direction, PartyRole, ScoreName, TranscriptFormat},
};
use callweave_provider::{ErrorKind, Next, Walk, media::MediaContent};
use callweave_provider_testkit::live::{Live, Stored};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::{CallPatch, Vendor};
use futures::StreamExt as _;
use serde_json::{Map, Value, json};

fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn assert_fits(live: &Live, id: &str, facts: &Value, call: &AnalyzedCall) {
    let task_type = facts["type"].as_str().unwrap();
    let channel = match task_type {
        "call" => Channel::Voice,
        "chat" => Channel::Chat,
        "email" => Channel::Email,
        "audio" => Channel::AudioFile,
        "youtubenew" => Channel::Video,
        other => panic!("{other} is not in this table"),
    };
    assert_eq!(call.channel, channel, "{id}");
    assert_eq!(call.remote_refs["id"], facts["task_id"].to_string());
    assert_eq!(
        call.vendor_updated_at,
        instant(&facts["updated_at"]),
        "{id}"
    );
    if let Some(started_at) = instant(&facts["started_at"]) {
        assert_eq!(
            call.started_at.map(|at| at.as_millis() / 1_000),
            Some(started_at.as_millis() / 1_000),
            "{id}"
        );
    }
    let folder = facts["directory_id"].as_i64().filter(|id| *id != 0);
    assert_eq!(
        call.folder_remote_id,
        folder.map(|id| id.to_string()),
        "{id}"
    );
    let agent = call
        .parties
        .iter()
        .find(|party| party.role == PartyRole::Agent);
    let operator = facts["operator_name"]
        .as_str()
        .filter(|name| *name != "global");
    assert_eq!(
        agent.and_then(|party| party.name.as_deref()),
        operator,
        "{id}"
    );
    if matches!(channel, Channel::Chat | Channel::Email) {
        assert_eq!(call.duration_ms, None, "{id}");
    } else {
        let (told, truth) = (
            call.duration_ms.unwrap(),
            facts["duration_ms"].as_i64().unwrap(),
        );
        assert!((told - truth).abs() <= 1_000, "{id}: {told} for {truth}");
    }
    if let Some(lines) = facts["lines"].as_u64() {
        assert_speech_fits(live, id, lines, call);
    }
    if facts["analysed"] == json!(true) {
        assert_eq!(call.artifact_state("analysis"), ArtifactState::Ready);
        let run = &call.analyses[0];
        let tags: Vec<&str> = run.detections.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(json!(tags), facts["tags"], "{id}");
        let direction = match facts["direction"].as_str().unwrap() {
            "in" | "inbound" => Direction::Inbound,
            _ => Direction::Outbound,
        };
        // The vendor's list of call types is open.
        let fits = call.direction == direction || call.direction == Direction::Other;
        assert!(fits && call.vendor_values.contains_key("direction"), "{id}");
    } else {
        assert_ne!(
            call.artifact_state("analysis"),
            ArtifactState::Ready,
            "{id}"
        );
    }
    let csat = call
        .analyses
        .iter()
        .flat_map(|run| &run.scores)
        .find(|score| score.name == ScoreName::Csat);
    if let Some(expected) = facts["csat"].as_f64() {
        assert_eq!(csat.map(|score| score.value), Some(expected), "{id}");
    }
}

fn assert_speech_fits(live: &Live, id: &str, lines: u64, call: &AnalyzedCall) {
    let record = live
        .sandbox
        .world()
        .record(Vendor::Transcripto, id)
        .unwrap();
    let text = record["text"].as_str().unwrap();
    let expected: Vec<&str> = text
        .lines()
        .map(|line| line.split_once(": ").unwrap().1)
        .collect();
    let transcript = call.transcript.as_ref().unwrap();
    if matches!(call.channel, Channel::AudioFile | Channel::Video) {
        let text = transcript.text.as_deref().unwrap();
        assert_eq!(transcript.format, TranscriptFormat::PlainText);
        assert!(expected.iter().all(|line| text.contains(line)), "{id}");
        return;
    }
    assert_eq!(
        transcript.utterances.len() as u64,
        lines,
        "{id}: {:?}",
        transcript.text
    );
    let said: Vec<&str> = transcript
        .utterances
        .iter()
        .map(|turn| turn.text.as_str())
        .collect();
    assert_eq!(said, expected, "{id}");
}

#[tokio::test]
async fn trap_t28_a_member_that_no_document_knows_is_told_and_kept() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 120).await;
    live.option("transcripto_grown_analysis", json!(true));
    let mut stored = Stored::default();
    live.walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    let grown = |pointer: &String| pointer == "TR-12/analysis/operator_talk_share";
    assert!(!stored.unmapped.is_empty());
    assert!(stored.unmapped.iter().all(grown), "{:?}", stored.unmapped);
    let runs = stored.calls.values().flat_map(|call| &call.analyses);
    let kept = runs.filter(|run| run.extra.contains_key("analysis.operator_talk_share"));
    assert_eq!(kept.count(), stored.unmapped.len());
}

#[tokio::test]
async fn a_first_walk_brings_every_task_and_a_second_one_asks_for_nothing() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 230).await;
    let mut stored = Stored::default();
    let resume = live
        .walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    assert_eq!(stored.unmapped, Vec::<String>::new());
    assert_eq!(stored.quarantined, Vec::<String>::new());
    let tasks = live.ledger(Vendor::Transcripto, "task");
    assert_eq!(stored.calls.len(), tasks.len(), "reports are no calls");
    for (id, facts) in &tasks {
        assert_fits(&live, id, facts, &stored.calls[id]);
    }
    let (lookups, pages) = (stored.lookups, stored.pages);
    live.walk(&mut stored, Walk::Incremental, &resume).await;
    assert_eq!(
        stored.lookups, lookups,
        "nothing changed, nothing is asked for"
    );
    assert_eq!(
        stored.pages,
        pages + 1,
        "one page tells that nothing changed"
    );
    live.walk(&mut stored, Walk::Full, &BTreeMap::new()).await;
    assert_eq!(stored.lookups, lookups);
}

#[tokio::test]
async fn changes_arrivals_and_deletions_are_met() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 60).await;
    let world = live.sandbox.world();
    let mut stored = Stored::default();
    let resume = live
        .walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    let tasks = live.ledger(Vendor::Transcripto, "task");
    let analysed = |facts: &Value| facts["analysed"] == json!(true) && facts["type"] == "call";
    let (id, _) = tasks.iter().find(|(_, facts)| analysed(facts)).unwrap();
    let patch = CallPatch {
        tags: Some(vec!["quite new".to_owned()]),
        ..CallPatch::default()
    };
    assert!(world.change_record(Vendor::Transcripto, id, patch));
    let added = world.add_record(Vendor::Transcripto, CallPatch::default());
    live.walk(&mut stored, Walk::Incremental, &resume).await;
    let tasks = live.ledger(Vendor::Transcripto, "task");
    assert_fits(&live, id, &tasks[id], &stored.calls[id]);
    for new in added.iter().filter(|new| tasks.contains_key(*new)) {
        assert!(stored.calls.contains_key(new), "{new}");
    }
    assert!(world.delete_record(Vendor::Transcripto, id));
    let lookup = live.provider.lookup().unwrap();
    let record = callweave_provider::RecordRef::new("task", id.clone());
    let change = lookup
        .fetch(&live.caller.context(), &record, None)
        .await
        .unwrap();
    assert!(
        matches!(change, callweave_provider::Change::Gone { .. }),
        "{change:?}"
    );
}

#[tokio::test]
async fn a_task_is_looked_up_without_ever_having_been_listed() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 30).await;
    let lookup = live.provider.lookup().unwrap();
    for (id, facts) in live.ledger(Vendor::Transcripto, "task") {
        let record = callweave_provider::RecordRef::new("task", id.clone());
        let change = lookup
            .fetch(&live.caller.context(), &record, None)
            .await
            .unwrap();
        let callweave_provider::Change::Upsert(upsert) = change else {
            panic!("{change:?}")
        };
        assert_fits(&live, &id, &facts, &upsert.call);
    }
}

#[tokio::test]
async fn trap_t36_pages_may_be_capped_shorter_than_asked() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 95).await;
    live.option("transcripto_page_cap", json!(20));
    let mut stored = Stored::default();
    live.walk(&mut stored, Walk::Full, &BTreeMap::new()).await;
    assert_eq!(
        stored.calls.len(),
        live.ledger(Vendor::Transcripto, "task").len()
    );
}

#[tokio::test]
async fn trap_t37_tasks_that_change_while_pages_are_read_are_all_met() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 180).await;
    let world = live.sandbox.world();
    let pull = live.provider.pull().unwrap();
    let context = live.caller.context();
    let ids: Vec<String> = live
        .ledger(Vendor::Transcripto, "task")
        .into_keys()
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    let (mut cursor, mut pages) = (None, 0);
    loop {
        let page = pull
            .page(&context, "tasks", Walk::Full, cursor.as_ref())
            .await
            .unwrap();
        pages += 1;
        assert!(pages < 60, "the walk does not end");
        for change in page.changes {
            if let callweave_provider::Change::Seen { record, .. } = change {
                seen.insert(record.remote_id);
            }
        }
        let patch = || CallPatch {
            score: Some(50),
            ..CallPatch::default()
        };
        if pages < 3 {
            for id in ids.iter().skip(pages * 17).take(3) {
                world.change_record(Vendor::Transcripto, id, patch());
            }
        }
        match page.next {
            Next::More(next) => cursor = Some(next),
            Next::Done { .. } => break,
            Next::Unproved { resume, .. } => cursor = Some(resume),
        }
    }
    assert!(
        ids.iter().all(|id| seen.contains(id)),
        "some were never met"
    );
}

#[tokio::test]
async fn trap_t05_an_expired_token_asks_for_a_new_one() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 3).await;
    live.provider.check(&live.caller.context()).await.unwrap();
    live.sandbox
        .world()
        .expire_tokens(Vendor::Transcripto, false);
    for code in [json!(4012), json!(4023), Value::Null] {
        live.option("transcripto_token_code", code);
        let error = live
            .provider
            .check(&live.caller.context())
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthorized);
        let pull = live.provider.pull().unwrap();
        let context = live.caller.context();
        let page = pull.page(&context, "tasks", Walk::Incremental, None).await;
        assert_eq!(page.unwrap_err().kind, ErrorKind::Unauthorized);
    }
}

#[tokio::test]
async fn trap_t07_a_login_without_a_captcha_is_refused_or_waived() {
    let mut live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 3).await;
    let world = live.sandbox.world();
    let credentials = world.credentials(&live.sandbox.base_url())["transcripto"].clone();
    let members =
        ["email", "password_hash"].map(|name| (name, credentials[name].as_str().unwrap()));
    live.caller.credentials = callweave_provider_testkit::Caller::new(&members).credentials;
    let grants = live.provider.token_grant().unwrap();
    let refused = grants.login(&live.caller.context()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidCredentials);
    live.option("transcripto_captcha_waived", json!(true));
    let grant = grants.login(&live.caller.context()).await.unwrap();
    live.caller.access_token = Some(grant.access_token);
    live.provider.check(&live.caller.context()).await.unwrap();
}

#[tokio::test]
async fn trap_t44_the_original_file_is_sound_or_an_error() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 40).await;
    let mut stored = Stored::default();
    live.walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    let source = live.provider.media().unwrap();
    let context = live.caller.context();
    let mut opened = 0;
    for call in stored.calls.values() {
        for media in &call.media {
            let body = match source.open(&context, &call.remote_id, media).await {
                Ok(body) => body,
                Err(error) => {
                    assert!(matches!(
                        error.kind,
                        ErrorKind::NotFound | ErrorKind::NotReady
                    ));
                    continue;
                }
            };
            assert_eq!(body.content_type, "audio/wav");
            let MediaContent::Stream(mut pieces) = body.content else {
                panic!("no stream")
            };
            let mut bytes = Vec::new();
            while let Some(piece) = pieces.next().await {
                bytes.extend_from_slice(&piece.unwrap());
            }
            assert_eq!(&bytes[..4], b"RIFF");
            assert!(
                body.length
                    .is_none_or(|length| length == bytes.len() as u64)
            );
            opened += 1;
        }
        let missing = source
            .open(
                &context,
                "00000000-0000-4000-8000-000000000000",
                &call_media(),
            )
            .await
            .unwrap_err();
        assert_eq!(missing.kind, ErrorKind::NotFound);
    }
    assert!(opened >= 5, "{opened} files");
}

fn call_media() -> callweave_model::call::Media {
    callweave_model::call::Media::new(
        "audio",
        callweave_model::enums::MediaKind::OriginalUpload,
        callweave_model::enums::FetchMode::VendorFile,
    )
}

#[tokio::test]
async fn case_027_poisoned_tasks_cost_themselves_only() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 60).await;
    let tasks = live.ledger(Vendor::Transcripto, "task");
    let poisons = [
        json!({"set": {"": 5}}),
        json!({"remove": ["/task_code", "/id"]}),
        json!({"set": {"/task_length": "long", "/updated_at": {}, "/task_result": []}}),
    ];
    for (id, edit) in tasks.keys().zip(&poisons) {
        let patch = CallPatch {
            extra: Map::from_iter([("edit".to_owned(), edit.clone())]),
            ..CallPatch::default()
        };
        assert!(
            live.sandbox
                .world()
                .change_record(Vendor::Transcripto, id, patch)
        );
    }
    let mut stored = Stored::default();
    live.walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    for id in tasks.keys().skip(poisons.len()) {
        assert!(stored.calls.contains_key(id), "{id}");
    }
    let third = tasks.keys().nth(2).unwrap();
    assert!(
        stored.calls.contains_key(third),
        "odd members cost nothing but themselves"
    );
    assert_eq!(stored.quarantined.len(), 2, "{:?}", stored.quarantined);
}
