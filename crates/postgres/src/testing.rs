//! A fresh database for each test.
//!
//! The first test of a process starts a throw-away server, which ends and deletes itself when the
//! process ends, however it ends. Every test then gets a database of its own, copied from a
//! template that is set up once: some 20 ms instead of a run of all migrations.
//!
//! Two environment variables change this. `CALLWEAVE_TEST_DATABASE_URL` uses an existing server
//! (its user must be allowed to create databases; what killed tests leave there is deleted by the
//! next ones from the same machine); `CALLWEAVE_TEST_POSTGRES_BINARIES` names the
//! directory of the server programs, to test with another version.
//!
//! ```no_run
//! # async fn migrate(_: String) {}
//! # async fn test() {
//! use callweave_postgres::testing::TestDatabase;
//!
//! let database = TestDatabase::from_template("migrated", migrate).await;
//! let pool = database.pool().await;
//! # }
//! ```
#![expect(
    clippy::expect_used,
    reason = "a test that cannot get its database is to fail"
)]

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::sync::OnceCell;

use crate::{Durability, Error, Options, Postgres, socket::digest};

/// More test processes than this at once do not fit on one machine anyway.
const SLOTS: u32 = 256;
/// Below this much shared memory the server lies on disk.
const MEMORY_NEEDED: u64 = 4 << 30;
/// What the names of all test databases begin with.
const PREFIX: &str = "callweave_test_";
/// How long a copy of a template is tried for while a closing session still sits in it.
const COPY_ATTEMPTS: u32 = 200;
const COPY_PAUSE: Duration = Duration::from_millis(25);

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);
static TEMPLATES: LazyLock<Mutex<HashMap<String, Arc<OnceCell<()>>>>> =
    LazyLock::new(Mutex::default);
static COUNTER: AtomicU32 = AtomicU32::new(0);
/// What names made on this machine begin with: processes of others are not to be judged from here.
static MACHINE_PREFIX: LazyLock<String> = LazyLock::new(|| {
    // A container shares the kernel's boot id but counts its processes by itself.
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let processes = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{PREFIX}{}_", digest(&processes.join(boot.trim())))
});
/// Databases of processes that run at once on one server have different names.
static PREFIX_OF_RUN: LazyLock<String> =
    LazyLock::new(|| format!("{}{}_", *MACHINE_PREFIX, std::process::id()));

/// The server of this process.
struct Server {
    url: String,
    external: bool,
    /// Never dropped, being static: the guard stops it at the end of the process.
    _private: Option<Postgres>,
}

impl Server {
    fn start() -> Self {
        if let Some(url) = environment("CALLWEAVE_TEST_DATABASE_URL") {
            let server = Self {
                url,
                external: true,
                _private: None,
            };
            block_on(server.sweep());
            return server;
        }
        let private = start_private().expect("start a PostgreSQL for tests");
        Self {
            url: private.url().to_owned(),
            external: false,
            _private: Some(private),
        }
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url)
            .await
            .expect("connect to the server for tests")
    }

    /// Deletes what processes of this machine left behind when they were killed.
    async fn sweep(&self) {
        let mut connection = self.connect().await;
        let names: Vec<String> = sqlx::query_scalar("SELECT datname::text FROM pg_database")
            .fetch_all(&mut connection)
            .await
            .expect("list the databases");
        for name in names {
            let process = name
                .strip_prefix(MACHINE_PREFIX.as_str())
                .and_then(|rest| rest.split('_').next()?.parse::<u32>().ok());
            // A database with our own number is one from before.
            if let Some(pid) = process
                && (pid == std::process::id() || !Path::new(&format!("/proc/{pid}")).exists())
            {
                // Another process may be sweeping as well.
                execute(
                    &mut connection,
                    format!("DROP DATABASE IF EXISTS \"{name}\""),
                )
                .await;
            }
        }
    }
}

