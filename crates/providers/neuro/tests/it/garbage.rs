//! Bytes that were hurt on their way: every answer is read, put aside or refused, and never
//! ends the process.

use callweave_provider::{RawDocument, RecordRef, Walk};
use callweave_provider_testkit::{CannedClient, answers, damage};
use futures::executor::block_on;
use serde_json::json;

use crate::support::{AGENTS_PATH, CALL, DIALOG, REPORT_PATH, STREAM, caller, fixtures, provider};

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

/// The documents of an attempt, with a statistic of either size.
fn documents(statistic: &str) -> [RawDocument; 2] {
    [
        RawDocument::json("NN-28", fixtures().bytes(statistic)),
        RawDocument::json("NN-32", fixtures().bytes("transcription.json")).with_part(CALL),
    ]
}

#[test]
fn case_021_a_damaged_document_costs_its_record_at_most() {
    let provider = provider(&CannedClient::new(), &json!({}));
    let lookup = provider.lookup().unwrap();
    for name in ["statistic_one_attempt.json", "statistic_two_attempts.json"] {
        let record = RecordRef::new("attempt", CALL);
        damage::hurt_record(0x0e28, lookup, &record, &documents(name));
    }
}

#[test]
fn case_021_damaged_lists_never_panic() {
    let caller = caller();
    let sound = [
        fixtures().bytes("agents.json"),
        fixtures().bytes("report_page.json"),
    ];
    damage::hurt(0x0e29, &sound, |place, body| {
        let mut bodies = sound.clone();
        bodies[place] = body;
        let [agents, report] = bodies;
        let client = CannedClient::new()
            .always("GET", AGENTS_PATH, answers::ok_bytes(agents))
            .always("POST", REPORT_PATH, answers::ok_bytes(report));
        let provider = provider(&client, &json!({}));
        let pull = provider.pull().unwrap();
        let _streams = block_on(pull.streams(&caller.context()));
        let _read = block_on(pull.page(&caller.context(), STREAM, Walk::Full, None));
    });
}

#[test]
fn case_040_translating_is_total_and_the_same_each_time() {
    let provider = provider(&CannedClient::new(), &json!({}));
    let lookup = provider.lookup().unwrap();
    for kind in ["attempt", "dialog"] {
        let id = if kind == "dialog" { DIALOG } else { CALL };
        let record = RecordRef::new(kind, id);
        let sound = documents("statistic_two_attempts.json");
        damage::vary_record(0x0e28, lookup, &record, &sound);
    }
}
