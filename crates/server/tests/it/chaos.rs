//! A short run of the trouble that `callweave-chaos` makes for long.

use std::time::Duration;

use callweave_chaos::{Plan, run};

use crate::support::turn;

#[tokio::test]
async fn case_075_r3_r4_gateways_in_trouble_lose_double_and_invent_nothing() {
    let _turn = turn().await;
    let plan = Plan {
        binary: env!("CARGO_BIN_EXE_callweave").into(),
        seed: 7,
        trouble: Duration::from_secs(20),
        records: 400,
        kill_every: Duration::from_secs(6),
        database_crashes: 1,
        patience: Duration::from_secs(240),
        verbose: false,
    };
    let figures = run(&plan).await.unwrap();
    println!("{figures}");
    assert!(figures.are_good(), "{figures}");
}
