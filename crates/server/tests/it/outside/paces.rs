//! A pause that a vendor asked for, over several processes; answers without end.

use callweave_sandbox::{FaultKind, FaultSpec, Vendor};
use serde_json::json;

use super::{PATIENCE, Stage};
use crate::support::{eventually, turn};

#[tokio::test]
async fn case_009_after_a_429_no_process_asks_before_the_time_is_over() {
    let _turn = turn().await;
    let stage = Stage::new(1).await;
    let replicas = [
        stage.gateway("api", &[]).await,
        stage.gateway("api", &[]).await,
    ];
    let base_url = stage.sandbox.base_url();
    let id = stage
        .connect(&replicas[0].api, Vendor::CallGear, &base_url)
        .await;
    let other = stage
        .connect(&replicas[0].api, Vendor::Neuro, &base_url)
        .await;
    for replica in &replicas {
        assert_eq!(replica.api.check(id).await["ok"], true);
    }
    let limited = FaultKind::RateLimited {
        retry_after: Some(json!(7)),
    };
    let world = stage.sandbox.world();
    world.add_fault(FaultSpec::always(Vendor::CallGear, "*", limited).times(1));
    let answer = replicas[0].api.check(id).await;
    assert_eq!(answer["error"]["code"], "vendor.rate_limited", "{answer}");
    let asked = || world.requests(Some(Vendor::CallGear), None).total;
    let (limit, before) = (std::time::Instant::now(), asked());
    // Both are turned away by what is written in the database, or known by themselves.
    for replica in replicas.iter().chain(&replicas) {
        let answer = replica.api.check(id).await;
        assert_eq!(answer["error"]["code"], "vendor.rate_limited", "{answer}");
        assert_eq!(
            replica.api.check(other).await["ok"],
            true,
            "others are not held back"
        );
    }
    // So is one that has only just started.
    let late = stage.gateway("all", &[]).await;
    let answer = late.api.check(id).await;
    if limit.elapsed().as_secs() < 6 {
        assert_eq!(answer["error"]["code"], "vendor.rate_limited", "{answer}");
        assert_eq!(asked(), before, "nothing was sent");
    }
    eventually("the end of the pause", PATIENCE, async || {
        let answer = replicas[1].api.check(id).await;
        if answer["ok"] == true {
            Ok(())
        } else {
            Err(answer.to_string())
        }
    })
    .await;
    // The request that got the 429 was answered before our watch began.
    let requests = world.requests(Some(Vendor::CallGear), None).latest;
    let refused = requests
        .iter()
        .rposition(|request| request.status == 429)
        .unwrap();
    let next = &requests[refused + 1];
    let pause = next.at.duration_since(requests[refused].at);
    assert!(pause.as_millis() >= 6_900, "asked again after {pause}");
}

/// The largest memory a process has had, in KiB.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn case_015_case_016_answers_without_end_and_bombs_cost_little_memory() {
    let _turn = turn().await;
    let stage = Stage::new(3).await;
    let gateway = stage.gateway("api", &[]).await;
    let base_url = stage.sandbox.base_url();
    let id = stage
        .connect(&gateway.api, Vendor::CallGear, &base_url)
        .await;
    for _ in 0..5 {
        assert_eq!(gateway.api.check(id).await["ok"], true);
    }
    let before = peak_memory(gateway.running.pid());
    for (what, fault) in [
        ("5 GiB", FaultKind::Huge { bytes: 5 << 30 }),
        ("a bomb of 1 GiB", FaultKind::Bomb { bytes: 1 << 30 }),
    ] {
        let world = stage.sandbox.world();
        world.add_fault(FaultSpec::always(Vendor::CallGear, "*", fault));
        for _ in 0..3 {
            let answer = gateway.api.check(id).await;
            assert_eq!(
                answer["error"]["code"], "vendor.bad_response",
                "{what}: {answer}"
            );
        }
        world.clear_faults();
        let grown = peak_memory(gateway.running.pid()).saturating_sub(before);
        println!(
            "R21 (vendor answers): {what}: memory grew by {} MiB at most",
            grown / 1024
        );
        assert!(grown < 64 * 1024, "{what}: {grown} KiB more");
    }
    assert_eq!(gateway.api.check(id).await["ok"], true);
}
