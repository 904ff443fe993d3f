//! The commands, one file each.

mod check;
mod demo;
mod encryption;
pub(crate) mod keys;
mod migrate;
mod openapi;
mod sandbox;
mod serve;

use crate::{
    cli::{Cli, Command},
    config::{self, Config, Sources},
    telemetry,
};

/// Runs the command that was asked for.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let sources = cli.global.sources();
    match cli.command {
        Command::Demo(arguments) => demo::run(sources, arguments).await,
        Command::Serve(arguments) => serve::run(sources, arguments).await,
        Command::Migrate => migrate::run(&configure(&sources)?).await,
        Command::Check => check::run(&sources).await,
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Keys(command) => keys::run(&configure(&sources)?, command).await,
        Command::Sandbox(arguments) => sandbox::run(&configure(&sources)?, arguments).await,
        Command::Encryption(command) => encryption::run(&command),
    }
}

/// Reads the configuration and begins to log.
fn configure(sources: &Sources) -> anyhow::Result<Config> {
    let config = config::load(sources)?;
    telemetry::start_logs(&config.log)?;
    Ok(config)
}
