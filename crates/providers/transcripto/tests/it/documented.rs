//! The documented answers, mapped without a loss.

use callweave_model::{
    enums::{
        ActionKind, ArtifactState, CallKind, Channel, DetectionScope, DetectionType, Direction,
        DurationSource, ItemResult, PartyRole, ScoreName, SentimentLabel, StartedAtSource,
        TranscriptFormat,
    },
    merge::Share,
    rollup::Rollup,
};
use serde_json::{Value, json};

use crate::support::{CODE, Case};

#[tokio::test]
async fn documented_answers_become_a_call_without_a_loss() {
    let upsert = Case::documented().upsert().await;
    assert_eq!(upsert.unmapped, Vec::<String>::new());
    assert_eq!(upsert.share, Share::Whole);
    assert!(!upsert.unfinished);
    let operations: Vec<&str> = upsert
        .raw
        .iter()
        .map(|raw| raw.operation.as_str())
        .collect();
    assert_eq!(operations, ["TR-09", "TR-11", "TR-12", "TR-18"]);
    let call = upsert.call;
    assert_eq!(
        (call.remote_id.as_str(), call.channel, call.kind),
        (CODE, Channel::Voice, CallKind::HumanCall)
    );
    assert_eq!(call.direction, Direction::Inbound);
    assert_eq!(
        call.started_at.unwrap().to_string(),
        "2026-03-01T08:45:00.000Z"
    );
    assert_eq!(call.started_at_source, StartedAtSource::Vendor);
    assert_eq!(call.language.as_deref(), Some("en"));
    assert_eq!(call.remote_refs["id"], "12345");
    assert_eq!(call.remote_refs["file_name"], "rec_2026-03-01_0845.wav");
    assert_eq!(call.folder_remote_id.as_deref(), Some("123"));
    assert_eq!(call.parties[0].name.as_deref(), Some("Ivanov"));
    assert_eq!(call.parties[0].role, PartyRole::Agent);
    assert_eq!(
        call.vendor_updated_at.unwrap().to_string(),
        "2026-03-01T08:47:10.000Z"
    );
    for name in [
        "recording",
        "transcript",
        "analysis",
        "summary",
        "scorecard",
    ] {
        assert_eq!(call.artifact_state(name), ArtifactState::Ready, "{name}");
    }
    let transcript = call.transcript.as_ref().unwrap();
    assert_eq!(transcript.turns, Some(128));
    assert_eq!(transcript.format, TranscriptFormat::Utterances);
    let media = &call.media[0];
    assert_eq!(media.file_name.as_deref(), Some("rec_2026-03-01_0845.wav"));
    assert!(!media.remote_path.as_ref().unwrap().contains("access"));
}

#[tokio::test]
async fn an_analysis_lands_in_its_canonical_places() {
    let run = Case::documented().run().await;
    assert_eq!(run.remote_id, CODE);
    assert!(
        run.summaries[0]
            .text
            .starts_with("The customer wants an eSIM")
    );
    assert_eq!(run.sentiments[0].label, Some(SentimentLabel::Positive));
    assert_eq!(
        run.sentiments[0].narrative.as_deref(),
        Some("calm, grateful")
    );
    let items: Vec<(&str, ActionKind)> = run
        .action_items
        .iter()
        .map(|item| (item.text.as_str(), item.kind))
        .collect();
    assert_eq!(
        items,
        [
            ("Send an SMS with instructions", ActionKind::Recommendation),
            ("Check for outages", ActionKind::Recommendation),
            ("send SMS, provide APN", ActionKind::Commitment),
            ("the customer is waiting for an SMS", ActionKind::NextAction),
        ]
    );
    assert!(
        run.detections.iter().all(
            |tag| tag.detection_type == DetectionType::Tag && tag.scope == DetectionScope::Call
        )
    );
    assert_eq!(
        run.insights["root_cause"].text.as_deref(),
        Some("technical")
    );
    assert_eq!(
        run.insights["funnel_stage"].text.as_deref(),
        Some("qualification")
    );
    assert_eq!(run.insights.len(), 9);
    let topics: Vec<Option<&str>> = run
        .topics
        .iter()
        .map(|topic| topic.remote_id.as_deref())
        .collect();
    assert_eq!(topics, [Some("101"), Some("202")]);
    let card = &run.scorecards[0];
    assert_eq!(
        (card.rubric_remote_id.as_deref(), card.rubric_name.as_str()),
        (Some("7"), "Greeting script")
    );
    assert_eq!((card.score, card.score_pct), (Some(0.9), Some(90.0)));
    assert_eq!((card.items_total, card.items_met), (Some(2), Some(1)));
    assert_eq!(card.items[1].result, ItemResult::NotMet);
    let rollup = Rollup::of(&[run]);
    assert_eq!(
        (rollup.csat_pct, rollup.score_pct),
        (Some(90.0), Some(90.0))
    );
    assert_eq!(rollup.tags, ["APN", "eSIM"]);
}

