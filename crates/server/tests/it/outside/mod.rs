//! Gateways as processes of their own: on one database, against the sandbox, with faults on the
//! wires between them.

use std::{path::PathBuf, time::Duration};

use callweave_fault_proxy::{FaultProxy, Upstream};
use callweave_sandbox::{Action, LedgerEntry, Sandbox, SandboxConfig, Vendor};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    base::Base,
    support::{Place, Running, eventually, free_address, http, run},
};

mod certificates;
mod crashes;
mod erasing;
mod leaks;
mod paces;
mod payloads;
mod renewals;
mod requests;
mod retaining;
mod rotating;
mod takeover;
mod wires;

/// How long whatever is waited for may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A sandbox, a migrated database, a key for the API, and gateways as many as are started.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) database: Base,
    place: Place,
    pub(crate) encryption_key: String,
    pub(crate) api_key: String,
}

/// A gateway that runs.
pub(crate) struct Gateway {
    pub(crate) running: Running,
    pub(crate) api: Api,
}

/// The API of a gateway.
#[derive(Clone)]
pub(crate) struct Api {
    url: String,
    key: String,
    client: reqwest::Client,
}

impl Stage {
    pub(crate) async fn new(calls_per_vendor: u32) -> Self {
        Self::on(Base::shared().await, calls_per_vendor).await
    }

    /// The same on a given database.
    pub(crate) async fn on(database: Base, calls_per_vendor: u32) -> Self {
        let sandbox = Sandbox::start(SandboxConfig {
            calls_per_vendor,
            ..SandboxConfig::default()
        })
        .await
        .unwrap();
        let generated = run(&["encryption", "generate-key", "--id", "k1"], &[]);
        let encryption_key = String::from_utf8(generated.stdout).unwrap();
        let mut stage = Self {
            sandbox,
            database,
            place: Place::new(),
            encryption_key: encryption_key.trim().to_owned(),
            api_key: String::new(),
        };
        let made = stage
            .command(stage.database.url(), &[])
            .args(["keys", "create", "--tenant", "acme", "--name", "test"])
            .args(["--scope", "*", "--json"])
            .output()
            .unwrap();
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        made["key"].as_str().unwrap().clone_into(&mut stage.api_key);
        stage
    }

    /// The binary with a database and this stage's keys.
    pub(crate) fn command(
        &self,
        database: &str,
        environment: &[(&str, &str)],
    ) -> std::process::Command {
        let mut command = self.place.command();
        command
            .env("DATABASE_URL", database)
            .env("CALLWEAVE__ENCRYPTION__KEYS", &self.encryption_key)
            .env("CALLWEAVE__EGRESS__ALLOW", "127.0.0.0/8")
            .env("CALLWEAVE__SYNC__POLL_INTERVAL", "500ms")
            .env("CALLWEAVE__LOG__LEVEL", "warn")
            .envs(environment.iter().copied());
        command
    }

    /// Starts a gateway and waits until it is ready.
    pub(crate) async fn gateway(&self, role: &str, environment: &[(&str, &str)]) -> Gateway {
        self.gateway_on(self.database.url(), role, environment)
            .await
    }

    /// The same with another way to the database.
    pub(crate) async fn gateway_on(
        &self,
        database: &str,
        role: &str,
        environment: &[(&str, &str)],
    ) -> Gateway {
        let mut command = self.command(database, environment);
        self.serve(command.args(["serve", "--role", role])).await
    }

    /// The same with more arguments.
    pub(crate) async fn gateway_with(&self, role: &str, arguments: &[&str]) -> Gateway {
        let mut command = self.command(self.database.url(), &[]);
        command.args(["serve", "--role", role]).args(arguments);
        self.serve(&mut command).await
    }

