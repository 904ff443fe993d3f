//! The database: the one that is configured, or our own under the data directory.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use callweave_postgres::{Error, Options, Postgres, Progress, attach};
use callweave_store::{Store, StoreError, standby::Standby};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::config::{self, Config, ConfigError};

/// The directory of our own cluster below the data directory.
const DIRECTORY: &str = "postgres";
/// How often a cluster whose owner comes and goes is tried.
const ATTEMPTS: u32 = 20;
/// The longest pause between two attempts to reach the database.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A database that can be connected to, for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Database {
    url: SecretString,
    /// That of a standby.
    read_url: Option<SecretString>,
    place: Place,
    /// Ours to stop.
    server: Option<Postgres>,
    /// No pooler stands between.
    keep_statements: bool,
}

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the URL that is configured.
    External,
    /// Our own, run by this process.
    Own {
        /// Where it lies.
        directory: PathBuf,
        /// Its version.
        version: String,
    },
    /// Our own, run by another process.
    Shared {
        /// Where it lies.
        directory: PathBuf,
    },
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::External => formatter.write_str("the configured database"),
            Self::Own { directory, version } => {
                write!(
                    formatter,
                    "PostgreSQL {version} of its own in {}",
                    directory.display()
                )
            }
            Self::Shared { directory } => write!(
                formatter,
                "the PostgreSQL that another callweave runs in {}",
                directory.display()
            ),
        }
    }
}

/// Told of steps that take long.
pub(crate) type Tell = fn(&str);

/// Opens the configured database, or our own: the running one if another process runs it.
pub(crate) async fn open(config: &Config, tell: Tell) -> anyhow::Result<Database> {
    if let Some(url) = &config.database.url {
        let password = config.database.password_file.as_deref();
        let read_url = config.database.read_url.as_ref();
        return Ok(Database {
            url: with_password("database.url", url, password)?,
            read_url: read_url
                .map(|url| with_password("database.read_url", url, password))
                .transpose()?,
            place: Place::External,
            server: None,
            keep_statements: config.database.keep_statements,
        });
    }
    prepare_data_dir(&config.data_dir)?;
    let mut options = Options::new(config.data_dir.join(DIRECTORY));
    options.binaries.clone_from(&config.database.binaries);
    options.install = config.database.install;
    tokio::task::spawn_blocking(move || attach_or_start(&options, tell))
        .await
        .context("start PostgreSQL")?
}

/// The URL with the password of a file.
fn with_password(
    setting: &str,
    url: &SecretString,
    file: Option<&Path>,
) -> anyhow::Result<SecretString> {
    let Some(file) = file else {
        return Ok(url.clone());
    };
    let wrong = |text: String| ConfigError::Contradiction(text);
    let password = fs::read_to_string(file).map_err(|error| {
        let file = file.display();
        wrong(format!("database.password_file: {file}: {error}"))
    })?;
    let mut url = Url::parse(url.expose_secret())
        .map_err(|_error| wrong(format!("{setting}: cannot be read as a URL")))?;
    // In the query rather than before the host, since a URL of a socket has no host.
    url.query_pairs_mut()
        .append_pair("password", password.trim_end_matches(['\n', '\r']));
    Ok(SecretString::from(url.to_string()))
}

