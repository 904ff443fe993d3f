//! Registers the calls of a vendor that lists none: what a CRM does that knows its calls' ids.

use std::time::Duration;

use callweave_sandbox::{Action, LedgerEntry, LedgerPage};
use futures::{TryStreamExt as _, stream};
use reqwest::Method;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{accounts::Connection, client::Client, control::Control};

/// How often the ledger is read.
const PAUSE: Duration = Duration::from_secs(1);
/// How many calls are read and registered in one go.
const BATCH: usize = 100;
/// How many requests at the same time.
const AT_ONCE: usize = 4;

/// Registers what is there and then what arrives, until told to stop.
pub(super) async fn feed(
    client: Client,
    sandbox: Control,
    connection: Connection,
    stop: CancellationToken,
) {
    let mut after = 0;
    while !stop.is_cancelled() {
        let registered = tokio::select! {
            () = stop.cancelled() => return,
            page = register_page(&client, &sandbox, &connection, after) => page,
        };
        let more = match registered {
            Ok(page) => {
                after = page.next_after;
                page.more
            }
            Err(error) => {
                warn!(error = %error, "The demo could not register calls; it tries again");
                false
            }
        };
        if !more {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

async fn register_page(
    client: &Client,
    sandbox: &Control,
    connection: &Connection,
    after: u64,
) -> anyhow::Result<LedgerPage> {
    let page = sandbox.ledger(&connection.vendor, after, BATCH).await?;
    let fresh = page
        .entries
        .iter()
        .filter(|entry| matches!(entry.action, Action::Seeded | Action::Added));
    stream::iter(fresh.map(Ok))
        .try_for_each_concurrent(AT_ONCE, |entry| register(client, connection, entry))
        .await?;
    Ok(page)
}

async fn register(
    client: &Client,
    connection: &Connection,
    entry: &LedgerEntry,
) -> anyhow::Result<()> {
    let Some(call_id) = &entry.call_id else {
        return Ok(());
    };
    // The CRM placed the call and knows when.
    let facts = match entry.facts.get("started_at") {
        Some(started_at) => json!({"started_at": started_at}),
        None => json!({}),
    };
    let body = json!({"connection_id": connection.id, "remote_id": call_id, "facts": facts});
    client
        .send(Method::POST, "/v1/calls", Some(&body))
        .await?
        .good()?;
    Ok(())
}
