//! The sandbox's own side door: what opens its vendors, and what they hold.

use std::time::Duration;

use anyhow::Context as _;
use callweave_sandbox::LedgerPage;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long the sandbox may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of one sandbox. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Control {
    http: reqwest::Client,
    base_url: String,
}

impl Control {
    /// A client of the sandbox at this address.
    pub(super) fn new(base_url: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .context("start the HTTP client of the sandbox")?;
        Ok(Self {
            http,
            base_url: base_url.trim_end_matches('/').to_owned(),
        })
    }

    /// By vendor: what a connection to it needs.
    pub(super) async fn credentials(&self) -> anyhow::Result<Value> {
        self.get("/control/credentials").await
    }

    /// What a vendor holds and did, after a place in its ledger.
    pub(super) async fn ledger(
        &self,
        vendor: &str,
        after: u64,
        limit: usize,
    ) -> anyhow::Result<LedgerPage> {
        self.get(&format!(
            "/control/ledger?vendor={vendor}&after={after}&limit={limit}"
        ))
        .await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let asked = async {
            let response = self.http.get(format!("{}{path}", self.base_url)).send();
            response.await?.error_for_status()?.json().await
        };
        asked
            .await
            .map_err(reqwest::Error::without_url)
            .context("ask the sandbox")
    }
}
