//! The binary `callweave`: configuration, telemetry, wiring, the embedded PostgreSQL, and the
//! commands. Here everything meets; what is worth testing alone stands in the other crates.

#[cfg(test)]
mod captured;
mod cli;
mod commands;
mod config;
mod database;
mod days;
mod demo;
mod egress;
mod figures;
mod gateway;
mod issuers;
mod key_ring;
mod memory;
mod output;
mod pace;
mod panics;
mod process;
mod request_log;
mod retention;
mod routes;
mod serve;
mod signals;
mod supervisor;
mod telemetry;
mod traced;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{cli::Cli, config::ConfigError};

/// Wrong usage or configuration.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    memory::keep_to_ourselves();
    panics::install();
    let cli = Cli::parse();
    let run_time = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match run_time {
        Ok(run_time) => run_time.block_on(commands::run(cli)),
        Err(error) => Err(anyhow::Error::from(error).context("start the run time")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complaint(&error);
            if error.is::<ConfigError>() {
                ExitCode::from(WRONG_USAGE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
