//! `callweave encryption`: the keys that secrets are sealed with.

use callweave_credentials::{
    rotation,
    vault::{Vault, generate_key},
};
use callweave_model::{Clock as _, SystemClock, TenantId};
use callweave_store::Store;

use super::keys::{tenants, with_sealing_store};
use crate::{
    cli::EncryptionCommand,
    config::{self, Config, ConfigError, Sources},
    output, telemetry,
};

pub(super) async fn run(command: &EncryptionCommand, sources: &Sources) -> anyhow::Result<()> {
    if let EncryptionCommand::GenerateKey { id } = command {
        return generate(id.as_deref());
    }
    let config = config::load(sources)?;
    let telemetry = telemetry::start(&config)?;
    let done = act(command, &config).await;
    telemetry.flush().await;
    done
}

async fn act(command: &EncryptionCommand, config: &Config) -> anyhow::Result<()> {
    with_sealing_store(config, async |store, vault| match command {
        EncryptionCommand::GenerateKey { id } => generate(id.as_deref()),
        EncryptionCommand::Rotate => rotate(store, vault).await,
        EncryptionCommand::Retire { id } => retire(store, vault, id).await,
    })
    .await
}

fn generate(id: Option<&str>) -> anyhow::Result<()> {
    let id = id.map_or_else(
        || {
            let now = SystemClock.now().as_jiff();
            format!("key-{}", now.strftime("%Y%m%d-%H%M%S"))
        },
        str::to_owned,
    );
    let key = generate_key(&id);
    Vault::parse(&key).map_err(|_error| {
        ConfigError::Contradiction("--id: must be 1 to 64 letters, digits and -_.".to_owned())
    })?;
    output::data(key)?;
    Ok(())
}

async fn rotate(store: &Store, vault: &Vault) -> anyhow::Result<()> {
    let (mut resealed, mut unopened) = (0, Vec::new());
    for tenant in tenants(store).await? {
        let id = TenantId(tenant.tenant_id);
        let mut told = |column: callweave_store::secrets::SealedColumn, count: u64| {
            tracing::info!(tenant.id = %id, encryption.column = column.name(), "Sealed {count} anew");
        };
        let rotated = rotation::rotate(store, vault, id, &mut told).await?;
        resealed += rotated.resealed;
        unopened.extend(rotated.unopened);
    }
    let active = vault.active_key();
    output::data(format!(
        "{resealed} secrets sealed anew with the key {active}"
    ))?;
    for row in unopened.iter().take(20) {
        output::note(format!("cannot be opened: {row}"));
    }
    anyhow::ensure!(
        unopened.is_empty(),
        "{} secrets cannot be opened with these keys and stay as they are",
        unopened.len()
    );
    Ok(())
}

async fn retire(store: &Store, vault: &Vault, key: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        key != vault.active_key(),
        "the key {key} is the active one; make another one the first of encryption.keys, then run \
         `callweave encryption rotate`"
    );
    let mut needing = Vec::new();
    for tenant in tenants(store).await? {
        let found = rotation::needing(store, key, TenantId(tenant.tenant_id)).await?;
        needing.extend(found.into_iter().map(|(column, count)| {
            format!("{count} of {} of tenant {:?}", column.name(), tenant.name)
        }));
    }
    anyhow::ensure!(
        needing.is_empty(),
        "the key {key} is needed for {}; run `callweave encryption rotate`",
        needing.join(", ")
    );
    let known = if vault.has(key) {
        "remove it from encryption.keys"
    } else {
        "it is not configured either"
    };
    output::data(format!("nothing is sealed with the key {key}; {known}"))?;
    Ok(())
}
