//! Damaged answers: whatever comes, nothing panics and nothing hangs.

use callweave_provider::Walk;
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::json;

use crate::support::{caller, fixtures, provider, result};

/// A small generator; the same seed gives the same damage.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit as u64)).unwrap()
    }

    fn damage(&mut self, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(body.len());
            match self.below(4) {
                0 => body[at] ^= 1 << self.below(8),
                1 => {
                    body.remove(at);
                }
                2 => body[at] = b"{}[]\",:0-9ntf\\\0"[self.below(15)],
                _ => body.truncate(at.max(1)),
            }
        }
        body
    }
}

#[tokio::test]
async fn case_021_damaged_answers_never_panic() {
    let mut dice = Dice(0x5eed_cafe);
    let files = [
        ("result_nested.json", "/api/v1.0/scenario_result/90018"),
        ("summary.json", "/api/v1.0/scenario_result/90018/summary"),
        ("result_tags.json", "/api/v1.0/scenario_result/90018/tags"),
        ("points.json", "/api/v1.0/scenarios/133/points"),
        ("tag_212.json", "/api/v1.0/tags/212"),
    ];
    let caller = caller();
    for (file, path) in files {
        let sound = fixtures().bytes(file);
        for _ in 0..400 {
            let damaged = dice.damage(&sound);
            let mut client = CannedClient::new().always("GET", path, answers::ok_bytes(damaged));
            for (other, path) in files {
                let body = answers::ok_bytes(fixtures().bytes(other));
                client = client.always("GET", path, body);
            }
            let client = client.otherwise(|_| Ok(answers::json(404, &json!({}))));
            let provider = provider(&client);
            let lookup = provider.lookup().unwrap();
            let _ = lookup
                .fetch(&caller.context(), &result("90018"), None)
                .await;
        }
    }
    let sound = fixtures().bytes("list.json");
    for _ in 0..2_000 {
        let damaged = answers::ok_bytes(dice.damage(&sound));
        let client = CannedClient::new().always("GET", "/api/v1.0/scenario_result", damaged);
        let provider = provider(&client);
        let pull = provider.pull().unwrap();
        let mut cursor = None;
        for _ in 0..6 {
            let page = pull
                .page(&caller.context(), "results", Walk::Full, cursor.as_ref())
                .await;
            match page.map(|page| page.next) {
                Ok(callweave_provider::Next::More(next)) => cursor = Some(next),
                _ => break,
            }
        }
    }
}
