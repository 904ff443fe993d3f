//! A large recording goes through the gateway; it is not held there.

use std::fs;

use bytes::Bytes;
use callweave_sandbox::Action;
use futures::stream;
use sha2::{Digest as _, Sha256};

use super::*;

const PIECE: usize = 1024 * 1024;
/// More than the gateway may need beside it.
const PIECES: usize = 192;
const ROOM_KIB: u64 = 64 * 1024;

/// The most memory that a process has had, in KiB.
fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_large_recording_passes_through_in_little_memory() {
    let _turn = turn().await;
    let drive = Drive::start(Vendor::Transcripto, 2).await;
    drive.call("the first sync", |_| true).await;
    let pieces = (0..PIECES).map(|number| Bytes::from(vec![number.to_le_bytes()[0]; PIECE]));
    let mut hash = Sha256::new();
    for piece in pieces.clone() {
        hash.update(&piece);
    }
    let sent = hash
        .finalize()
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));

    let before = peak(drive.gateway.running.pid());
    let body = stream::iter(pieces.map(Ok::<_, std::io::Error>));
    let size = u64::try_from(PIECE * PIECES).unwrap();
    let body = reqwest::Body::wrap_stream(body);
    let file = reqwest::multipart::Part::stream_with_length(body, size).file_name("long.mp3");
    let form = reqwest::multipart::Form::new()
        .text("connection_id", drive.connection.to_string())
        .text("started_at", "2026-03-02T09:15:00Z");
    let response = drive
        .api()
        .request(Method::POST, "/v1/analyses")
        .header("idempotency-key", "the-long-one")
        .multipart(form.part("file", file))
        .send()
        .await
        .unwrap();
    let status = response.status();
    let job: Value = response.json().await.unwrap();
    assert_eq!(status, 202, "{job}");
    drive.job(job["id"].as_str().unwrap(), "completed").await;

    let ledger = drive.stage.ledger(Vendor::Transcripto);
    let mut taken = ledger
        .iter()
        .filter(|entry| entry.action == Action::Submitted);
    let given = &taken.next().unwrap().facts["given"];
    assert_eq!(
        (given["file_bytes"].as_u64(), given["file_sha256"].as_str()),
        (Some(size), Some(sent.as_str()))
    );
    assert!(taken.next().is_none());
    let grown = peak(drive.gateway.running.pid()) - before;
    assert!(grown < ROOM_KIB, "grew by {grown} KiB");
}
