//! The log level, read again on SIGHUP.

use tokio::task::JoinHandle;
use tracing::{error, info};

use crate::{
    config::{self, Sources},
    signals::HangUp,
    telemetry::LogLevel,
};

/// Where the log level stands, and how it is changed.
#[derive(Debug)]
pub(super) struct Level {
    sources: Sources,
    level: LogLevel,
}

impl Level {
    pub(super) const fn new(sources: Sources, level: LogLevel) -> Self {
        Self { sources, level }
    }

    /// Reads `log.level` again whenever SIGHUP comes. What else changed takes a restart; a
    /// configuration that cannot be read changes nothing.
    pub(super) fn follow(self) -> anyhow::Result<JoinHandle<()>> {
        let mut hang_up = HangUp::watch()?;
        Ok(tokio::spawn(async move {
            loop {
                hang_up.next().await;
                let read = config::load(&self.sources).map_err(anyhow::Error::from);
                let set = read.and_then(|config| {
                    self.level.set(&config.log)?;
                    Ok(config.log.level)
                });
                metrics::counter!("callweave_log_level_read_total").increment(1);
                match set {
                    Ok(level) => info!(
                        log.level = level,
                        "Logs at the level that is configured now"
                    ),
                    Err(error) => error!(
                        error = format!("{error:#}"),
                        "The log level could not be read again; it stays as it was"
                    ),
                }
            }
        }))
    }
}
