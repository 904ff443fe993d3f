//! Bytes that were hurt on their way: every answer is read, put aside or refused, and never
//! ends the process.

use callweave_provider::{RawDocument, RecordRef, Walk};
use callweave_provider_testkit::{CannedClient, answers};
use futures::executor::block_on;
use serde_json::json;

use crate::support::{AGENTS_PATH, CALL, REPORT_PATH, STREAM, caller, fixtures, provider};

/// The document with one byte changed, left out or doubled, or cut off there.
fn hurt(document: &[u8], at: usize) -> Vec<Vec<u8>> {
    let (before, after) = document.split_at(at);
    let byte = after[0];
    let rest = &after[1..];
    let with = |middle: &[u8]| [before, middle, rest].concat();
    vec![
        with(&[byte ^ 1]),
        with(&[byte ^ 0x80]),
        with(b"\""),
        with(b"{"),
        with(b"9"),
        with(&[]),
        with(&[byte, byte]),
        before.to_vec(),
    ]
}

#[test]
fn case_021_hurt_documents_never_panic() {
    let provider = provider(&CannedClient::new(), &json!({}));
    let lookup = provider.lookup().unwrap();
    let record = RecordRef::new("attempt", CALL);
    let statistic = fixtures().bytes("statistic_two_attempts.json");
    let log = fixtures().bytes("transcription.json");
    let mut inputs = 0_u32;
    for (operation, document) in [("NN-28", &statistic), ("NN-32", &log)] {
        for at in 0..document.len() {
            for body in hurt(document, at) {
                let sound = RawDocument::json("NN-28", statistic.clone());
                let broken = RawDocument::json(operation, body).with_part(CALL);
                assert!(lookup.remap(&record, &[sound, broken]).is_some());
                inputs += 1;
            }
        }
    }
    assert!(inputs > 10_000, "{inputs}");
}

#[test]
fn case_021_hurt_pages_never_panic() {
    let report = fixtures().bytes("report_page.json");
    let caller = caller();
    for at in (0..report.len()).step_by(2) {
        for body in hurt(&report, at) {
            let client = CannedClient::new()
                .always("GET", AGENTS_PATH, answers::ok(&json!([])))
                .always("POST", REPORT_PATH, answers::ok_bytes(body));
            let provider = provider(&client, &json!({}));
            let pull = provider.pull().unwrap();
            let _read = block_on(pull.page(&caller.context(), STREAM, Walk::Full, None));
        }
    }
}
