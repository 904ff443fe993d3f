//! Calls as vCons.

use callweave_model::{
    AnalyzedCall,
    call::{Attempt, Party},
    enums::{CallStatus, Channel, Direction, PartyRole},
};
use serde_json::{Value, json};

use crate::support::{Gateway, sample, spoken};

async fn vcon_of(call: AnalyzedCall) -> (Gateway, String, Value) {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway.put(connection, vec![call]).await[0];
    let path = format!("/v1/calls/{id}/vcon");
    let answer = gateway.get(&path).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let vcon = answer.json();
    assert_eq!(vcon["uuid"], id.to_string());
    (gateway, path, vcon)
}

#[tokio::test]
async fn a_call_is_a_container_of_parties_dialog_and_analyses() {
    let mut call = spoken("a", "2026-03-02T09:15:00Z");
    call.duration_ms = Some(33_120);
    (call.parties[0].channel, call.parties[1].channel) = (Some(1), Some(0));
    let (gateway, path, vcon) = vcon_of(call).await;
    assert_eq!(
        (&vcon["vcon"], &vcon["extensions"]),
        (&json!("0.4.0"), &json!(["callweave"]))
    );
    assert_eq!(
        vcon["parties"],
        json!([
            {"name": "Nadia Testova", "type": "person", "callweave": {"role": "agent"}},
            {"tel": "+79990001122", "type": "person", "callweave": {"role": "customer"}},
        ])
    );
    let call = &vcon["callweave"]["call"];
    let media = gateway
        .get(&format!("{}/media", call.as_str().unwrap()))
        .await
        .json();
    assert_eq!(
        vcon["dialog"],
        json!([{
            "type": "recording", "start": "2026-03-02T09:15:00.000Z", "duration": 33.12,
            // A channel each; the customer, who is not the first, called.
            "parties": [1, 0], "originator": 1,
            "filename": "call 1.wav", "callweave": {"media": media["data"][0]["url"]},
        }])
    );
    let kinds: Vec<_> = vcon["analysis"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["type"])
        .collect();
    assert_eq!(kinds, ["transcript", "summary", "report"]);
    let [transcript, summary, report] = [0, 1, 2].map(|place| &vcon["analysis"][place]);
    assert_eq!(
        transcript["body"]["utterances"][1]["text"],
        "I want a red umbrella & <quickly>"
    );
    assert_eq!(
        (
            &transcript["dialog"],
            &transcript["vendor"],
            &transcript["encoding"],
            &transcript["schema"]
        ),
        (
            &json!([0]),
            &json!("fake"),
            &json!("json"),
            &json!("analyzed_call/1#Transcript")
        )
    );
    assert_eq!(
        (
            &summary["body"],
            &summary["encoding"],
            &summary["mediatype"]
        ),
        (
            &json!("Somebody buys an umbrella."),
            &json!("none"),
            &json!("text/plain")
        )
    );
    assert_eq!(report["body"]["scorecards"][0]["rubric_name"], "Greeting");
    assert_eq!(vcon["attachments"], json!([]));
    assert_eq!(
        (
            &vcon["callweave"]["remote_id"],
            &vcon["callweave"]["direction"]
        ),
        (&json!("a"), &json!("inbound"))
    );

    let plain = gateway
        .get_with(&path, &[("accept", "application/json")])
        .await;
    assert_eq!(plain.header("content-type"), "application/json");
    let own = gateway.get_with(&path, &[("accept", "*/*")]).await;
    assert_eq!(own.header("content-type"), "application/vcon");
    assert_eq!(plain.json(), own.json());
    assert_ne!(plain.header("etag"), own.header("etag"));
    let again = gateway
        .get_with(&path, &[("if-none-match", own.header("etag"))])
        .await;
    assert_eq!(again.status, 304);
    let sound = gateway.get_with(&path, &[("accept", "audio/wav")]).await;
    assert_eq!(
        (sound.status, sound.code().as_str()),
        (406, "gateway.not_acceptable")
    );
}

#[tokio::test]
async fn a_vcon_needs_the_right_to_read_what_was_said() {
    let (gateway, path, _) = vcon_of(spoken("a", "2026-03-02T09:15:00Z")).await;
    for scopes in [&["calls:read"][..], &["transcripts:read"]] {
        let key = gateway.key_of(gateway.tenant, scopes).await;
        let bearer = format!("Bearer {key}");
        let refused = gateway.get_with(&path, &[("authorization", &bearer)]).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "gateway.insufficient_scope")
        );
    }
}

#[tokio::test]
async fn messages_of_a_chat_are_dialogs() {
    let mut chat = spoken("a", "2026-03-02T09:15:00Z");
    chat.channel = Channel::Chat;
    chat.media.clear();
    let (_gateway, _, vcon) = vcon_of(chat).await;
    assert_eq!(
        vcon["dialog"][1],
        json!({
            "type": "text", "start": "2026-03-02T09:15:01.600Z", "parties": [1],
            "mediatype": "text/plain", "encoding": "none", "body": "I want a red umbrella & <quickly>",
        })
    );
    let kinds: Vec<_> = vcon["analysis"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["type"])
        .collect();
    assert_eq!(
        kinds,
        ["summary", "report"],
        "what was written is not told twice"
    );
    assert_eq!(vcon["analysis"][0]["dialog"], json!([0, 1]));
}

#[tokio::test]
async fn nothing_is_made_up_for_the_sake_of_the_form() {
    let mut missed = sample("a", "2026-03-02T09:15:00Z");
    missed.status = CallStatus::Completed;
    missed.direction = Direction::Outbound;
    missed.parties = vec![
        Party::new(0, PartyRole::Bot),
        Party::new(1, PartyRole::Customer),
    ];
    missed.attempts = [
        CallStatus::NoAnswer,
        CallStatus::Busy,
        CallStatus::Completed,
    ]
    .map(|status| Attempt {
        status,
        ..Attempt::new(None)
    })
    .to_vec();
    let (_gateway, _, vcon) = vcon_of(missed).await;
    assert_eq!(
        vcon["dialog"],
        json!([
            {"type": "incomplete", "parties": [0, 1], "disposition": "no-answer"},
            {"type": "incomplete", "parties": [0, 1], "disposition": "busy"},
            {"type": "recording", "start": "2026-03-02T09:15:00.000Z", "parties": [0, 1]},
        ])
    );
    assert_eq!(vcon["analysis"], json!([]));
    let (_gateway, _, vcon) = vcon_of(AnalyzedCall::new("b")).await;
    assert_eq!(
        vcon["dialog"],
        json!([{"type": "recording", "parties": []}])
    );
    let mut waiting = AnalyzedCall::new("c");
    waiting.status = CallStatus::Queued;
    let (_gateway, _, vcon) = vcon_of(waiting).await;
    assert_eq!(vcon["dialog"], json!([]));
}
