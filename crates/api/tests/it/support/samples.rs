//! Calls with invented people.

use callweave_model::{
    AnalyzedCall, Transcript, Utterance,
    analysis::{Analysis, Detection, Scorecard, Sentiment, Summary},
    call::{Media, Party},
    enums::{
        AnalysisKind, ArtifactState, CallStatus, DetectionType, Direction, FetchMode, MediaKind,
        PartyRole, SentimentLabel, SentimentScope, StartedAtSource, SummaryType, TextFormat,
    },
};
use serde_json::json;
use uuid::Uuid;

/// A call of which little is known.
pub(crate) fn sample(remote_id: &str, started_at: &str) -> AnalyzedCall {
    let mut call = AnalyzedCall::new(remote_id);
    call.started_at = started_at.parse().ok();
    call.started_at_source = StartedAtSource::Vendor;
    call.status = CallStatus::Completed;
    call
}

/// A call with everything that filters look at.
pub(crate) fn spoken(remote_id: &str, started_at: &str) -> AnalyzedCall {
    let mut call = sample(remote_id, started_at);
    call.direction = Direction::Inbound;
    call.status = CallStatus::Other;
    call.vendor_values
        .insert("direction".to_owned(), json!("in"));
    call.vendor_values.insert("status".to_owned(), json!("odd"));
    let mut agent = Party::new(0, PartyRole::Agent);
    agent.name = Some("Nadia Testova".to_owned());
    let mut customer = Party::new(1, PartyRole::Customer);
    customer.phone_raw = Some("8 999 000-11-22".to_owned());
    customer.phone = Some("+79990001122".to_owned());
    call.parties = vec![agent, customer];
    call.transcript = Some(Transcript::of_utterances(
        remote_id,
        vec![
            turn(0, 0, 1_500, "Good day, this is the umbrella shop"),
            turn(1, 1_600, 3_000, "I want a red umbrella & <quickly>"),
        ],
    ));
    call.set_artifact("transcript", ArtifactState::Ready);
    call.set_artifact("analysis", ArtifactState::Ready);
    call.set_artifact("recording", ArtifactState::Ready);
    call.media.push(recording());
    call.analyses.push(analysis());
    call
}

fn turn(party: i32, start: i64, end: i64, text: &str) -> Utterance {
    Utterance {
        seq: party,
        party_index: Some(party),
        start_ms: Some(start),
        end_ms: Some(end),
        text: text.to_owned(),
        ..Utterance::default()
    }
}

fn recording() -> Media {
    Media {
        id: Uuid::nil(),
        remote_key: "main".to_owned(),
        kind: MediaKind::RecordingStereo,
        channels: Some(2),
        content_type: None,
        file_name: Some("call 1.wav".to_owned()),
        size_bytes: None,
        duration_ms: None,
        remote_path: None,
        fetch_mode: FetchMode::VendorFile,
        availability: ArtifactState::Ready,
        url: None,
    }
}

fn analysis() -> Analysis {
    let mut analysis = Analysis::new("run-1", AnalysisKind::ScenarioScoring);
    analysis.scorecards.push(Scorecard {
        rubric_name: "Greeting".to_owned(),
        score_pct: Some(80.0),
        passed: Some(true),
        ..Scorecard::default()
    });
    analysis
        .detections
        .push(Detection::new("umbrella", DetectionType::Tag));
    analysis.sentiments.push(Sentiment {
        scope: SentimentScope::Call,
        party_index: None,
        label: Some(SentimentLabel::Positive),
        score: None,
        narrative: None,
        vendor_values: [("label".to_owned(), json!("GOOD"))].into(),
    });
    analysis.summaries.push(Summary {
        summary_type: SummaryType::Brief,
        text: "Somebody buys an umbrella.".to_owned(),
        language: None,
        format: TextFormat::Plain,
        sections: [].into(),
    });
    analysis
}
