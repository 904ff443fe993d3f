//! What the vendor took while its answer was lost is not sent again.

use callweave_sandbox::{Action, FaultKind, FaultSpec};

use super::*;

/// The vendor's answers to the next request of an operation go wrong.
fn spoil(drive: &Drive, operation: &str, kind: FaultKind) {
    drive.stage.sandbox.world().add_fault(FaultSpec {
        vendor: Some(drive.vendor),
        operation: operation.to_owned(),
        kind,
        probability: None,
        count: Some(1),
        skip: 0,
        seed: 1,
    });
}

/// How many pieces of work the vendor has taken.
fn taken(drive: &Drive) -> usize {
    let ledger = drive.stage.ledger(drive.vendor);
    let submitted = |entry: &&callweave_sandbox::LedgerEntry| entry.action == Action::Submitted;
    ledger.iter().filter(submitted).count()
}

/// The job says that it does not know, finds what it sent, and ends well.
async fn found_and_completed(drive: &Drive, job: &Value) -> Value {
    let job = drive.job(job["id"].as_str().unwrap(), "completed").await;
    let states: Vec<&str> = job["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["state"].as_str().unwrap())
        .collect();
    assert!(states.contains(&"outcome_unknown"), "{states:?}");
    job
}

#[tokio::test]
async fn a_recording_whose_answer_never_came_is_found_and_sent_once() {
    let _turn = turn().await;
    let patience = [("CALLWEAVE__EGRESS__REQUEST_TIMEOUT", "2s")];
    let drive = Drive::start_with(Vendor::Transcripto, 4, &patience).await;
    spoil(&drive, "TR-04", FaultKind::Stall);
    let body = json!({
        "connection_id": drive.connection,
        "source": {"type": "recording_url", "url": "https://records.example/lost-answer.mp3"},
        "call": {"agent_name": "Nadia", "started_at": "2026-03-02T09:15:00Z", "direction": "inbound"},
    });
    let job = drive.send(Method::POST, "/v1/analyses", Some(body)).await;
    found_and_completed(&drive, &job).await;
    assert_eq!(taken(&drive), 1);
    assert_eq!(drive.answered("TR-04"), 1);
}

#[tokio::test]
async fn a_dialog_whose_answer_never_came_is_found_and_dialled_once() {
    let _turn = turn().await;
    let patience = [("CALLWEAVE__EGRESS__REQUEST_TIMEOUT", "2s")];
    let drive = Drive::start_with(Vendor::Neuro, 4, &patience).await;
    let path = format!("/v1/connections/{}/voice-agents", drive.connection);
    let agent = first(&drive.api().get(&path).await);
    spoil(&drive, "NN-03", FaultKind::Stall);
    let body = json!({
        "connection_id": drive.connection, "agent": agent, "phone": "+998900000077", "inputs": {},
    });
    let job = drive.send(Method::POST, "/v1/dialogs", Some(body)).await;
    found_and_completed(&drive, &job).await;
    assert_eq!(taken(&drive), 1);
    assert_eq!(drive.answered("NN-03"), 1);
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_is_found_and_analysed_once() {
    let _turn = turn().await;
    let drive = Drive::start(Vendor::AloVoice, 4).await;
    let known = alovoice::unanalysed(&drive);
    spoil(&drive, "AV-01", FaultKind::LostResponse);
    let body = json!({
        "connection_id": drive.connection,
        "source": {"type": "vendor_call", "call_remote_id": known},
    });
    let job = drive.send(Method::POST, "/v1/analyses", Some(body)).await;
    found_and_completed(&drive, &job).await;
    assert_eq!(taken(&drive), 1);
    assert_eq!(drive.answered("AV-01"), 1);
}

#[tokio::test]
async fn what_the_vendor_never_got_is_sent_again_on_request_only() {
    let _turn = turn().await;
    let drive = Drive::start(Vendor::Transcripto, 4).await;
    spoil(&drive, "TR-04", FaultKind::Close { after_bytes: None });
    let body = json!({
        "connection_id": drive.connection,
        "source": {"type": "recording_url", "url": "https://records.example/never-got.mp3"},
        "call": {"agent_name": "Nadia", "started_at": "2026-03-02T09:15:00Z", "direction": "inbound"},
    });
    let job = drive.send(Method::POST, "/v1/analyses", Some(body)).await;
    let id = job["id"].as_str().unwrap();
    drive.job(id, "outcome_unknown").await;
    // It asks the vendor, and asks only.
    drive.until_reached("TR-09", drive.answered("TR-09")).await;
    assert_eq!((taken(&drive), drive.answered("TR-04")), (0, 1));
    let path = format!("/v1/jobs/{id}/resubmit?confirm=may_duplicate");
    drive.send(Method::POST, &path, None).await;
    drive.job(id, "completed").await;
    assert_eq!((taken(&drive), drive.answered("TR-04")), (1, 2));
}
