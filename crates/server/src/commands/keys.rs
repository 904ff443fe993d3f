//! `callweave keys`: API keys, made where no key is needed yet.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use callweave_api::{keys, scope};
use callweave_credentials::vault::Vault;
use callweave_model::{
    ApiKeyId, Clock as _, SystemClock, TenantId, Timestamp,
    ids::{Ids as _, RandomIds},
};
use callweave_store::{
    Store,
    api_keys::ApiKey,
    audit::{Actor, ActorKind, NewEntry, Outcome},
    tenants::Tenant,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::{
    cli::KeysCommand,
    config::{Config, ConfigError},
    database::{self, Database},
    gateway::{self, Migrate},
    key_ring, output,
};

/// What a new key is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyRequest<'a> {
    /// Its tenant's name; the tenant is made if it is missing.
    pub(crate) tenant: &'a str,
    /// What it is called.
    pub(crate) name: &'a str,
    /// What it may do.
    pub(crate) scopes: &'a [String],
    /// How long it lasts.
    pub(crate) expires_in: Option<Duration>,
}

/// A key that was just made.
#[derive(Debug)]
pub(crate) struct MadeKey {
    /// Its id.
    pub(crate) id: ApiKeyId,
    /// Its tenant.
    pub(crate) tenant: TenantId,
    /// The key, readable this once.
    pub(crate) text: SecretString,
}

pub(super) async fn run(config: &Config, command: KeysCommand) -> anyhow::Result<()> {
    // Before anything is started for it.
    if let KeysCommand::Create {
        tenant,
        name,
        scopes,
        ..
    } = &command
    {
        check_request(tenant, name, scopes)?;
    }
    with_store(config, async |store| act(store, command).await).await
}

