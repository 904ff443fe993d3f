//! Damaged and unheard-of answers: whatever comes, nothing panics and nothing hangs.

use bytes::Bytes;
use callweave_provider::RawDocument;
use callweave_provider_testkit::{CannedClient, answers, damage};
use futures::executor::block_on;

use crate::support::{CALL, change, fixtures, provider, record};

#[test]
fn case_021_damaged_answers_never_panic() {
    let names = fixtures().names(".json");
    let sound: Vec<Bytes> = names.iter().map(|name| fixtures().bytes(name)).collect();
    damage::hurt(0x00c0_ffee, &sound, |_, body| {
        // Read, put aside or refused: each is an answer.
        let _read = block_on(change(CALL, answers::ok_bytes(body)));
    });
}

#[test]
fn case_021_a_damaged_document_costs_its_record_at_most() {
    let provider = provider(&CannedClient::new());
    let lookup = provider.lookup().unwrap();
    let sound = [RawDocument::json("AV-02", fixtures().bytes("result.json"))];
    damage::hurt_record(0x0a10, lookup, &record(CALL), &sound);
}

#[test]
fn case_040_translating_is_total_and_the_same_each_time() {
    let provider = provider(&CannedClient::new());
    let lookup = provider.lookup().unwrap();
    let sound = [RawDocument::json("AV-02", fixtures().bytes("result.json"))];
    damage::vary_record(0x0a10, lookup, &record(CALL), &sound);
}
