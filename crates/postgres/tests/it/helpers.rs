//! A server in another process, and a look at the process table.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use callweave_postgres::{Error, Options, Postgres, testing::scratch_directory};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// `nobody`, on every system these tests run on.
pub(crate) const NOBODY: u32 = 65534;

/// A directory that the server's account can pass through.
pub(crate) fn scratch() -> TempDir {
    let directory = tempfile::Builder::new()
        .prefix("cw-pg-")
        .tempdir_in(scratch_directory())
        .unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

pub(crate) fn start(directory: &Path) -> Result<Postgres, Error> {
    Postgres::start(&Options::new(directory), &|_| {})
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Puts a number where a later server of the same cluster must find it.
pub(crate) async fn store(url: &str, number: i32) {
    let mut connection = connect(url).await;
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS kept (number integer)")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("INSERT INTO kept VALUES ($1)")
        .bind(number)
        .execute(&mut connection)
        .await
        .unwrap();
}

pub(crate) async fn stored(url: &str) -> Vec<i32> {
    let mut connection = connect(url).await;
    sqlx::query_scalar("SELECT number FROM kept ORDER BY number")
        .fetch_all(&mut connection)
        .await
        .unwrap()
}

/// Another process that owns a server.
pub(crate) struct Owner {
    pub(crate) child: Child,
    pub(crate) url: String,
}

impl Owner {
    pub(crate) fn start(directory: &Path) -> Self {
        Self::spawn(Command::new(program()).arg(directory))
    }

    /// Kills it that long after its birth, whatever it is doing then.
    pub(crate) fn start_and_kill(directory: &Path, age: Duration) {
        let mut child = Command::new(program())
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        thread::sleep(age);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// As another user, with server programs that it may run; only root may do that.
    pub(crate) fn start_as(uid: u32, directory: &Path, binaries: &Path) -> Self {
        // The build directory may be closed to that user.
        let copies = scratch();
        let copy = copies.path().join("program");
        fs::copy(program(), &copy).unwrap();
        Self::spawn(
            Command::new(&copy)
                .arg(directory)
                .arg(binaries)
                .current_dir("/")
                .uid(uid)
                .gid(uid),
        )
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        if url.is_empty() {
            let mut complaint = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut complaint)
                .unwrap();
            panic!("no server: {complaint}");
        }
        Self {
            child,
            url: url.trim().to_owned(),
        }
    }

    /// Ends it as the kernel does when memory is short.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it stop its server.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_callweave-postgres"))
}

/// Processes that have the directory in their command line: guards and servers.
pub(crate) fn processes(directory: &Path) -> Vec<(u32, String)> {
    let wanted = directory.to_str().unwrap();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            // A server's children show a title instead, but stand in the cluster.
            let place = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            (pid != std::process::id() && (line.contains(wanted) || place.starts_with(directory)))
                .then_some((pid, line))
        })
        .collect()
}

/// Fails unless the last of these processes goes in time.
pub(crate) fn assert_no_process_remains(directory: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let remaining = processes(directory);
        if remaining.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still there: {remaining:?}");
        thread::sleep(Duration::from_millis(10));
    }
}