/// Works on the configured database, brought up to date.
pub(super) async fn with_store(
    config: &Config,
    work: impl AsyncFnOnce(&Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    with_database(config, async |_database: &Database, store: &Store| {
        work(store).await
    })
    .await
}

/// The same, where secrets are opened and sealed.
pub(super) async fn with_sealing_store(
    config: &Config,
    work: impl AsyncFnOnce(&Store, &Vault) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let work = async |database: &Database, store: &Store| {
        let vault = key_ring::open(config, database.is_own(), &RandomIds)?.vault;
        let store = store.clone().with_sealer(Arc::new(vault.clone()));
        work(&store, &vault).await
    };
    with_database(config, work).await
}

async fn with_database(
    config: &Config,
    work: impl AsyncFnOnce(&Database, &Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let database = database::open(config, |step| tracing::info!("{step}")).await?;
    let done = match database.store(2, config.database.acquire_timeout) {
        Ok(store) => {
            let done = async {
                database::wait(&store, config.database.connect_timeout).await?;
                gateway::schema(&store, Migrate::Apply).await?;
                work(&database, &store).await
            };
            let done = done.await;
            store.close().await;
            done
        }
        Err(error) => Err(error),
    };
    database.close().await?;
    done
}

fn check_request(tenant: &str, name: &str, scopes: &[String]) -> Result<(), ConfigError> {
    let wrong = |text: String| Err(ConfigError::Contradiction(text));
    if tenant.trim().is_empty() || name.trim().is_empty() {
        return wrong("--tenant and --name must not be empty".to_owned());
    }
    match scopes.iter().find(|word| !scope::is_known(word)) {
        Some(unknown) => {
            let known: Vec<&str> = scope::ALL.iter().map(|(word, _)| *word).collect();
            wrong(format!(
                "--scope: there is no scope {unknown:?}; there are: {}",
                known.join(" ")
            ))
        }
        None => Ok(()),
    }
}

async fn act(store: &Store, command: KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::Create {
            tenant,
            name,
            scopes,
            expires_in,
            json,
        } => {
            let request = KeyRequest {
                tenant: &tenant,
                name: &name,
                scopes: &scopes,
                expires_in,
            };
            show(&create(store, request).await?, json)
        }
        KeysCommand::List { tenant, json } => list(store, tenant.as_deref(), json).await,
        KeysCommand::Revoke { id } => revoke(store, &id).await,
        KeysCommand::Rotate { id, keep_old, json } => {
            show(&rotate(store, &id, keep_old).await?, json)
        }
    }
}

/// Makes a key, and its tenant if it is missing.
pub(crate) async fn create(store: &Store, request: KeyRequest<'_>) -> anyhow::Result<MadeKey> {
    let now = SystemClock.now();
    let id = ApiKeyId(RandomIds.next());
    let made = keys::generate(id, &mut rand::rng());
    let mut tx = store.system().await?;
    let tenant = tx.ensure_tenant(request.tenant).await?;
    tx.commit().await?;
    let key = ApiKey {
        tenant_id: tenant,
        id,
        name: request.name.trim().to_owned(),
        secret_hash: made.secret_hash,
        scopes: request.scopes.to_vec(),
        created_at: now,
        expires_at: request.expires_in.map(|life| now.plus(life)),
        revoked_at: None,
        last_used_at: None,
    };
    let mut tx = store.tenant(tenant).await?;
    tx.insert_api_key(&key).await?;
    let detail = json!({"name": key.name, "scopes": key.scopes, "expires_at": key.expires_at});
    tx.audit(&entry("key.created", id, detail)).await?;
    tx.commit().await?;
    Ok(MadeKey {
        id,
        tenant,
        text: made.text,
    })
}

/// What the audit log says of something done to a key here.
fn entry(action: &'static str, id: ApiKeyId, detail: Value) -> NewEntry {
    NewEntry {
        actor: Actor::of(ActorKind::CommandLine),
        action,
        resource: Some(format!("/v1/api-keys/{id}")),
        request_id: None,
        outcome: Outcome::Succeeded,
        count: 1,
        detail,
    }
}

/// Replaces a key in force; the old one goes on for `keep`.
async fn rotate(store: &Store, text: &str, keep: Duration) -> anyhow::Result<MadeKey> {
    let now = SystemClock.now();
    let old = find(store, text).await?;
    let id = ApiKeyId(RandomIds.next());
    let made = keys::generate(id, &mut rand::rng());
    let (tenant, old_id) = (old.tenant_id, old.id);
    let mut tx = store.tenant(tenant).await?;
    let ended = old.expires_at.is_some_and(|end| end <= now);
    anyhow::ensure!(
        !ended && tx.end_api_key(old_id, now.plus(keep)).await?,
        "the key {old_id} is not in force"
    );
    let key = ApiKey {
        id,
        secret_hash: made.secret_hash,
        created_at: now,
        last_used_at: None,
        ..old
    };
    tx.insert_api_key(&key).await?;
    let detail = json!({"replaced_by": id, "keep_old_s": keep.as_secs()});
    tx.audit(&entry("key.rotated", old_id, detail)).await?;
    tx.commit().await?;
    Ok(MadeKey {
        id,
        tenant,
        text: made.text,
    })
}

fn show(made: &MadeKey, json: bool) -> anyhow::Result<()> {
    let key = made.text.expose_secret();
    if json {
        output::data(json!({"id": made.id, "tenant_id": made.tenant, "key": key}).to_string())?;
    } else {
        output::data(format!(
            "id      {}\ntenant  {}\nkey     {key}",
            made.id, made.tenant
        ))?;
        output::note("This is the only time that the key is shown.");
    }
    Ok(())
}

pub(super) async fn tenants(store: &Store) -> anyhow::Result<Vec<Tenant>> {
    let mut tx = store.system().await?;
    let tenants = tx.list_tenants().await?;
    tx.commit().await?;
    Ok(tenants)
}

async fn list(store: &Store, tenant: Option<&str>, json: bool) -> anyhow::Result<()> {
    let wanted = tenant.map(callweave_store::tenants::tenant_id);
    let known = tenants(store).await?;
    let shown = |tenant: &&Tenant| wanted.is_none_or(|wanted| wanted.0 == tenant.tenant_id);
    if let Some(name) = tenant
        && !known.iter().any(|tenant| shown(&tenant))
    {
        anyhow::bail!("there is no tenant {name:?}");
    }
    let now = SystemClock.now();
    for tenant in known.iter().filter(shown) {
        let mut tx = store.tenant(TenantId(tenant.tenant_id)).await?;
        for key in tx.list_api_keys().await? {
            let line = if json {
                json!({
                    "id": key.id, "tenant_id": key.tenant_id, "tenant": tenant.name,
                    "name": key.name, "scopes": key.scopes, "created_at": key.created_at,
                    "expires_at": key.expires_at, "revoked_at": key.revoked_at,
                    "last_used_at": key.last_used_at,
                })
                .to_string()
            } else {
                format!(
                    "{}  {}  {}  {}  {}",
                    key.id,
                    state(&key, now),
                    tenant.name,
                    key.name,
                    key.scopes.join(" ")
                )
            };
            output::data(line)?;
        }
        tx.commit().await?;
    }
    Ok(())
}

fn state(key: &ApiKey, now: Timestamp) -> &'static str {
    match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end <= now => "expired",
        _ => "active ",
    }
}

/// The key with this id, or this key.
async fn find(store: &Store, text: &str) -> anyhow::Result<ApiKey> {
    let id = match keys::parse(text) {
        Some(presented) => presented.id,
        None => text.parse().map_err(|_error| {
            // Not repeated: it may be a mistyped key.
            ConfigError::Contradiction("this is neither the id of a key nor a key".to_owned())
        })?,
    };
    let mut tx = store.system().await?;
    let key = tx.find_api_key(id).await?;
    tx.commit().await?;
    key.with_context(|| format!("there is no key {id}"))
}

async fn revoke(store: &Store, text: &str) -> anyhow::Result<()> {
    let key = find(store, text).await?;
    let id = key.id;
    let mut tx = store.tenant(key.tenant_id).await?;
    let revoked = tx.revoke_api_key(id, SystemClock.now()).await?;
    if revoked {
        tx.audit(&entry("key.revoked", id, json!({}))).await?;
    }
    tx.commit().await?;
    output::data(if revoked {
        format!("revoked {id}")
    } else {
        format!("{id} was revoked before")
    })?;
    Ok(())
}
