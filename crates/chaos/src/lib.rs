//! Trouble on purpose: a PostgreSQL, the sandbox's vendors, two gateways and the wires between them;
//! a seeded plan that kills, stops, cuts and lies; and a judge that compares the sandbox's ledger
//! with what the gateways serve once it is quiet again.
//!
//! The gateways are processes of the real binary, met over HTTP alone. What goes wrong, and to whom,
//! follows from the seed; when exactly, from the machine.

mod changes;
mod client;
mod crm;
mod faults;
mod figures;
mod judge;
mod stage;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use rand::{SeedableRng as _, rngs::StdRng};
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use crate::figures::{Figure, Figures};
use crate::{changes::Changes, client::Watch, crm::Crm, faults::Trouble, stage::Stage};

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The gateway's binary.
    pub binary: PathBuf,
    /// What goes wrong, and what changes, follows from this number.
    pub seed: u64,
    /// For how long things go wrong.
    pub trouble: Duration,
    /// How many calls the vendors have together.
    pub records: u32,
    /// From one killed gateway to the next.
    pub kill_every: Duration,
    /// How often PostgreSQL is ended as by a crash.
    pub database_crashes: u32,
    /// How long it may take after the end of the trouble until everything is as it should be.
    pub patience: Duration,
    /// Say what happens, on stderr.
    pub verbose: bool,
}

/// Plays the plan and measures.
pub async fn run(plan: &Plan) -> Result<Figures> {
    let stage = Arc::new(Stage::start(plan).await.context("setting the stage")?);
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let watch = Watch::start(&stage, &stop, &tasks);
    let world = Changes::start(&stage, plan, &stop, &tasks);
    let crm = Crm::start(&stage, plan, &tasks);

    let mut random = StdRng::seed_from_u64(plan.seed);
    let trouble = Trouble::new(&stage, plan);
    let done = trouble.make(&mut random).await;
    stage.lift_everything();
    let lifted = Instant::now();
    let changed = world.end().await;
    let trouble = done.context("making trouble")?;
    stage.say("everything is lifted");
    let registered = crm.end().await;
    stage.say(&format!("{} calls are registered", registered.calls));

    let judged = judge::settle(&stage, &changed, lifted, plan.patience).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let watched = watch.end();
    let figures = figures::measure(plan, &trouble, registered, &watched, &judged?);
    stage.end().await;
    Ok(figures)
}
