//! The databases that gateways under test stand on.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    time::Duration,
};

use callweave_postgres::{
    Options, Postgres,
    testing::{TestDatabase, scratch_directory},
};
use callweave_store::Store;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tempfile::TempDir;

/// A migrated database.
pub(crate) enum Base {
    /// On the server that all tests of this process share.
    Shared(TestDatabase),
    /// On a server of its own, which may crash.
    Own(Box<OwnServer>),
}

/// A server that keeps what it was given through crashes.
pub(crate) struct OwnServer {
    url: String,
    options: Options,
    running: Mutex<Option<Postgres>>,
    place: TempDir,
}

impl Base {
    pub(crate) async fn shared() -> Self {
        Self::Shared(TestDatabase::from_template("server", migrate).await)
    }

    pub(crate) async fn own() -> Self {
        let base = Self::empty().await;
        migrate(base.url().to_owned()).await;
        base
    }

    /// A server of its own whose database holds nothing.
    pub(crate) async fn empty() -> Self {
        Self::server(&[], |_place| {}).await
    }

    /// A server of its own, with these settings, over what is prepared in its directory.
    async fn server(settings: &[(&str, &str)], prepare: impl FnOnce(&Path)) -> Self {
        let place = tempfile::tempdir_in(scratch_directory()).unwrap();
        // The account that runs the server must pass.
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let mut options = Options::new(place.path().join("postgres"));
        options.settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        prepare(&options.data_dir);
        let running = start(options.clone()).await;
        let url = running.url().to_owned();
        Self::Own(Box::new(OwnServer {
            url,
            options,
            running: Mutex::new(Some(running)),
            place,
        }))
    }

    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Shared(database) => database.url(),
            Self::Own(server) => &server.url,
        }
    }

    /// Where the programs of its server are.
    pub(crate) fn programs(&self) -> PathBuf {
        let Self::Own(server) = self else {
            panic!("the shared server may be anywhere")
        };
        let running = server.running.lock().unwrap();
        running.as_ref().unwrap().facts().binaries.clone()
    }

    /// A directory beside its own, which the account that runs it can reach.
    pub(crate) fn place(&self) -> &Path {
        let Self::Own(server) = self else {
            panic!("the shared server may be anywhere")
        };
        server.place.path()
    }

    /// The account that runs its server, if not ours.
    pub(crate) fn account(&self) -> Option<u32> {
        let Self::Own(server) = self else {
            panic!("the shared server may be anybody's")
        };
        let running = server.running.lock().unwrap();
        running.as_ref().unwrap().facts().uid
    }

    /// A streaming replica of its server; what it is asked is in its log.
    pub(crate) async fn standby(&self) -> Self {
        let settings = [
            ("log_statement", "all"),
            // What is read there makes way for what it replays at once.
            ("max_standby_streaming_delay", "0"),
        ];
        Self::server(&settings, |directory| copy_cluster(self, directory)).await
    }

    /// The log of its server.
    pub(crate) fn log(&self) -> String {
        let Self::Own(server) = self else {
            panic!("the shared server has many users")
        };
        let running = server.running.lock().unwrap();
        fs::read_to_string(&running.as_ref().unwrap().facts().log).unwrap()
    }

    /// A small pool of connections to it.
    pub(crate) async fn pool(&self) -> PgPool {
        let options = PgPoolOptions::new().max_connections(5);
        options.connect(self.url()).await.unwrap()
    }

    /// Ends the server as `pg_ctl stop -m immediate` does.
    pub(crate) async fn crash(&self) {
        let Self::Own(server) = self else {
            panic!("the shared server is not to crash")
        };
        let running = server.running.lock().unwrap().take().unwrap();
        tokio::task::spawn_blocking(move || {
            let pid = i32::try_from(running.facts().pid).unwrap();
            kill_process(Pid::from_raw(pid).unwrap(), Signal::QUIT).unwrap();
            drop(running);
        })
        .await
        .unwrap();
    }

    /// Starts it again; returns when it accepts connections.
    pub(crate) async fn restart(&self) {
        let Self::Own(server) = self else {
            panic!("the shared server runs")
        };
        let running = start(server.options.clone()).await;
        assert_eq!(running.url(), server.url);
        *server.running.lock().unwrap() = Some(running);
    }
}

/// What only the shared server offers, such as copies.
impl std::ops::Deref for Base {
    type Target = TestDatabase;

    fn deref(&self) -> &TestDatabase {
        match self {
            Self::Shared(database) => database,
            Self::Own(_) => panic!("this server is not shared"),
        }
    }
}

/// Copies the cluster of a running server to where another server looks for its own, to follow the first one.
fn copy_cluster(of: &Base, directory: &Path) {
    let server = directory.join("server");
    fs::create_dir_all(&server).unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o711)).unwrap();
    fs::set_permissions(&server, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(directory.join("CALLWEAVE_POSTGRES"), "").unwrap();
    let mut command = Command::new(of.programs().join("pg_basebackup"));
    command
        .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
        .args(["--dbname", of.url(), "--pgdata"])
        .arg(server.join("data"))
        .current_dir("/");
    if let Some(account) = of.account() {
        std::os::unix::fs::chown(&server, Some(account), None).unwrap();
        command.uid(account);
    }
    let copied = command.output().unwrap();
    assert!(copied.status.success(), "{copied:?}");
}

async fn start(options: Options) -> Postgres {
    tokio::task::spawn_blocking(move || Postgres::start(&options, &|_| {}).unwrap())
        .await
        .unwrap()
}

pub(crate) async fn migrate(url: String) {
    let store = Store::connect(&callweave_store::Options {
        url: url.into(),
        max_connections: 2,
        acquire_timeout: Duration::from_secs(60),
    })
    .unwrap();
    store.migrate().await.unwrap();
    store.close().await;
}
