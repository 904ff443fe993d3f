//! One connection to each sandbox account, made and kept through the REST API.

use std::time::Duration;

use anyhow::Context as _;
use callweave_provider::Registry;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{client::Client, control::Control};

/// How often connections are looked at that may need new credentials.
const LOOK: Duration = Duration::from_secs(30);

/// An account that the sandbox lists.
#[derive(Clone, Debug)]
pub(super) struct Account {
    vendor: &'static str,
    name: String,
    credentials: Value,
    settings: Value,
    pulls: bool,
}

/// A connection of the demo.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    /// Its id.
    pub(super) id: String,
    /// The vendor's key.
    pub(super) vendor: String,
    /// Whether the vendor lists its calls; otherwise they are registered.
    pub(super) pulls: bool,
}

/// The accounts of the sandbox that this build can connect to.
pub(super) async fn listed(sandbox: &Control, registry: &Registry) -> anyhow::Result<Vec<Account>> {
    let listing = sandbox.credentials().await?;
    let accounts = registry
        .iter()
        .filter_map(|factory| {
            let manifest = factory.manifest();
            let connection = listing.get(manifest.vendor)?.get("connection")?;
            Some(Account {
                vendor: manifest.vendor,
                name: format!("{} (sandbox)", manifest.display_name),
                credentials: connection.get("credentials")?.clone(),
                settings: connection.get("settings")?.clone(),
                pulls: manifest.capabilities.contains(&"pull"),
            })
        })
        .collect();
    Ok(accounts)
}

/// Connects the accounts that are not connected yet.
pub(super) async fn ensure(
    client: &Client,
    accounts: &[Account],
) -> anyhow::Result<Vec<Connection>> {
    let known = connected(client).await?;
    let mut connections = Vec::new();
    for account in accounts {
        let existing = known.iter().find(|document| is_of(document, account));
        let document = match existing {
            Some(document) => document.clone(),
            None => connect(client, account)
                .await
                .with_context(|| format!("connect to the sandbox's {}", account.vendor))?,
        };
        connections.push(Connection {
            id: text(&document, "id"),
            vendor: account.vendor.to_owned(),
            pulls: account.pulls,
        });
    }
    Ok(connections)
}

async fn connected(client: &Client) -> anyhow::Result<Vec<Value>> {
    let answer = client
        .send(Method::GET, "/v1/connections?limit=200", None)
        .await?
        .good()
        .context("list the connections")?;
    let documents = answer.get("data").and_then(Value::as_array);
    Ok(documents.cloned().unwrap_or_default())
}

fn is_of(document: &Value, account: &Account) -> bool {
    let address = |settings: Option<&Value>| settings.and_then(Value::as_str).map(str::to_owned);
    document.get("vendor").and_then(Value::as_str) == Some(account.vendor)
        && address(document.pointer("/settings/base_url"))
            == address(account.settings.get("base_url"))
}

async fn connect(client: &Client, account: &Account) -> anyhow::Result<Value> {
    let body = json!({
        "vendor": account.vendor,
        "name": account.name,
        "credentials": account.credentials,
        "settings": account.settings,
    });
    client
        .send(Method::POST, "/v1/connections", Some(&body))
        .await?
        .good()
}

/// Gives new credentials to connections whose old ones ran out, as their owner would: a token that
/// was handed in lasts a day.
pub(super) async fn keep_connected(
    client: Client,
    sandbox: Control,
    registry: Registry,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        if let Err(error) = renew(&client, &sandbox, &registry).await {
            warn!(error = %error, "The demo could not look after its connections");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn renew(client: &Client, sandbox: &Control, registry: &Registry) -> anyhow::Result<()> {
    let accounts = listed(sandbox, registry).await?;
    for document in connected(client).await? {
        if document.get("state").and_then(Value::as_str) != Some("reauth_required") {
            continue;
        }
        if let Some(account) = accounts.iter().find(|account| is_of(&document, account)) {
            let path = format!("/v1/connections/{}/credentials", text(&document, "id"));
            client
                .send(Method::PUT, &path, Some(&account.credentials))
                .await?
                .good()?;
        }
    }
    Ok(())
}

fn text(document: &Value, member: &str) -> String {
    let value = document.get(member).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}
