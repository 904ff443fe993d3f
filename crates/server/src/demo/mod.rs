//! The demo: sandbox vendors beside a gateway, connected through the gateway's own REST API.
//!
//! It names no vendor: it takes what the sandbox lists, and what the manifests say about each.

mod accounts;
mod client;
mod feeder;
mod home;
mod key;
mod report;
mod vendors;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context as _;
use callweave_sandbox::Sandbox;
use ipnet::{IpNet, Ipv4Net};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    cli::{DemoArgs, Role},
    config::Config,
    database::{self, Tell},
    gateway::Migrate,
    process::{Process, Start},
};
use client::Client;
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
    feeders: TaskTracker,
    stop: CancellationToken,
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
            Ok((home, feeders, stop, report)) => Ok(Self {
                process,
                sandbox,
                feeders,
                stop,
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
    ) -> anyhow::Result<(Home, TaskTracker, CancellationToken, Report)> {
        let key = key::ensure(&home, &process.gateway().store).await?;
        let url = format!("http://{}", reachable(process.address()));
        let client = Client::new(&url, key.clone())?;
        tell("connecting to the sandbox vendors");
        let accounts = accounts::listed(sandbox, process.gateway().connector.registry());
        let connections = accounts::ensure(&client, &accounts).await?;
        let stop = CancellationToken::new();
        let feeders = TaskTracker::new();
        for connection in connections.iter().filter(|connection| !connection.pulls) {
            feeders.spawn(feeder::feed(
                client.clone(),
                sandbox.world().clone(),
                connection.clone(),
                stop.clone(),
            ));
        }
        feeders.spawn(accounts::keep_connected(
            client,
            sandbox.world().clone(),
            sandbox.base_url(),
            process.gateway().connector.registry().clone(),
            stop.clone(),
        ));
        feeders.close();
        let report = Report::new(url, sandbox.base_url(), key, &connections);
        Ok((home, feeders, stop, report))
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
        self.stop.cancel();
        self.feeders.wait().await;
        let stopped = self.process.stop().await;
        self.sandbox.stop().await;
        stopped
    }
}

fn loopback() -> IpNet {
    Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into()
}

/// Where we reach ourselves.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The data directory's part of the demo, as text for messages.
fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// A step that touches a file of the demo.
fn about<T>(result: std::io::Result<T>, action: &str, path: &std::path::Path) -> anyhow::Result<T> {
    result.with_context(|| format!("{action} {}", shown(path)))
}