/// Makes the data directory. As root its own PostgreSQL runs as another user, who must pass.
pub(crate) fn prepare_data_dir(path: &Path) -> anyhow::Result<()> {
    let mode = if rustix::process::geteuid().is_root() {
        0o711
    } else {
        0o700
    };
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
    }
    match fs::DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("create the data directory {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn attach_or_start(options: &Options, tell: Tell) -> anyhow::Result<Database> {
    for _ in 0..ATTEMPTS {
        if let Some(running) = attach(&options.data_dir)? {
            let directory = running.directory().to_owned();
            info!(database.directory = %directory.display(), "Uses the PostgreSQL that another callweave runs");
            return Ok(Database {
                url: running.url().to_owned().into(),
                read_url: None,
                place: Place::Shared { directory },
                server: None,
                keep_statements: true,
            });
        }
        match Postgres::start(options, &|progress| report(&progress, tell)) {
            Ok(server) => return Ok(own(server)),
            // Somebody else is starting it right now.
            Err(Error::Owned { .. }) => std::thread::sleep(Duration::from_millis(250)),
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::bail!(
        "another process holds {} and runs no PostgreSQL on it",
        options.data_dir.display()
    )
}

fn own(server: Postgres) -> Database {
    let facts = server.facts();
    if let Some(from) = &facts.relocated_from {
        warn!(
            database.directory = %facts.directory.display(),
            requested = %from.display(),
            "The account that runs PostgreSQL cannot reach the data directory; the database lies elsewhere"
        );
    }
    info!(
        database.version = %facts.version,
        database.directory = %facts.directory.display(),
        database.pid = facts.pid,
        "Runs a PostgreSQL of its own"
    );
    Database {
        url: server.url().to_owned().into(),
        read_url: None,
        place: Place::Own {
            directory: facts.directory.clone(),
            version: facts.version.clone(),
        },
        server: Some(server),
        keep_statements: true,
    }
}

fn report(progress: &Progress, tell: Tell) {
    match progress {
        Progress::WaitingForPreviousServer => {
            tell("waiting for the PostgreSQL of an earlier run to end");
        }
        Progress::Installing { package } => tell(&format!("installing the package {package}")),
        Progress::Downloading { into } => {
            tell(&format!("downloading PostgreSQL into {}", into.display()));
        }
        Progress::Creating { directory } => {
            tell(&format!("making a database in {}", directory.display()));
        }
        Progress::Starting => tell("starting PostgreSQL"),
        other => debug!(progress = ?other, "PostgreSQL goes on"),
    }
}

impl Database {
    /// Where it is.
    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    /// Whether it is our own, whoever runs it.
    pub(crate) fn is_own(&self) -> bool {
        self.place != Place::External
    }

    /// A pool of connections; does not wait for the database.
    pub(crate) fn store(&self, connections: u32, wait: Duration) -> anyhow::Result<Store> {
        self.pool(&self.url, connections, wait)
            .context("database.url")
    }

    /// The pool for requests: with the standby that they may read at, where one is configured.
    pub(crate) fn store_of_requests(&self, settings: &config::Database) -> anyhow::Result<Store> {
        let (connections, wait) = (settings.max_connections, settings.acquire_timeout);
        let store = self
            .store(connections, wait)?
            .with_patience(settings.statement_timeout);
        let Some(url) = &self.read_url else {
            return Ok(store);
        };
        let standby = self
            .pool(url, connections, wait)
            .context("database.read_url")?
            .with_patience(settings.statement_timeout);
        Ok(store.with_standby(Standby::new(standby, settings.read_wait)))
    }

    fn pool(&self, url: &SecretString, connections: u32, wait: Duration) -> anyhow::Result<Store> {
        let store = Store::connect(&callweave_store::Options {
            url: url.clone(),
            max_connections: connections,
            acquire_timeout: wait,
        })?;
        Ok(store.keeping_statements(self.keep_statements))
    }

    /// Stops it, if it is ours to stop.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        if let Some(server) = self.server.take() {
            tokio::task::spawn_blocking(move || server.stop())
                .await
                .context("stop PostgreSQL")??;
        }
        Ok(())
    }
}

/// Waits for a database that cannot be reached yet, such as one that starts at the same time.
pub(crate) async fn wait(store: &Store, patience: Duration) -> Result<(), StoreError> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(100);
    let mut told = false;
    loop {
        match store.ping().await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_transient() && Instant::now() < deadline => {
                if !told {
                    told = true;
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "The database cannot be reached yet; trying again"
                    );
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_from_a_file_may_hold_anything() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("password");
        fs::write(&file, "a&b =/@ä%\n").unwrap();
        for (url, expected) in [
            (
                "postgres://user@db.internal:5433/callweave?sslmode=require",
                "postgres://user@db.internal:5433/callweave?sslmode=require&password=a%26b+%3D%2F%40%C3%A4%25",
            ),
            (
                "postgres:///callweave?host=/run/postgresql",
                "postgres:///callweave?host=/run/postgresql&password=a%26b+%3D%2F%40%C3%A4%25",
            ),
        ] {
            let url = SecretString::from(url);
            let made = with_password("database.url", &url, Some(&file)).unwrap();
            assert_eq!(made.expose_secret(), expected);
        }
        let missing = with_password(
            "database.url",
            &SecretString::from("postgres://h/x"),
            Some(&directory.path().join("none")),
        );
        assert!(missing.unwrap_err().is::<ConfigError>());
    }
}
