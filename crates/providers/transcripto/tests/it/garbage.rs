//! Bytes that were hurt on their way: every answer is read, put aside or refused, and never
//! ends the process.

use callweave_provider::{RawDocument, Walk};
use callweave_provider_testkit::{CannedClient, answers, damage};
use futures::executor::block_on;
use serde_json::json;

use crate::support::{LIST_PATH, caller, fixtures, provider, record};

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
    let provider = provider(&CannedClient::new());
    let lookup = provider.lookup().unwrap();
    let mut inputs = 0_u32;
    let files = [
        ("TR-09", "task_row.json"),
        ("TR-11", "task_completed.json"),
        ("TR-12", "analysis_full.json"),
        ("TR-18", "answers.json"),
    ];
    for (operation, name) in files {
        let document = fixtures().bytes(name);
        for at in 0..document.len() {
            for body in hurt(&document, at) {
                let mut raw: Vec<RawDocument> = files
                    .iter()
                    .filter(|(other, _)| *other != operation)
                    .map(|(other, name)| RawDocument::json(other, fixtures().bytes(name)))
                    .collect();
                raw.push(RawDocument::json(operation, body));
                assert!(lookup.remap(&record(), &raw).is_some());
                inputs += 1;
            }
        }
    }
    assert!(inputs > 20_000, "{inputs}");
}

#[test]
fn case_021_hurt_pages_never_panic() {
    let row = fixtures().json("task_row.json");
    let page =
        json!({"tasks": [row], "pagination": {"total_tasks": 1, "total_pages": 1}}).to_string();
    let caller = caller();
    for at in 0..page.len() {
        for body in hurt(page.as_bytes(), at) {
            let client = CannedClient::new().always("POST", LIST_PATH, answers::ok_bytes(body));
            let provider = provider(&client);
            let pull = provider.pull().unwrap();
            let _read = block_on(pull.page(&caller.context(), "tasks", Walk::Full, None));
        }
    }
}

/// The documents of a task.
fn documents() -> Vec<RawDocument> {
    [
        ("TR-09", "task_row.json"),
        ("TR-11", "task_completed.json"),
        ("TR-12", "analysis_full.json"),
        ("TR-18", "answers.json"),
    ]
    .map(|(operation, name)| RawDocument::json(operation, fixtures().bytes(name)))
    .into()
}

#[test]
fn case_021_a_damaged_document_costs_its_record_at_most() {
    let provider = provider(&CannedClient::new());
    let lookup = provider.lookup().unwrap();
    damage::hurt_record(0x0711, lookup, &record(), &documents());
}

#[test]
fn case_040_translating_is_total_and_the_same_each_time() {
    let provider = provider(&CannedClient::new());
    let lookup = provider.lookup().unwrap();
    damage::vary_record(0x0711, lookup, &record(), &documents());
}
