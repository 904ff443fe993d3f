//! The command.
#![expect(clippy::print_stdout, reason = "figures are the output")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use callweave_chaos::{Plan, run};
use clap::Parser;

/// Run two gateways through trouble and compare what they serve with what the vendors had.
///
/// Prints one line a figure and ends with 1 where one is not as it should be. The same seed makes the
/// same trouble.
#[derive(Debug, Parser)]
#[command(name = "callweave-chaos", version)]
struct Arguments {
    /// What goes wrong follows from this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For how many minutes things go wrong.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many calls the vendors have together.
    #[arg(long, default_value_t = 50_000)]
    records: u32,
    /// Seconds from one killed gateway to the next.
    #[arg(long, default_value_t = 20)]
    kill_every: u64,
    /// How often PostgreSQL is ended as by a crash.
    #[arg(long, default_value_t = 5)]
    database_crashes: u32,
    /// Seconds after the end of the trouble until everything has to be right.
    #[arg(long, default_value_t = 600)]
    patience: u64,
    /// The gateway's binary; beside this one unless told.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Print one line of JSON instead.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let binary = match arguments.binary {
        Some(binary) => binary,
        None => std::env::current_exe()?.with_file_name("callweave"),
    };
    ensure!(
        binary.is_file(),
        "{} is not there: build it with `cargo build --release`, or name it with --binary",
        binary.display()
    );
    let plan = Plan {
        binary,
        seed: arguments.seed,
        trouble: Duration::try_from_secs_f64(arguments.minutes * 60.0)?,
        records: arguments.records,
        kill_every: Duration::from_secs(arguments.kill_every.max(1)),
        database_crashes: arguments.database_crashes,
        patience: Duration::from_secs(arguments.patience),
        verbose: true,
    };
    let figures = run(&plan).await?;
    if arguments.json {
        println!("{}", figures.json());
    } else {
        print!("{figures}");
    }
    Ok(if figures.are_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
