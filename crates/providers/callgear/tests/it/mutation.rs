//! Damaged and unheard-of answers: whatever comes, nothing panics and nothing hangs.

use bytes::Bytes;
use callweave_provider::{RawDocument, Walk};
use callweave_provider_testkit::{CannedClient, answers, damage};
use futures::executor::block_on;
use serde_json::json;

use crate::support::{caller, fixtures, provider, result};

/// The documents of a result, each with the operation that gives it.
fn documents() -> Vec<RawDocument> {
    [
        ("CG-18", "result_nested.json"),
        ("CG-21", "summary.json"),
        ("CG-23", "phrases.json"),
        ("CG-37", "transcription.json"),
        ("CG-25", "success_points.json"),
        ("CG-27", "result_tags.json"),
        ("CG-29", "metrics.json"),
        ("CG-06", "points.json"),
        ("CG-14", "tag_212.json"),
    ]
    .into_iter()
    .map(|(operation, name)| {
        let part = if operation == "CG-14" { "212" } else { "" };
        RawDocument::json(operation, fixtures().bytes(name)).with_part(part)
    })
    .collect()
}

#[test]
fn case_021_a_damaged_document_costs_its_record_at_most() {
    let provider = provider(&CannedClient::new());
    let lookup = provider.lookup().unwrap();
    damage::hurt_record(0x5eed_cafe, lookup, &result("90018"), &documents());
}

#[test]
fn case_040_translating_is_total_and_the_same_each_time() {
    let provider = provider(&CannedClient::new());
    let lookup = provider.lookup().unwrap();
    damage::vary_record(0x5eed_cafe, lookup, &result("90018"), &documents());
}

#[test]
fn case_021_damaged_answers_never_panic() {
    let files = [
        ("result_nested.json", "/api/v1.0/scenario_result/90018"),
        ("summary.json", "/api/v1.0/scenario_result/90018/summary"),
        ("result_tags.json", "/api/v1.0/scenario_result/90018/tags"),
        ("points.json", "/api/v1.0/scenarios/133/points"),
        ("tag_212.json", "/api/v1.0/tags/212"),
    ];
    let caller = caller();
    let sound: Vec<Bytes> = files
        .iter()
        .map(|(name, _)| fixtures().bytes(name))
        .collect();
    damage::hurt(0x5eed_cafe, &sound, |place, body| {
        let mut client = CannedClient::new().always("GET", files[place].1, answers::ok_bytes(body));
        for ((_, path), body) in files.iter().zip(&sound) {
            client = client.always("GET", path, answers::ok_bytes(body.clone()));
        }
        let client = client.otherwise(|_| Ok(answers::json(404, &json!({}))));
        let provider = provider(&client);
        let lookup = provider.lookup().unwrap();
        // Read, put aside or refused: each is an answer.
        let _read = block_on(lookup.fetch(&caller.context(), &result("90018"), None));
    });
}

#[test]
fn case_021_damaged_pages_never_panic() {
    let caller = caller();
    damage::hurt(0x5eed_cafe, &[fixtures().bytes("list.json")], |_, body| {
        let page = answers::ok_bytes(body);
        let client = CannedClient::new().always("GET", "/api/v1.0/scenario_result", page);
        let provider = provider(&client);
        let pull = provider.pull().unwrap();
        let mut cursor = None;
        for _ in 0..6 {
            let page =
                block_on(pull.page(&caller.context(), "results", Walk::Full, cursor.as_ref()));
            match page.map(|page| page.next) {
                Ok(callweave_provider::Next::More(next)) => cursor = Some(next),
                _ => break,
            }
        }
    });
}
