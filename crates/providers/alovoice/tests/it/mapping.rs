//! From the documented answers to the canonical call.

use callweave_model::{
    enums::{
        AnalysisKind, ArtifactState, DetectionScope, DetectionType, Direction, MediaKind,
        PartyRole, StartedAtSource,
    },
    merge::Share,
};
use callweave_provider::Change;
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::support::{CALL, change, fixtures, provider, record, upsert};

fn result() -> Value {
    fixtures().json("result.json")
}

#[tokio::test]
async fn every_documented_member_has_its_place() {
    let upsert = upsert(&result()).await;
    assert_eq!(upsert.unmapped, Vec::<String>::new());
    assert_eq!(upsert.share, Share::Whole);
    assert!(!upsert.unfinished);
    let call = &upsert.call;
    assert_eq!(call.remote_id, CALL);
    assert_eq!(call.remote_refs["aicallid"], "69a55b0abfsssa0ssdf2757ef7");
    let transcript = call.transcript.as_ref().unwrap();
    assert_eq!(transcript.utterances.len(), 3);
    let first = &transcript.utterances[0];
    assert_eq!((first.start_ms, first.end_ms), (Some(1_120), Some(2_960)));
    assert_eq!(first.remote_id.as_deref(), Some("69a55d3209f8892adba7206f"));
    assert_eq!(call.media[0].kind, MediaKind::RecordingStereo);
    assert_eq!(
        call.media[0].remote_path.as_deref(),
        Some("/stereo/1772443200.17")
    );
    assert_eq!(call.analyses[0].kind, AnalysisKind::RuleTagging);
    assert_eq!(call.stats.0["talk_ms_agent"].value, 3_920.0);
    for (name, state) in [
        ("recording", ArtifactState::Ready),
        ("transcript", ArtifactState::Ready),
        ("analysis", ArtifactState::Ready),
        ("summary", ArtifactState::NotSupported),
    ] {
        assert_eq!(call.artifact_state(name), state, "{name}");
    }
    let provider = provider(&CannedClient::new());
    let again = provider.lookup().unwrap().remap(&record(CALL), &upsert.raw);
    let Some(Change::Upsert(again)) = again else {
        unreachable!()
    };
    assert_eq!(again.call, upsert.call);
    assert!(
        provider
            .lookup()
            .unwrap()
            .remap(&record(CALL), &[])
            .is_none()
    );
}

#[tokio::test]
async fn trap_a04_an_answer_without_talk_and_tags_is_pending() {
    let pending = fixtures().json("pending.json");
    match change(CALL, answers::ok(&pending)).await.unwrap() {
        Change::NotReady {
            call: Some(call),
            raw,
            ..
        } => {
            assert_eq!(raw.len(), 1);
            assert_eq!(call.artifact_state("analysis"), ArtifactState::Processing);
            assert_eq!(call.artifact_state("recording"), ArtifactState::Ready);
            assert_eq!(call.remote_refs["aicallid"], "69a55b0a4741bfsssa0ssdf27");
            assert!(call.transcript.is_none());
        }
        other => unreachable!("{other:?}"),
    }
    let mut null = result();
    null["answer"]["stalk"] = json!(null);
    null["answer"]["tags"] = json!(null);
    let found = change(CALL, answers::ok(&null)).await.unwrap();
    assert!(matches!(found, Change::NotReady { .. }));
    null["answer"]["tags"] = json!([]);
    assert!(
        upsert(&null).await.unfinished,
        "tags are there, the talk is not"
    );
    null["answer"]["stalk"] = json!([]);
    let silent = upsert(&null).await;
    assert!(!silent.unfinished && silent.call.transcript.unwrap().utterances.is_empty());
}

#[tokio::test]
async fn case_034_trap_a05_a06_begin_time_is_in_seconds_and_no_start_of_the_call() {
    let upsert_of = async |call: &str| {
        let answer = answers::ok(&result());
        match change(call, answer).await.unwrap() {
            Change::Upsert(upsert) => upsert.call,
            other => unreachable!("{other:?}"),
        }
    };
    let call = upsert_of(CALL).await;
    let started_at = call.started_at.unwrap();
    assert_eq!(started_at.to_string(), "2026-03-02T09:20:00.000Z");
    assert_eq!(call.started_at_source, StartedAtSource::DerivedFromId);
    let requested_at = call.analyses[0].requested_at.unwrap();
    assert_eq!(
        requested_at.to_string(),
        "2026-03-02T09:25:30.000Z",
        "trap A-05: seconds"
    );
    for other in [
        "call-0badcafe",
        "1772443200",
        "1772443200.x",
        "99.17",
        "9999999999.1",
        "1.2.3",
    ] {
        let call = upsert_of(other).await;
        assert_eq!(
            (call.started_at, call.started_at_source),
            (None, StartedAtSource::None),
            "{other}"
        );
    }
}

#[tokio::test]
async fn trap_a07_the_analysis_id_is_any_text() {
    for id in [json!("zz-топ"), json!(7)] {
        let mut body = result();
        body["answer"]["aicallid"] = id.clone();
        let upsert = upsert(&body).await;
        assert_eq!(
            upsert.call.analyses[0].remote_id,
            id.to_string().trim_matches('"')
        );
    }
    let mut body = result();
    body["answer"].as_object_mut().unwrap().remove("aicallid");
    assert_eq!(upsert(&body).await.call.analyses[0].remote_id, CALL);
}