    async fn serve(&self, command: &mut std::process::Command) -> Gateway {
        let address = free_address();
        let running = Running::start(command.args(["--listen", &address]));
        let api = Api {
            url: format!("http://{address}"),
            key: self.api_key.clone(),
            client: http(),
        };
        eventually("ready", PATIENCE, async || {
            match api.client.get(format!("{}/readyz", api.url)).send().await {
                Ok(response) if response.status() == 200 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        Gateway { running, api }
    }

    /// A proxy in front of the sandbox. An address of its own is an account of its own.
    pub(crate) fn proxy(&self) -> FaultProxy {
        FaultProxy::start(Upstream::Tcp(self.sandbox.address())).unwrap()
    }

    /// A proxy in front of the database, and the URL that leads through it.
    pub(crate) async fn database_proxy(&self) -> (FaultProxy, String) {
        let url = reqwest::Url::parse(self.database.url()).unwrap();
        let socket = url.query_pairs().find(|(name, _)| name == "host");
        let port = url.port().unwrap_or(5432);
        let upstream = if let Some((_, directory)) = socket {
            Upstream::Unix(PathBuf::from(format!("{directory}/.s.PGSQL.{port}")))
        } else {
            let authority = format!("{}:{port}", url.host_str().unwrap());
            let mut addresses = tokio::net::lookup_host(authority).await.unwrap();
            Upstream::Tcp(addresses.next().unwrap())
        };
        let proxy = FaultProxy::start(upstream).unwrap();
        let mut through = url.clone();
        through.set_host(Some("127.0.0.1")).unwrap();
        through.set_port(Some(proxy.address().port())).unwrap();
        through.set_query(Some("sslmode=disable"));
        (proxy, through.into())
    }

    /// Connects the sandbox's account of a vendor, found at this address.
    pub(crate) async fn connect(&self, api: &Api, vendor: Vendor, base_url: &str) -> Uuid {
        let all = self.sandbox.world().credentials(base_url);
        let mut body = all[vendor.key()]["connection"].clone();
        body["name"] = json!(vendor.key());
        let (status, made) = api
            .send(reqwest::Method::POST, "/v1/connections", Some(body))
            .await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().parse().unwrap()
    }

    /// Runs a statement on the database behind the gateways' back.
    pub(crate) async fn execute(&self, statement: &str) {
        let pool = self.database.pool().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
    }

    /// Makes every token run out of time, as if two hours had passed since it was got.
    pub(crate) async fn age_tokens(&self) {
        self.execute(
            "UPDATE tokens SET obtained_at = obtained_at - interval '2 hours', \
                 access_expires_at = access_expires_at - interval '2 hours', \
                 logins = ARRAY(SELECT at - interval '2 hours' FROM UNNEST(logins) AS at)",
        )
        .await;
    }

    /// The vendor's ledger.
    pub(crate) fn ledger(&self, vendor: Vendor) -> Vec<LedgerEntry> {
        let (mut entries, mut after) = (Vec::new(), 0);
        loop {
            let page = self.sandbox.world().ledger_page(vendor, after, 5_000);
            entries.extend(page.entries);
            after = page.next_after;
            if !page.more {
                return entries;
            }
        }
    }

    /// Logins, refresh tokens that bought a pair, and refresh tokens that were used again.
    pub(crate) fn tally(&self, vendor: Vendor) -> (usize, usize, usize) {
        let ledger = self.ledger(vendor);
        let count = |action: Action| ledger.iter().filter(|entry| entry.action == action).count();
        let reused = |entry: &&LedgerEntry| {
            entry.action == Action::Rejected && entry.facts["problem"] == "spent_reuse"
        };
        (
            count(Action::Login),
            count(Action::Spent),
            ledger.iter().filter(reused).count(),
        )
    }

    /// Waits until the sandbox's first fault has struck so often.
    pub(crate) async fn struck(&self, times: u64) {
        let url = format!("{}/control/faults", self.sandbox.base_url());
        eventually("the fault", PATIENCE, async || {
            let faults: Value = http().get(&url).send().await.unwrap().json().await.unwrap();
            let hits = faults["faults"][0]["hits"].as_u64().unwrap_or(0);
            if hits >= times {
                Ok(())
            } else {
                Err(format!("{hits} times"))
            }
        })
        .await;
    }
}

impl Api {
    /// A request; an answer without JSON is `null`.
    pub(crate) async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let outcome = self.try_send(method, path, body).await;
        outcome.unwrap()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Its key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// A request with the key, for a test that fills in the rest.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        request
            .bearer_auth(&self.key)
            .timeout(Duration::from_secs(60))
    }

    /// The same where the gateway may not answer.
    pub(crate) async fn try_send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<(u16, Value)> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(reqwest::Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Has the gateway ask the vendor whether the connection works.
    pub(crate) async fn check(&self, id: Uuid) -> Value {
        let path = format!("/v1/connections/{id}/check");
        let (status, body) = self.send(reqwest::Method::POST, &path, None).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Has it asked until it works.
    pub(crate) async fn check_until_good(&self, id: Uuid) {
        eventually("a good check", PATIENCE, async || {
            let answer = self.check(id).await;
            if answer["ok"] == true {
                Ok(())
            } else {
                Err(answer.to_string())
            }
        })
        .await;
    }

    pub(crate) async fn status(&self, id: Uuid) -> Value {
        self.get(&format!("/v1/connections/{id}/status")).await
    }

    /// The gateway's metrics.
    pub(crate) async fn metrics(&self) -> String {
        let url = format!("{}/metrics", self.url);
        let response = self.client.get(url).send().await.unwrap();
        response.text().await.unwrap()
    }
}
