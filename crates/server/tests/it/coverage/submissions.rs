//! Work from the request to the analysed call.

use super::{alovoice::unanalysed, *};

/// The call that a job led to, once it is analysed.
async fn analysed(drive: &Drive, job: &Value) -> Value {
    let job = drive.job(job["id"].as_str().unwrap(), "completed").await;
    let call = job["call_ids"][0].as_str().unwrap();
    let path = format!("/v1/calls/{call}?include=analyses,transcript");
    let call = drive.api().get(&path).await;
    assert!(!call["analyses"].as_array().unwrap().is_empty(), "{call}");
    call
}

fn said(call: &Value) -> usize {
    let said = call["transcript"]["utterances"].as_array();
    said.map_or(0, Vec::len)
}

async fn submitted(drive: &Drive, source: Value, facts: Value) -> Value {
    let body = json!({"connection_id": drive.connection, "source": source, "call": facts});
    let job = drive.send(Method::POST, "/v1/analyses", Some(body)).await;
    analysed(drive, &job).await
}

#[tokio::test]
async fn a_recording_a_url_a_chat_and_a_video_become_analysed_calls() {
    let _turn = turn().await;
    let drive = Drive::start(Vendor::Transcripto, 4).await;
    let facts = json!({
        "agent_name": "Nadia", "started_at": "2026-03-02T09:15:00Z", "direction": "inbound",
    });

    let form = reqwest::multipart::Form::new()
        .text("connection_id", drive.connection.to_string())
        .text("agent_name", "Nadia")
        .text("started_at", "2026-03-02T09:15:00Z");
    let file = reqwest::multipart::Part::bytes(recording(20)).file_name("call.wav");
    let job = drive
        .api()
        .request(Method::POST, "/v1/analyses")
        .header("idempotency-key", "the-recording")
        .multipart(form.part("file", file))
        .send()
        .await
        .unwrap();
    assert_eq!(job.status(), 202);
    let call = analysed(&drive, &job.json().await.unwrap()).await;
    assert_eq!(call["started_at"], "2026-03-02T09:15:00.000Z");
    assert!(said(&call) > 0, "{call}");
    assert!(call["analyses"][0]["summaries"][0]["text"].is_string());

    let source = json!({"type": "recording_url", "url": "https://records.example/call.mp3"});
    let call = submitted(&drive, source, facts).await;
    assert!(said(&call) > 0, "{call}");
    assert!(call["analyses"][0]["summaries"][0]["text"].is_string());

    let source = json!({"type": "chat", "text": "agent: Good day\ncustomer: Hello"});
    let facts = json!({"agent_name": "Nadia", "started_at": "2026-03-02T09:15:00Z"});
    let call = submitted(&drive, source, facts).await;
    assert_eq!(call["channel"], "chat");
    assert_eq!(said(&call), 2, "{call}");
    assert!(call["analyses"][0]["summaries"][0]["text"].is_string());

    let source = json!({"type": "video_url", "url": "https://www.youtube.com/watch?v=abcdefghijk"});
    let call = submitted(&drive, source, json!({"language": "en"})).await;
    assert_eq!(call["channel"], "video");
    assert!(call["transcript"].is_object(), "{call}");
}

#[tokio::test]
async fn a_call_that_only_the_vendor_has_becomes_an_analysed_call() {
    let _turn = turn().await;
    let drive = Drive::start(Vendor::AloVoice, 4).await;
    let known = unanalysed(&drive);
    let source = json!({"type": "vendor_call", "call_remote_id": known});
    let call = submitted(&drive, source, json!({})).await;
    assert_eq!(call["remote_id"], known.as_str());
    assert!(said(&call) > 0, "{call}");
}
