//! Damaged answers: whatever comes, nothing panics and nothing hangs.

use callweave_provider_testkit::answers;

use crate::support::{CALL, change, fixtures};

#[tokio::test]
async fn case_021_damaged_answers_never_panic() {
    let sound = fixtures().bytes("result.json");
    let mut state = 0x00c0_ffee_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % (limit as u64)).unwrap()
    };
    for _ in 0..4_000 {
        let mut body = sound.to_vec();
        for _ in 0..=below(3) {
            let at = below(body.len());
            match below(4) {
                0 => body[at] ^= 1 << below(8),
                1 => {
                    body.remove(at);
                }
                2 => body[at] = b"{}[]\",:0-9ntf\\\0"[below(15)],
                _ => body.truncate(at.max(1)),
            }
        }
        let _ = change(CALL, answers::ok_bytes(body)).await;
    }
}
