//! The demo: sandbox vendors beside a gateway, connected through the gateway's own REST API.
//!
//! It names no vendor: it takes what the sandbox lists, and what the manifests say about each.

mod accounts;
mod attached;
mod client;
mod control;
mod feeder;
mod home;
mod key;
mod report;
mod vendors;

use std::net::Ipv4Addr;

use anyhow::Context as _;
use callweave_provider::Registry;
use callweave_sandbox::Sandbox;
use callweave_store::Store;
use ipnet::{IpNet, Ipv4Net};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    cli::{DemoArgs, Role},
    config::Config,
    database::{self, Tell},
    gateway::Migrate,
    process::{Process, Start},
    serve::reachable,
};
pub(crate) use attached::Attached;
use client::Client;
use control::Control;
use home::Home;
pub(crate) use report::Report;

/// In place of the defaults: short intervals, so that something is to be seen; a vendor that can
/// take it, being ours.
pub(crate) const DEFAULTS: &str = r#"
[vendors]
requests_per_second = 2000
concurrency = 16
[sync]
poll_interval = "3s"
full_walk_interval = "30s"
[log]
level = "warn,sqlx=error"
"#;

/// A demo that runs.
#[derive(Debug)]
pub(crate) struct Demo {
    process: Process,
    sandbox: Sandbox,
    company: Company,
    report: Report,
    /// Keeps a second demo off the data directory.
    _home: Home,
}

impl Demo {
    /// Starts everything; returns when the gateway is connected to all sandbox vendors.
    pub(crate) async fn start(
        mut config: Config,
        arguments: &DemoArgs,
        tell: Tell,
    ) -> anyhow::Result<Self> {
        // A database of other purposes that happens to be configured is left alone.
        if config.database.url.take().is_some() {
            tell("the demo leaves the configured database alone and runs its own");
        }
        config.egress.allow.push(loopback());
        database::prepare_data_dir(&config.data_dir)?;
        let home = Home::open(&config.data_dir)?;
        tell("starting the sandbox vendors");
        let sandbox = vendors::start(&home, arguments.calls).await?;
        let start = Start {
            role: Role::All,
            migrate: Migrate::Apply,
            tell,
        };
        let process = match Process::start(&config, start).await {
            Ok(process) => process,
            Err(error) => {
                sandbox.stop().await;
                return Err(error);
            }
        };
        match Self::connect(home, &process, &sandbox, tell).await {
            Ok((home, company, report)) => Ok(Self {
                process,
                sandbox,
                company,
                report,
                _home: home,
            }),
            Err(error) => {
                // The first error says more than what follows from it.
                let _ = process.stop().await;
                sandbox.stop().await;
                Err(error)
            }
        }
    }

    async fn connect(
        home: Home,
        process: &Process,
        sandbox: &Sandbox,
        tell: Tell,
    ) -> anyhow::Result<(Home, Company, Report)> {
        let url = format!("http://{}", reachable(process.address()));
        let gateway = process.gateway();
        let (company, report) = connect(
            &home,
            &gateway.store,
            gateway.connector.registry(),
            (&url, &sandbox.base_url()),
            tell,
        )
        .await?;
        Ok((home, company, report))
    }

    /// What people and programs need to know of it.
    pub(crate) const fn report(&self) -> &Report {
        &self.report
    }

    /// Resolves when the gateway ended by itself, which it should not.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        self.process.ended().await
    }

    /// Stops all of it: first the gateway, so that it meets no vendor that is gone.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.company.stop().await;
        let stopped = self.process.stop().await;
        self.sandbox.stop().await;
        stopped
    }
}

/// The company whose calls the sandbox plays: it registers calls, and looks after its connections.
#[derive(Debug)]
struct Company {
    work: TaskTracker,
    stop: CancellationToken,
}

impl Company {
    async fn stop(self) {
        self.stop.cancel();
        self.work.wait().await;
    }
}

/// Connects a gateway (the first address) to all vendors of a sandbox (the second).
async fn connect(
    home: &Home,
    store: &Store,
    registry: &Registry,
    (gateway, sandbox): (&str, &str),
    tell: Tell,
) -> anyhow::Result<(Company, Report)> {
    let key = key::ensure(home, store).await?;
    let client = Client::new(gateway, key.clone())?;
    let control = Control::new(sandbox)?;
    tell("connecting to the sandbox vendors");
    let accounts = accounts::listed(&control, registry).await?;
    let connections = accounts::ensure(&client, &accounts).await?;
    let company = Company {
        work: TaskTracker::new(),
        stop: CancellationToken::new(),
    };
    for connection in connections.iter().filter(|connection| !connection.pulls) {
        company.work.spawn(feeder::feed(
            client.clone(),
            control.clone(),
            connection.clone(),
            company.stop.clone(),
        ));
    }
    company.work.spawn(accounts::keep_connected(
        client,
        control,
        registry.clone(),
        company.stop.clone(),
    ));
    company.work.close();
    let report = Report::new(gateway.to_owned(), sandbox.to_owned(), key, &connections);
    Ok((company, report))
}

fn loopback() -> IpNet {
    Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into()
}

/// The data directory's part of the demo, as text for messages.
fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// A step that touches a file of the demo.
fn about<T>(result: std::io::Result<T>, action: &str, path: &std::path::Path) -> anyhow::Result<T> {
    result.with_context(|| format!("{action} {}", shown(path)))
}
