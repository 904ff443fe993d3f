//! `callweave tenants`: who is there, and what each may do at a time.

use std::collections::BTreeMap;

use anyhow::Context as _;
use callweave_model::{Clock as _, SystemClock, TenantId};
use callweave_store::{
    Store,
    audit::{Actor, ActorKind, NewEntry, Outcome},
    limits::Overrides,
    retention::Kind,
};
use serde_json::{Value, json};

use super::keys::{tenants, with_store};
use crate::{
    cli::{Grant, LimitsArgs, RetentionArgs, TenantsCommand},
    config::Config,
    output,
};

pub(super) async fn run(config: &Config, command: TenantsCommand) -> anyhow::Result<()> {
    with_store(config, async |store| match command {
        TenantsCommand::List { json } => list(store, json).await,
        TenantsCommand::Limits(arguments) => limits(config, store, &arguments).await,
        TenantsCommand::Retention(arguments) => retention(store, &arguments).await,
    })
    .await
}

async fn list(store: &Store, json: bool) -> anyhow::Result<()> {
    for tenant in tenants(store).await? {
        output::data(if json {
            json!({"id": tenant.tenant_id, "name": tenant.name}).to_string()
        } else {
            format!("{}  {}", tenant.tenant_id, tenant.name)
        })?;
    }
    Ok(())
}

async fn retention(store: &Store, arguments: &RetentionArgs) -> anyhow::Result<()> {
    let tenant = super::erasures::tenant_named(store, &arguments.tenant).await?;
    let mut tx = store.tenant(tenant).await?;
    let before = tx.retention().await?;
    let mut rules = before.clone();
    for (kind, word) in [
        (Kind::Calls, arguments.calls),
        (Kind::Transcripts, arguments.transcripts),
        (Kind::Documents, arguments.documents),
        (Kind::Events, arguments.events),
        (Kind::Jobs, arguments.jobs),
    ] {
        rules.set(kind, granted(word, before.days(kind)));
    }
    if rules != before {
        tx.set_retention(&rules, SystemClock.now()).await?;
        let entry = NewEntry {
            action: "retention.changed",
            resource: Some("/v1/retention".to_owned()),
            detail: rules.shown(),
            ..entry(Overrides::default())
        };
        tx.audit(&entry).await?;
    }
    tx.commit().await?;
    if arguments.json {
        return output::data(rules.shown().to_string()).map_err(Into::into);
    }
    for kind in Kind::ALL {
        let days = rules
            .days(kind)
            .map_or_else(|| "default".to_owned(), |days| format!("{days} days"));
        output::data(format!("{:<12} {days}", kind.word()))?;
    }
    Ok(())
}

async fn limits(config: &Config, store: &Store, arguments: &LimitsArgs) -> anyhow::Result<()> {
    let name = arguments.tenant.as_str();
    let wanted = callweave_store::tenants::tenant_id(name);
    let known = tenants(store).await?;
    let tenant = known
        .iter()
        .find(|tenant| tenant.tenant_id == wanted.0)
        .with_context(|| format!("there is no tenant {name:?}"))?;
    let mut tx = store.system().await?;
    let before = tx.tenant_limits(wanted).await?;
    let granted = Overrides {
        requests: granted(arguments.requests, before.requests),
        concurrency: granted(arguments.concurrency, before.concurrency),
        exports: granted(arguments.exports, before.exports),
        streams: granted(arguments.streams, before.streams),
    };
    if granted != before {
        tx.set_tenant_limits(wanted, granted).await?;
        tx.audit_of(wanted, &entry(granted)).await?;
    }
    tx.commit().await?;
    show(config, &tenant.name, wanted, granted, arguments.json)
}

/// What is granted after a word of the command line.
fn granted(word: Option<Grant>, before: Option<u32>) -> Option<u32> {
    match word {
        None => before,
        Some(Grant::Default) => None,
        Some(Grant::Own(number)) => Some(number),
    }
}

/// What the tenant's audit log says of it.
fn entry(granted: Overrides) -> NewEntry {
    NewEntry {
        actor: Actor::of(ActorKind::CommandLine),
        action: "limits.changed",
        resource: None,
        request_id: None,
        outcome: Outcome::Succeeded,
        count: 1,
        detail: json!({
            "requests": granted.requests, "concurrency": granted.concurrency,
            "exports": granted.exports, "streams": granted.streams,
        }),
    }
}

fn show(
    config: &Config,
    name: &str,
    tenant: TenantId,
    granted: Overrides,
    json: bool,
) -> anyhow::Result<()> {
    let streams = u32::try_from(config.events.max_streams_per_tenant).unwrap_or(u32::MAX);
    let lines = [
        ("requests", granted.requests, config.limits.requests),
        (
            "concurrency",
            granted.concurrency,
            config.limits.concurrency,
        ),
        ("exports", granted.exports, config.limits.exports),
        ("streams", granted.streams, streams),
    ];
    if json {
        let about = [
            ("tenant_id", json!(tenant)),
            ("tenant", json!(name)),
            ("window_s", json!(config.limits.window.as_secs())),
        ];
        let limits = lines.map(|(limit, own, configured)| {
            let limits = json!({"limit": own.unwrap_or(configured), "own": own.is_some()});
            (limit, limits)
        });
        let document: BTreeMap<&str, Value> = about.into_iter().chain(limits).collect();
        return output::data(json!(document).to_string()).map_err(Into::into);
    }
    for (limit, own, configured) in lines {
        let number = match own.unwrap_or(configured) {
            0 => Value::from("no limit"),
            number => Value::from(number),
        };
        let number = number
            .as_str()
            .map_or_else(|| number.to_string(), str::to_owned);
        let whose = if own.is_some() { "its own" } else { "default" };
        output::data(format!("{limit:<12} {number:<10} {whose}"))?;
    }
    Ok(())
}
