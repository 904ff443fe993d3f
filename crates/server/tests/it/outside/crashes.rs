//! A process that is killed in the middle of a renewal, at each point at which that could hurt.

use callweave_fault_proxy::Fault;
use callweave_sandbox::{FaultKind, FaultSpec, Vendor};

use super::Stage;
use crate::support::turn;

/// The points, and whether the pair is safe when the process dies there.
const POINTS: [(&str, bool); 5] = [
    ("token.before_send", false),
    ("token.after_send", false),
    ("token.after_response", false),
    ("token.before_commit", false),
    ("token.after_commit", true),
];

/// How often each point is killed at: once, or as `CALLWEAVE_CRASH_ROUNDS` says for a long run.
fn rounds() -> usize {
    std::env::var_os("CALLWEAVE_CRASH_ROUNDS")
        .and_then(|rounds| rounds.to_str()?.parse().ok())
        .unwrap_or(1)
}

#[tokio::test]
async fn case_050_r7_a_kill_at_any_point_of_a_renewal_heals_without_a_human() {
    let _turn = turn().await;
    let stage = Stage::new(1).await;
    let lease = ("CALLWEAVE__VENDORS__TOKEN_LEASE", "1s");
    // The next process: it was there all the time, and takes over.
    let survivor = stage.gateway("api", &[lease]).await;
    let (mut healed, mut all) = (0, 0);
    for round in 0..rounds() {
        for (point, safe) in POINTS {
            all += 1;
            let wire = stage.proxy();
            let id = stage
                .connect(&survivor.api, Vendor::Neuro, &wire.url())
                .await;
            stage.age_tokens().await;
            let before = stage.tally(Vendor::Neuro);
            let doomed = stage
                .gateway("api", &[lease, ("CALLWEAVE_FAIL_POINT", point)])
                .await;
            if point == "token.after_send" {
                // By turns the vendor has taken the refresh token when the process dies, or not yet.
                if round % 2 == 0 {
                    wire.set(Fault::Stall { after_bytes: 0 });
                } else {
                    let slow = FaultKind::Slow { ms: 2_000 };
                    stage
                        .sandbox
                        .world()
                        .add_fault(FaultSpec::always(Vendor::Neuro, "NN-02", slow).times(1));
                }
            }
            let path = format!("/v1/connections/{id}/check");
            let answer = doomed
                .api
                .try_send(reqwest::Method::POST, &path, None)
                .await;
            assert!(answer.is_err(), "{point}: {answer:?}");
            assert_eq!(doomed.running.end().await, Some(9), "{point}: killed");
            wire.lift();
            stage.sandbox.world().clear_faults();
            survivor.api.check_until_good(id).await;
            let after = stage.tally(Vendor::Neuro);
            let logins = after.0 - before.0;
            assert_eq!(logins, usize::from(!safe), "{point}: {before:?}, {after:?}");
            assert_eq!(after.2, 0, "{point}: a spent refresh token was used again");
            assert_eq!(survivor.api.status(id).await["state"], "active", "{point}");
            healed += 1;
        }
    }
    println!(
        "R7 refresh crash points: {healed} of {all} healed with no human ({} points x {})",
        POINTS.len(),
        rounds()
    );
    assert_eq!(healed, all);
}