#[tokio::test]
async fn trap_t12_t31_answers_to_questions_are_a_scorecard_of_their_own() {
    let run = Case::documented().run().await;
    let card = &run.scorecards[1];
    assert_eq!(card.score_pct, None);
    assert_eq!(
        card.items[0].remote_id.as_deref(),
        Some("1"),
        "a question, not a group"
    );
    assert_eq!(card.items[0].result, ItemResult::Met);
    assert_eq!(card.items[1].result, ItemResult::Other);
    assert_eq!(card.items[1].answer_raw, json!("He tried to"));
}

#[tokio::test]
async fn trap_t20_zero_and_global_are_nothing() {
    let mut case = Case::documented();
    case.row["directory_id"] = json!(0);
    case.task["directory_id"] = json!(0);
    case.row["operator_name"] = json!("global");
    case.task["task_result"] = Value::Null;
    let call = case.call().await;
    assert_eq!(call.folder_remote_id, None);
    assert!(call.parties.is_empty(), "{:?}", call.parties);
}

#[tokio::test]
async fn trap_t24_minutes_and_seconds() {
    let mut case = Case::documented();
    let call = case.call().await;
    assert_eq!(
        (call.duration_ms, call.duration_source),
        (Some(996_000), DurationSource::Vendor)
    );
    assert!(
        !call.vendor_values.contains_key("duration_ms"),
        "16.62 minutes are 997 seconds"
    );
    case.analysis["duration_sec"] = Value::Null;
    assert_eq!(case.call().await.duration_ms, Some(997_200));
    case.analysis["duration_sec"] = json!(120);
    let call = case.call().await;
    assert_eq!(call.duration_ms, Some(120_000));
    assert_eq!(
        call.vendor_values["duration_ms"]["task_length"],
        json!(16.62),
        "they disagree"
    );
    for kind in ["chat", "email"] {
        case.task["type"] = json!(kind);
        case.row["type"] = json!(kind);
        case.row["task_length"] = json!(0);
        assert_eq!(case.call().await.duration_ms, None, "{kind}");
    }
}

#[tokio::test]
async fn trap_t25_t26_the_start_has_three_names_and_many_forms() {
    let mut case = Case::documented();
    for (told, expected) in [
        (
            json!("2026-03-01T08:45:00.123456Z"),
            "2026-03-01T08:45:00.123Z",
        ),
        (
            json!("2026-03-01T11:45:00+03:00"),
            "2026-03-01T08:45:00.000Z",
        ),
        (json!("2026-03-01T08:45:00"), "2026-03-01T08:45:00.000Z"),
        (Value::Null, "2026-03-01T08:45:00.000Z"),
    ] {
        case.analysis["call_datetime"] = told;
        assert_eq!(case.call().await.started_at.unwrap().to_string(), expected);
    }
    case.row["call_time"] = Value::Null;
    let call = case.call().await;
    assert_eq!(
        call.started_at.unwrap().to_string(),
        "2026-03-01T00:00:00.000Z"
    );
    assert_eq!(
        call.started_at_source,
        StartedAtSource::Estimated,
        "only the day is told"
    );
    assert!(call.estimated_fields.contains(&"/started_at".to_owned()));
    case.row["call_date"] = Value::Null;
    case.task["call_date"] = Value::Null;
    let call = case.call().await;
    assert_eq!(
        (call.started_at, call.started_at_source),
        (None, StartedAtSource::None)
    );
}

#[tokio::test]
async fn trap_t27_scores_keep_their_scales() {
    let mut case = Case::documented();
    case.analysis["analysis"]["scores"] = json!({
        "csat": 9, "politeness": 4.5, "empathy": 0.86, "script_alignment": 64, "luck": 3, "odd": "x",
    });
    let upsert = case.upsert().await;
    assert_eq!(upsert.unmapped, ["TR-12/analysis/scores/odd"]);
    let run = &upsert.call.analyses[0];
    assert_eq!(run.extra["analysis.scores.odd"], json!("x"));
    let score = |name: &str| {
        run.scores
            .iter()
            .find(|score| score.name_raw == name)
            .unwrap()
    };
    let csat = score("customer_satisfaction_score");
    assert_eq!(
        (csat.value, csat.scale_max, csat.normalized_pct),
        (9.0, Some(10.0), Some(90.0))
    );
    assert_eq!(
        run.scores
            .iter()
            .filter(|score| score.name == ScoreName::Csat)
            .count(),
        1
    );
    let politeness = score("politeness");
    assert_eq!(
        (politeness.value, politeness.normalized_pct),
        (4.5, None),
        "never clamped"
    );
    assert_eq!(score("empathy").normalized_pct, Some(86.0));
    assert_eq!(score("script_alignment").normalized_pct, Some(64.0));
    assert_eq!(
        (score("luck").name, score("luck").scale_max),
        (ScoreName::Other, None)
    );
}

