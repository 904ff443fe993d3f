//! `callweave health`: asks a running gateway, for container health checks without a shell.

use std::time::Duration;

use anyhow::Context as _;

use crate::{cli::HealthArgs, config::Config, output, serve::reachable};

/// A health check is repeated anyway: it must not hang.
const PATIENCE: Duration = Duration::from_secs(4);

pub(super) async fn run(config: &Config, arguments: HealthArgs) -> anyhow::Result<()> {
    let url = arguments
        .url
        .unwrap_or_else(|| format!("http://{}/readyz", reachable(config.server.listen)));
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .context("start an HTTP client")?;
    let answer = http
        .get(&url)
        .send()
        .await
        .with_context(|| format!("{url} does not answer"))?;
    let status = answer.status();
    anyhow::ensure!(status.is_success(), "{url} answers {status}");
    output::data(format!("{url} answers {status}"))?;
    Ok(())
}