#[tokio::test]
async fn trap_a09_the_talk_has_several_names() {
    for name in ["talk", "transcript"] {
        let mut body = result();
        let talk = body["answer"]
            .as_object_mut()
            .unwrap()
            .remove("stalk")
            .unwrap();
        body["answer"][name] = talk;
        let upsert = upsert(&body).await;
        assert_eq!(
            upsert.call.transcript.unwrap().utterances.len(),
            3,
            "{name}"
        );
        assert_eq!(upsert.unmapped, Vec::<String>::new());
    }
}

#[tokio::test]
async fn trap_a10_direction_is_the_speaker() {
    let mut body = result();
    body["answer"]["stalk"][2]["direction"] = json!("supervisor?");
    let call = upsert(&body).await.call;
    assert_eq!(call.direction, Direction::Unknown);
    let roles: Vec<PartyRole> = call.parties.iter().map(|party| party.role).collect();
    assert_eq!(
        roles,
        [PartyRole::Agent, PartyRole::Customer, PartyRole::Other]
    );
    assert_eq!(call.parties[2].vendor_values["role"], json!("supervisor?"));
    assert!(call.parties.iter().all(|party| !party.role_derived));
    let speakers: Vec<_> = call
        .transcript
        .unwrap()
        .utterances
        .iter()
        .map(|u| u.party_index)
        .collect();
    assert_eq!(speakers, [Some(0), Some(1), Some(2)]);
}

#[tokio::test]
async fn trap_a11_an_absence_is_a_finding_about_the_whole_call() {
    let call = upsert(&result()).await.call;
    let absence = &call.analyses[0].detections[0];
    assert_eq!(absence.name, "Нет представления компании");
    assert_eq!(
        (absence.scope, absence.start_ms, absence.end_ms),
        (DetectionScope::Call, None, None)
    );
    assert_eq!(
        (absence.value.as_deref(), absence.visible),
        (Some(""), None)
    );
    assert_eq!(
        (absence.condition, absence.match_text.as_deref()),
        (None, None)
    );
}

#[tokio::test]
async fn trap_a12_occurrences_are_never_merged() {
    let call = upsert(&result()).await.call;
    let tags = &call.analyses[0].detections;
    assert_eq!(tags.len(), 4);
    assert_eq!(tags[2].match_text.as_deref(), Some("salomat bo'ling"));
    assert_eq!(tags[3].match_text.as_deref(), Some("salomat"));
    assert_eq!(tags[2].visible, Some(true));
    assert_eq!(
        tags[1].name, "Приветсвие",
        "trap A-13: a customer's spelling is kept"
    );
    assert_eq!(tags[1].utterance_seq, Some(0));
    assert_eq!(
        tags[3].utterance_remote_id.as_deref(),
        Some("69a55d3209f8892adba7208f")
    );
    assert_eq!(
        tags[3].utterance_seq, None,
        "trap A-15: its fragment is not among those shown"
    );
}

#[tokio::test]
async fn trap_a14_unknown_kinds_of_tags_keep_the_vendors_word() {
    let mut body = result();
    body["answer"]["tags"][0]["tag_type"] = json!("neural");
    body["answer"]["tags"][1]["tag_type"] = json!(null);
    let call = upsert(&body).await.call;
    let tags = &call.analyses[0].detections;
    assert_eq!(tags[0].detection_type, DetectionType::Other);
    assert_eq!(tags[0].vendor_values["type"], json!("neural"));
    assert_eq!(
        (tags[1].detection_type, tags[1].type_raw.as_deref()),
        (DetectionType::Tag, None)
    );
    assert_eq!(tags[2].detection_type, DetectionType::Rule);
}

#[tokio::test]
async fn trap_a19_nothing_is_made_up() {
    let call = upsert(&result()).await.call;
    assert!(call.duration_ms.is_none() && call.language.is_none() && call.subject.is_none());
    let analysis = &call.analyses[0];
    assert!(analysis.scorecards.is_empty() && analysis.summaries.is_empty());
    assert!(analysis.sentiments.is_empty() && analysis.analyzed_at.is_none());
}

#[tokio::test]
async fn case_026_unknown_and_misshapen_members_are_kept_and_told() {
    let mut body = result();
    body["version"] = json!(2);
    body["answer"]["mood"] = json!({"agent": "calm"});
    body["answer"]["begin_time"] = json!("yesterday");
    body["answer"]["stalk"][0]["begin"] = json!("soon");
    let upsert = upsert(&body).await;
    let mut unmapped = upsert.unmapped.clone();
    unmapped.sort_unstable();
    assert_eq!(
        unmapped,
        [
            "AV-02/answer/begin_time",
            "AV-02/answer/mood",
            "AV-02/answer/stalk/0/begin",
            "AV-02/version"
        ]
    );
    let extra = &upsert.call.analyses[0].extra;
    assert_eq!(extra["AV-02/answer/mood"], json!({"agent": "calm"}));
    assert_eq!(upsert.call.transcript.unwrap().utterances.len(), 3);
}

#[tokio::test]
async fn case_035_odd_times_are_mended_and_marked() {
    let mut body = result();
    body["answer"]["stalk"][0]["end"] = json!(500);
    body["answer"]["stalk"][1]["begin"] = json!(-40);
    let call = upsert(&body).await.call;
    let times: Vec<_> = call
        .transcript
        .as_ref()
        .unwrap()
        .utterances
        .iter()
        .map(|utterance| (utterance.start_ms, utterance.end_ms))
        .collect();
    assert_eq!(
        times[..2],
        [(Some(0), Some(6_280)), (Some(1_120), Some(1_120))]
    );
    let marked = |seq: i32| {
        call.estimated_fields
            .contains(&format!("/transcript/utterances/{seq}"))
    };
    assert!(marked(0) && marked(1) && !marked(2));
}
