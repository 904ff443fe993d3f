//! `callweave migrate`: bring the schema up to date.

use crate::{
    config::Config,
    database,
    gateway::{self, Migrate},
    output,
};

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let database = database::open(config, |step| tracing::info!("{step}")).await?;
    let migrated = apply(config, &database).await;
    database.close().await?;
    let missing = migrated?;
    output::data(if missing {
        "the schema is up to date now"
    } else {
        "the schema was up to date"
    })?;
    Ok(())
}

async fn apply(config: &Config, database: &database::Database) -> anyhow::Result<bool> {
    let store = database.store(2, config.database.acquire_timeout)?;
    database::wait(&store, config.database.connect_timeout).await?;
    let missing = gateway::schema(&store, Migrate::Apply).await?;
    store.verify_isolation().await?;
    store.close().await;
    Ok(missing)
}
