//! The gateway under test: the released binary, used through its API.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::time::sleep;

use crate::stage::{Database, Stage, run};

const START_TIME: Duration = Duration::from_secs(60);

/// A running gateway on a database.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    /// The API key.
    pub(crate) key: String,
    pub(crate) tenant: String,
    /// From its start until it was ready.
    pub(crate) started_in: Duration,
    url: String,
    http: reqwest::Client,
    process: Child,
}

impl Gateway {
    /// Starts the gateway on a database, migrating it first.
    pub(crate) async fn start(stage: &Stage, database: &Database) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = stage.place().join(format!("{}.log", database.name));
        let log = File::options().create(true).append(true).open(log)?;
        let began = Instant::now();
        let process = command(stage, database)
            .args(["serve", "--listen", &address.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let mut gateway = Self {
            address,
            key: String::new(),
            tenant: String::new(),
            started_in: Duration::ZERO,
            url: format!("http://{address}"),
            http: stage.http.clone(),
            process,
        };
        gateway.started_in = gateway.ready(began).await?;
        let made = run(command(stage, database).args([
            "keys",
            "create",
            "--tenant",
            "acme",
            "--name",
            "benchmark",
            "--scope",
            "*",
            "--json",
        ]))?;
        let made: Value = serde_json::from_str(&made)?;
        gateway.key = text(&made, "/key")?;
        gateway.tenant = text(&made, "/tenant_id")?;
        Ok(gateway)
    }

    async fn ready(&mut self, began: Instant) -> Result<Duration> {
        let url = format!("{}/readyz", self.url);
        loop {
            if let Ok(response) = self.http.get(&url).send().await
                && response.status() == 200
            {
                return Ok(began.elapsed());
            }
            ensure!(self.process.try_wait()?.is_none(), "the gateway ended");
            ensure!(began.elapsed() < START_TIME, "the gateway is not ready");
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// A request that has to succeed.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = request.bearer_auth(&self.key);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await?;
        let status = response.status();
        let bytes = response.bytes().await?;
        ensure!(
            status.is_success(),
            "{path}: {status} {}",
            String::from_utf8_lossy(&bytes)
        );
        serde_json::from_slice(&bytes).with_context(|| format!("the answer to {path}"))
    }

    /// Reads.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// Ends it as a service manager would.
    pub(crate) async fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.process), Signal::TERM)?;
        let deadline = Instant::now() + START_TIME;
        while self.process.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "the gateway does not end");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Ended already, unless something failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The gateway's settings: those it has by default, but for what a benchmark would run into.
fn command(stage: &Stage, database: &Database) -> Command {
    let mut command = Command::new(&stage.binary);
    command
        .current_dir(stage.place())
        .env("CALLWEAVE__DATA_DIR", stage.place().join("gateway"))
        .env("DATABASE_URL", database.url())
        .env("CALLWEAVE__ENCRYPTION__KEYS", &stage.encryption_key)
        .env("CALLWEAVE__EGRESS__ALLOW", "127.0.0.0/8")
        // Nothing is to run that was not asked for.
        .env("CALLWEAVE__SYNC__POLL_INTERVAL", "1h")
        // Out of a vendor's and a tenant's reach: neither is to be what is measured.
        .env("CALLWEAVE__VENDORS__REQUESTS_PER_SECOND", "100000")
        .env("CALLWEAVE__VENDORS__CONCURRENCY", "16")
        .env("CALLWEAVE__LIMITS__REQUESTS", "1000000000")
        // A busy machine gives slow answers, not none.
        .env("CALLWEAVE__DATABASE__ACQUIRE_TIMEOUT", "30s")
        .env("CALLWEAVE__DATABASE__STATEMENT_TIMEOUT", "30s")
        .env("CALLWEAVE__LOG__FORMAT", "json");
    command
}

/// The text a JSON pointer leads to.
pub(crate) fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found
        .with_context(|| format!("{pointer} in {value}"))?
        .to_owned())
}

/// The number a JSON pointer leads to.
pub(crate) fn number(value: &Value, pointer: &str) -> Result<u64> {
    let found = value.pointer(pointer).and_then(Value::as_u64);
    found.with_context(|| format!("{pointer} in {value}"))
}
