//! `callweave serve`: the gateway.

use super::level::Level;
use crate::{
    cli::ServeArgs,
    config::Config,
    gateway::Migrate,
    process::{Process, Start},
    signals::Signals,
};

pub(super) async fn run(config: Config, arguments: ServeArgs, level: Level) -> anyhow::Result<()> {
    let mut signals = Signals::watch()?;
    let level = level.follow()?;
    let start = Start {
        role: arguments.role,
        migrate: if arguments.no_migrate {
            Migrate::Demand
        } else {
            Migrate::Apply
        },
        tell: |step| tracing::info!("{step}"),
    };
    let mut process = tokio::select! {
        started = Process::start(&config, start) => started?,
        // Nothing is answered yet, and nothing is half done that a start would not mend.
        _ = signals.next() => return Ok(()),
    };
    tokio::select! {
        signal = signals.next() => tracing::info!(signal, "Was told to stop"),
        error = process.ended() => {
            process.stop().await?;
            return Err(error);
        }
    }
    let stopped = tokio::select! {
        stopped = process.stop() => stopped,
        signal = signals.next() => Err(anyhow::anyhow!("cut off by a second {signal}")),
    };
    level.abort();
    stopped
}
