//! A wire to PostgreSQL that swallows everything.

use std::time::Duration;

use callweave_fault_proxy::Fault;
use reqwest::Method;

use super::{Clients, ask, synced, until_good, until_synced_anew};
use crate::{outside::Stage, support::turn};

/// What the machine may add.
const SLACK: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_087_a_wire_that_swallows_everything_holds_nobody_for_long() {
    let _turn = turn().await;
    let stage = Stage::new(10).await;
    let (wire, url) = stage.database_proxy().await;
    let lease = ("CALLWEAVE__SYNC__LEASE", "3s");
    let gateway = stage.gateway_on(&url, "all", &[lease]).await;
    let api = &gateway.api;
    let id = synced(&stage, api, 10).await;
    let (mut longest, mut recovered) = (Duration::ZERO, Duration::ZERO);
    for severed in [false, true] {
        let clients = Clients::start(api, id, 20);
        wire.set(Fault::BlackHole);
        // Twice as long as a statement and its answer may take: what was open then is closed.
        for _ in 0..4 {
            let answer = ask(api, Method::GET, "/v1/connections", None).await;
            assert_eq!(
                (answer.status, answer.retry_after),
                (503, true),
                "{answer:?}"
            );
        }
        if severed {
            wire.sever();
        }
        wire.lift();
        recovered = recovered.max(until_good(api, id).await);
        until_synced_anew(api, id).await;
        let answers = clients.end().await;
        let slowest = answers.iter().map(|answer| answer.took).max().unwrap();
        longest = longest.max(slowest);
        assert!(answers.iter().any(|answer| answer.status == 503));
    }
    println!(
        "PostgreSQL behind a black hole: the longest answer took {:.1} s, good answers {:.2} s \
         after its end",
        longest.as_secs_f64(),
        recovered.as_secs_f64()
    );
    // A connection is waited for 3 s, an answer 10 s.
    assert!(longest < Duration::from_secs(13) + SLACK, "{longest:?}");
    assert!(recovered < Duration::from_secs(5), "{recovered:?}");
}
