//! The commands, one file each.

mod check;
mod demo;
mod docs;
mod encryption;
mod erasures;
mod health;
pub(crate) mod keys;
mod level;
mod migrate;
mod openapi;
mod sandbox;
mod secrets;
mod serve;
mod tenants;

use crate::{
    cli::{Cli, Command},
    config::{self, Config, Sources},
    telemetry,
};
use level::Level;

/// Runs the command that was asked for.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let mut sources = cli.global.sources();
    cli.command.adapt(&mut sources);
    match cli.command {
        // These need no configuration, or say themselves what is wrong with it.
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Docs(command) => docs::run(command),
        Command::Encryption(command) => encryption::run(&command, &sources).await,
        Command::Secrets(arguments) => secrets::run(&arguments),
        Command::Health(arguments) => health::run(&config::load(&sources)?, arguments).await,
        Command::Check => check::run(&sources).await,
        command => {
            let config = config::load(&sources)?;
            let telemetry = telemetry::start(&config)?;
            let level = Level::new(sources, telemetry.log_level());
            let done = Box::pin(run_configured(command, config, level)).await;
            telemetry.flush().await;
            done
        }
    }
}

async fn run_configured(command: Command, config: Config, level: Level) -> anyhow::Result<()> {
    match command {
        Command::Demo(arguments) => demo::run(config, arguments).await,
        Command::Serve(arguments) => serve::run(config, arguments, level).await,
        Command::Migrate => migrate::run(&config).await,
        Command::Keys(command) => keys::run(&config, command).await,
        Command::Tenants(command) => tenants::run(&config, command).await,
        Command::Erasures(command) => erasures::run(&config, command).await,
        Command::Sandbox(arguments) => sandbox::run(arguments).await,
        Command::Check
        | Command::Openapi(_)
        | Command::Docs(_)
        | Command::Encryption(_)
        | Command::Health(_)
        | Command::Secrets(_) => Ok(()),
    }
}

impl Command {
    /// What the command's own options say about the configuration.
    fn adapt(&self, sources: &mut Sources) {
        match self {
            Self::Demo(arguments) => {
                sources.listen = arguments.listen;
                sources.defaults = crate::demo::DEFAULTS;
            }
            Self::Serve(arguments) => sources.listen = arguments.listen,
            _ => {}
        }
    }
}
