//! The demo's company on a gateway and a sandbox that run elsewhere.

use std::time::Duration;

use anyhow::Context as _;

use super::{Company, Report, connect, home::Home};
use crate::{
    config::Config,
    database::{self, Tell},
    gateway::{Migrate, schema},
};

/// How long the gateway may take until it is ready, and the sandbox until it answers.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_secs(1);

/// A demo whose gateway and sandbox are other processes.
#[derive(Debug)]
pub(crate) struct Attached {
    company: Company,
    report: Report,
    _home: Home,
}

impl Attached {
    /// Makes an API key in the configured database and connects the gateway to the sandbox.
    pub(crate) async fn start(
        config: &Config,
        gateway: &str,
        sandbox: &str,
        tell: Tell,
    ) -> anyhow::Result<Self> {
        database::prepare_data_dir(&config.data_dir)?;
        let home = Home::open(&config.data_dir)?;
        tell("waiting for the gateway and the sandbox");
        until_good(&format!("{gateway}/readyz")).await?;
        until_good(&format!("{sandbox}/control/health")).await?;
        let database = database::open(config, tell).await?;
        let connected = async {
            let store = database.store(2, config.database.acquire_timeout)?;
            schema(&store, Migrate::Demand).await?;
            let registry = callweave_registry::vendors();
            let connected = connect(&home, &store, &registry, (gateway, sandbox), tell).await;
            store.close().await;
            connected
        }
        .await;
        database.close().await?;
        let (company, report) = connected?;
        Ok(Self {
            company,
            report,
            _home: home,
        })
    }

    /// What people and programs need to know of it.
    pub(crate) const fn report(&self) -> &Report {
        &self.report
    }

    /// Stops the company's work; gateway and sandbox go on.
    pub(crate) async fn stop(self) {
        self.company.stop().await;
    }
}

/// Waits until an address answers well.
async fn until_good(url: &str) -> anyhow::Result<()> {
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(5))
        .build()
        .context("start an HTTP client")?;
    let asked = async {
        loop {
            match http.get(url).send().await {
                Ok(answer) if answer.status().is_success() => return,
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .with_context(|| format!("{url} does not answer well"))
}
