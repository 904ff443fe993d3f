//! `callweave check`: would it start, and if not, why.

use callweave_model::ids::RandomIds;
use callweave_store::{Store, schema::Standing};

use crate::{
    config::{self, Config, Sources},
    database::{self, Database},
    gateway::{Gateway, Migrate},
    key_ring, output, telemetry,
};

/// The findings, printed as they come.
#[derive(Debug, Default)]
struct Findings {
    wrong: usize,
}

fn good(what: &str, detail: impl std::fmt::Display) -> anyhow::Result<()> {
    output::data(format!("good   {what}: {detail}"))?;
    Ok(())
}

impl Findings {
    fn wrong(&mut self, what: &str, error: &anyhow::Error) -> anyhow::Result<()> {
        self.wrong += 1;
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        output::data(format!("WRONG  {what}: {}", causes.join(": ")))?;
        Ok(())
    }

    /// Notes an outcome; gives its value when it is good.
    fn note<T>(
        &mut self,
        what: &str,
        outcome: anyhow::Result<T>,
        detail: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<Option<T>> {
        match outcome {
            Ok(value) => {
                good(what, detail(&value))?;
                Ok(Some(value))
            }
            Err(error) => {
                self.wrong(what, &error)?;
                Ok(None)
            }
        }
    }
}

pub(super) async fn run(sources: &Sources) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    let loaded = config::load(sources).map_err(anyhow::Error::from);
    let detail = |config: &Config| format!("listens on {}", config.server.listen);
    if let Some(config) = findings.note("configuration", loaded, detail)? {
        let telemetry = telemetry::start(&config)?;
        examine(&config, &mut findings).await?;
        telemetry.flush().await;
    }
    anyhow::ensure!(findings.wrong == 0, "{} found wrong", findings.wrong);
    Ok(())
}

async fn examine(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let own = config.database.url.is_none();
    if own {
        database::prepare_data_dir(&config.data_dir)?;
    }
    let ring = key_ring::open(config, own, &RandomIds);
    let ring = findings.note("encryption keys", ring, |ring| {
        format!(
            "{} is active, from {}",
            ring.vault.active_key(),
            ring.origin
        )
    })?;
    let opened = database::open(config, |step| tracing::info!("{step}")).await;
    let Some(database) =
        findings.note("database", opened, |database| database.place().to_string())?
    else {
        return Ok(());
    };
    let examined = examine_database(config, &database, findings, ring.is_some()).await;
    database.close().await?;
    examined
}

async fn examine_database(
    config: &Config,
    database: &Database,
    findings: &mut Findings,
    keys_are_good: bool,
) -> anyhow::Result<()> {
    let store = database.store(2, config.database.acquire_timeout)?;
    let reached = database::wait(&store, config.database.acquire_timeout).await;
    let reached = reached.map_err(anyhow::Error::from);
    let current = match findings.note("connection", reached, |()| "the database answers".into())? {
        Some(()) => examine_schema(&store, findings).await?,
        None => false,
    };
    if current && config.database.read_url.is_some() {
        let looked = look_at_standby(config, database).await;
        findings.note("standby", looked, |()| "follows the database".into())?;
    }
    store.close().await;
    if current && keys_are_good {
        let opened = Gateway::open(
            config,
            database,
            callweave_registry::vendors(),
            Migrate::Demand,
        )
        .await;
        let gateway = findings.note("secrets", opened, |_| {
            "the keys open all stored credentials".into()
        })?;
        if let Some(gateway) = gateway {
            gateway.close().await;
        }
    }
    Ok(())
}

/// Whether reads could go to the standby.
async fn look_at_standby(config: &Config, database: &Database) -> anyhow::Result<()> {
    let store = database.store_of_requests(&config.database)?;
    if let Some(standby) = store.standby() {
        standby.look(&store).await?;
        if let Some(aside) = standby.aside() {
            anyhow::bail!(aside.reason());
        }
    }
    store.close().await;
    Ok(())
}

/// Whether the schema is there and keeps tenants apart.
async fn examine_schema(store: &Store, findings: &mut Findings) -> anyhow::Result<bool> {
    let standing = store.standing().await.map_err(anyhow::Error::from);
    let tell = |standing: &Standing| match (standing.missing.len(), standing.newer.len()) {
        (0, 0) => "up to date".to_owned(),
        (0, newer) => format!("{newer} migrations ahead of this release, which works with them"),
        // Not wrong: `serve` applies them.
        (_, _) => "migrations are missing; `serve` or `migrate` applies them".to_owned(),
    };
    let standing = findings.note("schema", standing, tell)?;
    if standing.is_none_or(|standing| !standing.missing.is_empty()) {
        return Ok(false);
    }
    let isolation = store.verify_isolation().await.map_err(anyhow::Error::from);
    let kept = findings.note("isolation", isolation, |()| {
        "row-level security keeps tenants apart".into()
    })?;
    Ok(kept.is_some())
}
