//! Voice agents that call people: from the request to what came of it.

use super::*;

/// What a call came to: whether there is a recording, which then is fetched, and a transcript.
async fn recorded(drive: &Drive, call: &str) -> bool {
    let path = format!("/v1/calls/{call}?include=analyses,transcript");
    let call = drive.api().get(&path).await;
    assert_ne!(call["status"], "in_progress", "{call}");
    assert!(!call["analyses"][0]["outcome"].is_null(), "{call}");
    let media = call["media"].as_array().unwrap();
    let Some(media) = media.first().and_then(|item| item["id"].as_str()) else {
        return false;
    };
    let said = call["transcript"]["utterances"].as_array().unwrap();
    assert!(!said.is_empty(), "{call}");
    let path = format!("/v1/calls/{}/media/{media}", call["id"].as_str().unwrap());
    let response = drive
        .api()
        .request(Method::GET, &path)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.unwrap().len() > 1_000);
    true
}

#[tokio::test]
async fn a_dialog_and_a_batch_end_with_outcome_transcript_and_recording() {
    let _turn = turn().await;
    let drive = Drive::start(Vendor::Neuro, 4).await;
    let path = format!("/v1/connections/{}/voice-agents", drive.connection);
    let agent = first(&drive.api().get(&path).await);

    let body = json!({
        "connection_id": drive.connection, "agent": agent, "phone": "+998900000001", "inputs": {},
    });
    let job = drive.send(Method::POST, "/v1/dialogs", Some(body)).await;
    let job = drive.job(job["id"].as_str().unwrap(), "completed").await;
    assert!(recorded(&drive, job["call_ids"][0].as_str().unwrap()).await);

    let phones = ["+998900000002", "+998900000003", "+998900000004"];
    let dialogs = phones.map(|phone| json!({"phone": phone, "inputs": {}}));
    let body = json!({"connection_id": drive.connection, "agent": agent, "dialogs": dialogs});
    let batch = drive
        .send(Method::POST, "/v1/dialog-batches", Some(body))
        .await;
    let id = batch["id"].as_str().unwrap();
    let batch = drive.job(id, "completed").await;
    assert_eq!(batch["progress"]["total"], 3);
    let rows = drive
        .api()
        .get(&format!("/v1/dialog-batches/{id}/dialogs"))
        .await;
    let mut recordings = 0;
    for row in rows["data"].as_array().unwrap() {
        assert_eq!(row["state"], "completed", "{row}");
        let call = row["call_id"].as_str().unwrap();
        recordings += usize::from(recorded(&drive, call).await);
    }
    assert!(recordings > 0);
}
