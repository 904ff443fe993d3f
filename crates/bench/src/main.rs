//! The command.
#![expect(clippy::print_stdout, reason = "figures are the output")]

mod copy;
mod figures;
mod footprint;
mod gateway;
mod lists;
mod load;
mod open;
mod peers;
mod pgbench;
mod plan;
mod processes;
mod served;
mod stage;
mod sync;
mod vendor;
mod words;

use std::{path::PathBuf, process::Command, time::Instant};

use anyhow::{Result, bail, ensure};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    figures::Figures,
    gateway::Gateway,
    plan::{Part, Plan, Profile},
    served::Served,
    stage::{Database, Stage},
};

/// Measure the released gateway over its own API.
#[derive(Debug, Parser)]
#[command(name = "callweave-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Measure.
    Run(Run),
    /// Be the vendor of a run.
    #[command(hide = true)]
    Vendor {
        #[arg(long)]
        calls: u32,
        #[arg(long)]
        seed: u64,
    },
}

#[derive(Debug, clap::Args)]
struct Run {
    /// How long it may take.
    #[arg(long, value_enum, default_value = "quick")]
    profile: Profile,
    /// How many calls are served, and synced at most.
    #[arg(long)]
    calls: Option<u32>,
    /// What to measure; everything unless told.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// A file for the figures, one line of JSON each.
    #[arg(long)]
    json: Option<PathBuf>,
    /// A document whose tables, between its markers, are replaced.
    #[arg(long)]
    docs: Option<PathBuf>,
    /// The gateway's binary; beside this one unless told.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The data and the order of requests follow from this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print which statements cost PostgreSQL the most. Counting them costs something itself.
    #[arg(long)]
    statements: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Task::Vendor { calls, seed } => vendor::serve(calls, seed).await,
        // What was started is ended also when it is enough.
        Task::Run(run) => tokio::select! {
            measured = measure(run) => measured,
            ended = ended() => ended,
        },
    }
}

/// Resolves when the run is to be given up.
async fn ended() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    bail!("given up")
}

async fn measure(arguments: Run) -> Result<()> {
    let began = Instant::now();
    let binary = match arguments.binary {
        Some(binary) => binary,
        None => std::env::current_exe()?.with_file_name("callweave"),
    };
    ensure!(
        binary.is_file(),
        "{} is not there: build it with `cargo build --release`, or name it with --binary",
        binary.display()
    );
    let plan = Plan::new(
        binary.canonicalize()?,
        arguments.profile,
        arguments.calls,
        arguments.only,
        arguments.seed,
        arguments.statements,
    );
    let mut figures = Figures::new(arguments.json.as_deref())?;
    let stage = Stage::start(&plan)?;
    take(&plan, &stage, &mut figures).await?;
    let heading = heading(&plan, &stage, began)?;
    if let Some(document) = &arguments.docs {
        figures.write_into(document, &heading)?;
    }
    print!("{}", figures.lines());
    println!("\n{heading}\n{}", figures.tables());
    Ok(())
}

async fn take(plan: &Plan, stage: &Stage, figures: &mut Figures) -> Result<()> {
    let expected = stage.account.results(&stage.http).await?;
    eprintln!(
        "the vendor has {} calls with {expected} results",
        plan.sync_calls
    );
    let synced = sync::warm_up(stage, "served", expected).await?;
    synced.tell_statements(plan)?;
    if plan.has(Part::Sync) {
        sync::measure(plan, stage, expected, figures).await?;
    }
    if plan.has(Part::Footprint) {
        footprint::disk(&synced, figures)?;
    }
    let served = [
        Part::Lists,
        Part::Search,
        Part::Footprint,
        Part::Peers,
        Part::Passthrough,
        Part::Open,
    ];
    if served.iter().any(|part| plan.has(*part)) {
        serve(plan, stage, synced, figures).await?;
    }
    Ok(())
}

/// Everything about calls that are served.
async fn serve(plan: &Plan, stage: &Stage, synced: Database, figures: &mut Figures) -> Result<()> {
    let served = Served::multiply(synced, plan.served_calls)?;
    let gateway = Gateway::start(stage, &served.database).await?;
    if plan.has(Part::Footprint) {
        footprint::start(&gateway, figures)?;
    }
    let paths = served.walk(&gateway).await?;
    if plan.has(Part::Lists) {
        lists::measure(plan, stage, &served, &gateway, &paths, figures).await?;
    }
    if plan.has(Part::Open) {
        open::measure(plan, &gateway, &paths, figures).await?;
    }
    if plan.has(Part::Search) {
        words::measure(plan, stage, &served, &gateway, figures).await?;
    }
    if plan.has(Part::Peers) {
        peers::serving(plan, stage, &served, &gateway, &paths, figures).await?;
    }
    if plan.has(Part::Passthrough) {
        peers::passing(plan, stage, &served, &gateway, figures).await?;
    }
    if plan.has(Part::Footprint) {
        footprint::after_load(&gateway, figures)?;
    }
    gateway.stop().await?;
    Ok(())
}

/// What was measured, and on what.
fn heading(plan: &Plan, stage: &Stage, began: Instant) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let version = stage::run(Command::new(&plan.binary).arg("--version"))?;
    let load = std::fs::read_to_string("/proc/loadavg")?;
    Ok(format!(
        "{}, PostgreSQL {}, {cores} cores, {} calls synced, {} served, {} rounds, {:.0} s in all, \
         load average at the end {}.",
        version.trim(),
        stage.postgres.facts().version,
        plan.sync_calls,
        plan.served_calls,
        plan.rounds,
        began.elapsed().as_secs_f64(),
        load.split(' ').next().unwrap_or_default(),
    ))
}