/// A database that is deleted when this value goes.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// An empty database.
    ///
    /// # Panics
    /// When there is no server to be had.
    pub async fn create() -> Self {
        Self::copy("template0").await
    }

    /// A copy of the database that `set_up` fills, which is run once per process and `name`. It is
    /// given the URL, and must have closed its connections when it returns.
    ///
    /// # Panics
    /// When there is no server to be had.
    pub async fn from_template<Setup, Done>(name: &str, set_up: Setup) -> Self
    where
        Setup: FnOnce(String) -> Done,
        Done: Future<Output = ()>,
    {
        let template = format!("{}template_{name}", PREFIX_OF_RUN.as_str());
        let once = {
            // A test that panicked elsewhere does not spoil the map.
            let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(templates.entry(template.clone()).or_default())
        };
        // Should the first set-up fail, the next test tries again, and so shows the same error.
        once.get_or_init(async || {
            let server = server().await;
            let mut connection = server.connect().await;
            execute(
                &mut connection,
                format!("DROP DATABASE IF EXISTS \"{template}\""),
            )
            .await;
            execute(
                &mut connection,
                format!("CREATE DATABASE \"{template}\" TEMPLATE template0"),
            )
            .await;
            set_up(url_of(server, &template)).await;
        })
        .await;
        Self::copy(&template).await
    }

    async fn copy(template: &str) -> Self {
        let server = server().await;
        let name = format!(
            "{}{}",
            PREFIX_OF_RUN.as_str(),
            COUNTER.fetch_add(1, Ordering::Relaxed)
        );
        let mut connection = server.connect().await;
        // Copying files beats writing a log where nothing waits for the disk.
        let strategy = if server.external {
            ""
        } else {
            " STRATEGY FILE_COPY"
        };
        let statement = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"{strategy}");
        for attempt in 1.. {
            match sqlx::raw_sql(AssertSqlSafe(statement.as_str()))
                .execute(&mut connection)
                .await
            {
                Ok(_) => break,
                // 55006: another session is in the template. A session that was just closed takes
                // a moment to end.
                Err(sqlx::Error::Database(error))
                    if error.code().as_deref() == Some("55006") && attempt < COPY_ATTEMPTS =>
                {
                    tokio::time::sleep(COPY_PAUSE).await;
                }
                Err(error) => panic!("{statement}: {error}"),
            }
        }
        Self {
            url: url_of(server, &name),
            name,
        }
    }

    /// A copy of it as it is now, as a backup would hold it. Nobody may be connected to it.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub async fn backup(&self) -> Self {
        Self::copy(&self.name).await
    }

    /// The URL, for libpq and sqlx.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A small pool of connections to it.
    ///
    /// # Panics
    /// When it cannot be reached.
    pub async fn pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(5)
            .connect(&self.url)
            .await
            .expect("connect to the test database")
    }

    /// Every row of every table of the schema `public`, as text: for tests that look for what must
    /// not be there.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn everything(&self) -> String {
        let mut connection = PgConnection::connect(&self.url)
            .await
            .expect("connect to the test database");
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT oid::regclass::text FROM pg_class \
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition",
        )
        .fetch_all(&mut connection)
        .await
        .expect("list the tables");
        let mut all = String::new();
        for table in tables {
            let rows: String = sqlx::query_scalar(AssertSqlSafe(format!(
                "SELECT COALESCE(string_agg(row::text, E'\\n'), '') FROM {table} AS row"
            )))
            .fetch_one(&mut connection)
            .await
            .expect("read a table");
            all.push_str(&rows);
            all.push('\n');
        }
        all
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        let deletion = thread::spawn(move || {
            block_on(async {
                let mut connection = SERVER.connect().await;
                let statement = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
                execute(&mut connection, statement).await;
            });
        });
        if SERVER.external {
            // A private server goes with the process; what is left on another one stays there.
            // A failure has printed itself already.
            let _ = deletion.join();
        }
    }
}

/// Starting blocks, and must not hold up the tests that run on the same thread.
async fn server() -> &'static Server {
    tokio::task::spawn_blocking(|| &*SERVER)
        .await
        .expect("start the server for tests")
}

async fn execute(connection: &mut PgConnection, statement: String) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(statement.as_str()))
        .execute(connection)
        .await
    {
        panic!("{statement}: {error}");
    }
}

/// Starts the private server in the first directory that no other test process uses.
fn start_private() -> Result<Postgres, Error> {
    let uid = rustix::process::geteuid().as_raw();
    let base = scratch_directory().join(format!("callweave-test-postgres-{uid}"));
    match fs::DirBuilder::new().mode(0o711).create(&base) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(Error::io("create", base)(error));
        }
        _ => {}
    }
    let owner = fs::symlink_metadata(&base).map_err(Error::io("inspect", &base))?;
    if !owner.is_dir() || owner.uid() != uid {
        // Everyone may make directories there.
        return Err(Error::NotOurs { directory: base });
    }
    let mut slot = 0;
    loop {
        let mut options = Options::new(base.join(format!("slot-{slot}")));
        options.durability = Durability::Disposable;
        options.binaries = environment("CALLWEAVE_TEST_POSTGRES_BINARIES").map(Into::into);
        match Postgres::start(&options, &|_| {}) {
            Err(Error::Owned { .. }) if slot < SLOTS => slot += 1,
            result => return result,
        }
    }
}

/// Where throw-away clusters go: into memory where there is plenty, else among the temporary files.
/// A database is some 300 files, which disks take their time for.
pub fn scratch_directory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let roomy = rustix::fs::statvfs(&memory)
        .is_ok_and(|space| space.f_bavail.saturating_mul(space.f_frsize) >= MEMORY_NEEDED);
    if roomy { memory } else { std::env::temp_dir() }
}

/// The URL of another database on the server.
fn url_of(server: &Server, database: &str) -> String {
    let (address, query) = match server.url.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (server.url.as_str(), String::new()),
    };
    // The third slash, if any, begins the database's name.
    let host_end = address
        .find("://")
        .and_then(|scheme| Some(scheme + 3 + address.get(scheme + 3..)?.find('/')?));
    let address = host_end
        .and_then(|end| address.get(..end))
        .unwrap_or(address);
    format!("{address}/{database}{query}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration to be told by"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs a future where there is no run time.
fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("make a run time")
        .block_on(future);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_changes_in_a_url() {
        for (url, expected) in [
            (
                "postgres://u:p@h:5433/old?sslmode=disable",
                "postgres://u:p@h:5433/x?sslmode=disable",
            ),
            ("postgres://h/old", "postgres://h/x"),
            ("postgres://h", "postgres://h/x"),
            ("postgres://h?host=/a/b", "postgres://h/x?host=/a/b"),
        ] {
            let server = Server {
                url: url.to_owned(),
                external: true,
                _private: None,
            };
            assert_eq!(url_of(&server, "x"), expected);
        }
    }
}