#[tokio::test]
async fn trap_t27_two_satisfactions_that_disagree_are_told() {
    let mut case = Case::documented();
    case.analysis["customer_satisfaction_score"] = json!(6);
    let run = case.run().await;
    let both: Vec<f64> = run
        .scores
        .iter()
        .filter(|score| score.name == ScoreName::Csat)
        .map(|score| score.value)
        .collect();
    assert_eq!(both, [6.0, 9.0], "the one beside the analysis is preferred");
    assert_eq!(run.extra["csat_mismatch"]["csat"], json!(9.0));
    case.analysis["customer_satisfaction_score"] = Value::Null;
    case.row["customer_satisfaction_score"] = Value::Null;
    assert_eq!(case.run().await.scores[0].name_raw, "csat");
}

#[tokio::test]
async fn trap_t28_an_analysis_may_grow_and_lack_parts() {
    let mut case = Case::documented();
    case.analysis["analysis"]["mood_curve"] = json!([1, 2]);
    case.analysis["analysis"]["analysis_notes"]["weather"] = json!("fine");
    case.analysis["call_checklists"][0]["answers"][0]["hint"] = json!("x");
    let upsert = case.upsert().await;
    let mut unmapped = upsert.unmapped;
    unmapped.sort_unstable();
    assert_eq!(
        unmapped,
        [
            "TR-12/analysis/analysis_notes/weather",
            "TR-12/analysis/mood_curve",
            "TR-12/call_checklists/0/answers/0/hint",
        ]
    );
    let extra = &upsert.call.analyses[0].extra;
    assert_eq!(extra["analysis.mood_curve"], json!([1, 2]));
    assert_eq!(extra["analysis.analysis_notes.weather"], json!("fine"));
    case.analysis = json!({
        "success": true, "task_code": CODE, "analysis": null, "transcript": null,
        "call_checklists": null, "category_ids": null, "duration_sec": null,
    });
    let upsert = case.upsert().await;
    assert_eq!(upsert.unmapped, Vec::<String>::new());
    assert_eq!(
        upsert.call.artifact_state("summary"),
        ArtifactState::NotRequested
    );
}

#[tokio::test]
async fn trap_t29_none_is_no_risk() {
    let mut case = Case::documented();
    for (told, text) in [
        (json!("none"), None),
        (json!(""), None),
        (json!("churn"), Some("churn")),
        (json!(["churn", "none", "claim"]), Some("churn; claim")),
    ] {
        case.analysis["analysis"]["analysis_notes"]["risk_signals"] = told.clone();
        let run = case.run().await;
        assert_eq!(run.insights["risk_signals"].text.as_deref(), text);
        assert_eq!(
            run.insights["risk_signals"].value, told,
            "the vendor's word stays"
        );
    }
    case.analysis["analysis"]["analysis_notes"]["risk_signals"] = Value::Null;
    assert!(!case.run().await.insights.contains_key("risk_signals"));
}

#[tokio::test]
async fn trap_t30_a_transcript_is_split_by_its_labels_and_kept_whole() {
    let mut case = Case::documented();
    let call = case.call().await;
    let transcript = call.transcript.unwrap();
    assert!(transcript.derived);
    assert_eq!(transcript.utterances.len(), 3);
    assert_eq!(
        transcript.utterances[0].party_index,
        Some(0),
        "the named operator speaks"
    );
    assert_eq!(transcript.utterances[1].text, "Hi, I need an eSIM.");
    assert_eq!(transcript.utterances[0].start_ms, None);
    assert!(transcript.text.unwrap().starts_with("Operator: Hello"));
    assert!(call.parties[1].role_derived);
    case.task["task_result"]["original_text"] = json!("Just a note without speakers.");
    case.task["task_result"]["normalized_text"] = json!("A note.");
    let transcript = case.call().await.transcript.unwrap();
    assert_eq!(
        (transcript.format, transcript.derived),
        (TranscriptFormat::PlainText, false)
    );
    assert_eq!(transcript.normalized_text.as_deref(), Some("A note."));
}

#[tokio::test]
async fn texts_made_of_a_video_are_kept() {
    let mut case = Case::documented();
    case.task["type"] = json!("youtubenew");
    case.task["task_result"]["blog_post"] = json!("# Post");
    case.task["task_result"]["image_prompt"] = json!("a cat");
    let upsert = case.upsert().await;
    assert_eq!(upsert.unmapped, Vec::<String>::new());
    assert_eq!(upsert.raw.len(), 2, "a video is not analysed");
    let call = upsert.call;
    assert_eq!(
        (call.channel, call.kind),
        (Channel::Video, CallKind::Upload)
    );
    assert_eq!(call.analyses[0].extra["blog_post"], json!("# Post"));
    assert_eq!(call.analyses[0].extra["image_prompt"], json!("a cat"));
    assert!(call.media.is_empty());
}
