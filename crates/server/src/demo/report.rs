//! What a demo says when it is ready.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::accounts::Connection;

/// Where everything is, and what opens it.
#[derive(Debug)]
pub(crate) struct Report {
    url: String,
    sandbox: String,
    key: SecretString,
    connections: Vec<(String, String)>,
}

impl Report {
    pub(super) fn new(
        url: String,
        sandbox: String,
        key: SecretString,
        connections: &[Connection],
    ) -> Self {
        Self {
            url,
            sandbox,
            key,
            connections: connections
                .iter()
                .map(|connection| (connection.vendor.clone(), connection.id.clone()))
                .collect(),
        }
    }

    /// One line for programs.
    pub(crate) fn json(&self) -> String {
        let connections: serde_json::Map<String, serde_json::Value> = self
            .connections
            .iter()
            .map(|(vendor, id)| (vendor.clone(), json!(id)))
            .collect();
        json!({
            "url": self.url,
            "docs": format!("{}/docs", self.url),
            "openapi": format!("{}/openapi.json", self.url),
            "key": self.key.expose_secret(),
            "sandbox": self.sandbox,
            "connections": connections,
            "pid": std::process::id(),
        })
        .to_string()
    }

    /// Some lines for people.
    pub(crate) fn text(&self) -> String {
        let Self {
            url, sandbox, key, ..
        } = self;
        let key = key.expose_secret();
        let curl = |path: &str| format!("  curl -H 'Authorization: Bearer {key}' '{url}{path}'\n");
        format!(
            "\ncallweave runs, with {count} sandbox vendors connected. Ctrl-C stops all of it.\n\n  \
             API            {url}\n  documentation  {url}/docs\n  sandbox        {sandbox}/control/credentials\n  \
             API key        {key}\n\nTry:\n{newest}{search}{connections}",
            count = self.connections.len(),
            newest = curl("/v1/calls?limit=3"),
            search = curl("/v1/calls?q=delivery&limit=3"),
            connections = curl("/v1/connections"),
        )
    }
}
