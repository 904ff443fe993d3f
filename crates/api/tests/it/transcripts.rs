//! Transcripts in their forms.

use callweave_model::{AnalyzedCall, Transcript, enums::ArtifactState};

use crate::support::{Gateway, sample, spoken};

async fn with_call(call: AnalyzedCall) -> (Gateway, String) {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway.put(connection, vec![call]).await[0];
    (gateway, format!("/v1/calls/{id}/transcript"))
}

#[tokio::test]
async fn a_transcript_is_given_in_the_form_that_is_asked_for() {
    let (gateway, path) = with_call(spoken("a", "2026-03-02T09:15:00Z")).await;
    let json = gateway.get(&path).await;
    assert_eq!(json.header("content-type"), "application/json");
    assert_eq!(json.header("x-transcript-state"), "ready");
    let document = json.json();
    assert_eq!(document["state"], "ready");
    assert_eq!(document["utterances"][1]["start_ms"], 1_600);
    assert_eq!(document["parties"][0]["name"], "Nadia Testova");
    let text = gateway.get(&format!("{path}?format=text")).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        text.text(),
        "Nadia Testova: Good day, this is the umbrella shop\n\
         Customer: I want a red umbrella & <quickly>\n"
    );
    let vtt = gateway.get_with(&path, &[("accept", "text/vtt")]).await;
    assert_eq!(vtt.header("content-type"), "text/vtt; charset=utf-8");
    assert!(
        vtt.text()
            .starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n")
    );
    assert!(
        vtt.text()
            .contains("<v Customer>I want a red umbrella &amp; &lt;quickly&gt;")
    );
    let srt = gateway
        .get_with(&path, &[("accept", "application/x-subrip")])
        .await;
    assert!(
        srt.text()
            .starts_with("1\n00:00:00,000 --> 00:00:01,500\nNadia Testova: Good")
    );
    let format_wins = gateway
        .get_with(&format!("{path}?format=srt"), &[("accept", "text/vtt")])
        .await;
    assert_eq!(
        format_wins.header("content-type"),
        "application/x-subrip; charset=utf-8"
    );
    let odd = gateway.get_with(&path, &[("accept", "image/png")]).await;
    assert_eq!(
        (odd.status, odd.code().as_str()),
        (406, "gateway.not_acceptable")
    );
}

#[tokio::test]
async fn each_form_has_its_own_tag() {
    let (gateway, path) = with_call(spoken("a", "2026-03-02T09:15:00Z")).await;
    let json = gateway.get(&path).await.header("etag").to_owned();
    let text = gateway.get(&format!("{path}?format=text")).await;
    assert_ne!(json, text.header("etag"));
    let again = gateway.get_with(&path, &[("if-none-match", &json)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let again = gateway
        .get_with(
            &format!("{path}?format=text"),
            &[("if-none-match", text.header("etag"))],
        )
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[tokio::test]
async fn not_ready_is_a_state_and_never_a_404() {
    let mut call = sample("a", "2026-03-02T09:15:00Z");
    call.set_artifact("transcript", ArtifactState::Processing);
    let (gateway, path) = with_call(call).await;
    let document = gateway.get(&path).await;
    assert_eq!(document.status, 200);
    assert_eq!(document.json()["state"], "processing");
    assert_eq!(document.json()["utterances"], serde_json::json!([]));
    for format in ["text", "vtt", "srt"] {
        let words = gateway.get(&format!("{path}?format={format}")).await;
        assert_eq!(
            (words.status, words.header("x-transcript-state")),
            (200, "processing")
        );
    }
}

#[tokio::test]
async fn times_are_not_invented() {
    let mut call = spoken("a", "2026-03-02T09:15:00Z");
    let utterances = &mut call.transcript.as_mut().unwrap().utterances;
    utterances[1].start_ms = None;
    let (gateway, path) = with_call(call).await;
    for format in ["vtt", "srt"] {
        let refused = gateway.get(&format!("{path}?format={format}")).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (406, "gateway.no_timed_transcript")
        );
    }
    assert_eq!(
        gateway.get(&format!("{path}?format=text")).await.status,
        200
    );
}

#[tokio::test]
async fn a_transcript_without_utterances_is_its_text() {
    let mut call = sample("a", "2026-03-02T09:15:00Z");
    let mut transcript = Transcript::of_utterances("a", Vec::new());
    transcript.text = Some("Hello <b>".to_owned());
    call.transcript = Some(transcript);
    let (gateway, path) = with_call(call).await;
    assert_eq!(gateway.get(&path).await.json()["text"], "Hello <b>");
    let text = gateway.get(&format!("{path}?format=text")).await;
    assert_eq!(text.text(), "Hello <b>");
    assert_eq!(text.header("x-content-type-options"), "nosniff");
    assert_eq!(gateway.get(&format!("{path}?format=vtt")).await.status, 406);
}
