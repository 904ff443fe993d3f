//! Requests that come at a constant rate, as they do from people and other systems.

use std::sync::Arc;

use anyhow::Result;

use crate::{
    figures::{Figures, Goal, median},
    gateway::Gateway,
    lists::load_of,
    load,
    plan::Plan,
    served::Paths,
};

/// Requests a second: that of the goal, and one that leaves the machine room.
const RATES: [u32; 2] = [1_000, 250];
/// Connections that the requests are sent over; fewer than the gateway lets wait.
const CONNECTIONS: usize = 64;

/// Measures lists and single calls.
pub(crate) async fn measure(
    plan: &Plan,
    gateway: &Gateway,
    paths: &Paths,
    figures: &mut Figures,
) -> Result<()> {
    figures.section("Constant rate");
    let pages = Arc::new(paths.pages.clone());
    for (kind, paths) in [("list of 50", &pages), ("one call", &paths.calls)] {
        for rate in RATES {
            let mut taken = Vec::new();
            for round in 0..plan.rounds {
                let mut load = load_of(plan, gateway, paths, plan.seed + round as u64);
                load.connections = CONNECTIONS;
                taken.push(load::run_at(&load, rate).await?);
            }
            let of =
                |pick: fn(&load::Kept) -> f64| median(&taken.iter().map(pick).collect::<Vec<_>>());
            let note = format!(
                "p50 {:.1} ms, {:.0} answers/s; from when a request was due, {} rounds",
                of(|kept| kept.p50),
                of(|kept| kept.rate),
                plan.rounds
            );
            let name = format!("{kind} at {rate}/s, p99");
            let p99 = of(|kept| kept.p99);
            if rate == RATES[0] {
                figures.judge(&name, p99, "ms", Goal::AtMost(10.0), &note)?;
            } else {
                figures.tell(&name, p99, "ms", &note)?;
            }
        }
    }
    Ok(())
}
