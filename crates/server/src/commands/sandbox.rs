//! `callweave sandbox`: only the vendors.

use anyhow::Context as _;
use callweave_sandbox::{Sandbox, SandboxConfig};
use serde_json::json;

use crate::{cli::SandboxArgs, output, signals::Signals};

pub(super) async fn run(arguments: SandboxArgs) -> anyhow::Result<()> {
    let mut signals = Signals::watch()?;
    let config = SandboxConfig {
        seed: arguments.seed,
        calls_per_vendor: arguments.calls,
        listen: arguments.listen,
        arrivals: arguments.arrivals,
        epoch: arguments.epoch,
        journal: arguments.journal,
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::start(config)
        .await
        .with_context(|| format!("start the sandbox on {}", arguments.listen))?;
    let url = sandbox.base_url();
    if arguments.json {
        output::data(json!({"url": url, "pid": std::process::id()}).to_string())?;
    } else {
        output::data(format!(
            "sandbox vendors   {url}\ncredentials       {url}/control/credentials\n\
             ledger            {url}/control/ledger?vendor=NAME"
        ))?;
    }
    signals.next().await;
    sandbox.stop().await;
    Ok(())
}
