//! Running the binary and asking it over HTTP.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    os::unix::{
        fs::PermissionsExt as _,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

/// Whole gateways run one after the other: the machine is small, and their times are measured.
static TURN: Mutex<()> = Mutex::const_new(());

/// The account that owns nothing, where tests run as root.
const NOBODY: u32 = 65_534;

/// Waits for the turn of a test that runs a gateway.
pub(crate) async fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().await
}

/// The same for a test without a runtime.
pub(crate) fn blocking_turn() -> MutexGuard<'static, ()> {
    TURN.blocking_lock()
}

/// The binary under test, without anything of the environment that would configure it.
pub(crate) fn callweave() -> Command {
    command(Path::new(env!("CARGO_BIN_EXE_callweave")))
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(std::env::temp_dir());
    command.env_clear();
    for name in ["PATH", "HOME", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    callweave()
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

/// What a command said on stderr.
pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A data directory that goes with the test.
#[derive(Debug)]
pub(crate) struct Place {
    directory: TempDir,
    program: PathBuf,
    user: Option<u32>,
}

impl Place {
    /// Ours.
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            program: env!("CARGO_BIN_EXE_callweave").into(),
            user: None,
        }
    }

    /// An ordinary user's, who may not even see where the binary was built.
    pub(crate) fn of_ordinary_user() -> Self {
        let mut place = Self::new();
        if !geteuid().is_root() {
            return place;
        }
        let home = place.directory.path().to_owned();
        place.program = home.join("callweave");
        fs::copy(env!("CARGO_BIN_EXE_callweave"), &place.program).unwrap();
        fs::set_permissions(&place.program, fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
        place.user = Some(NOBODY);
        place
    }

    /// The data directory, which the binary makes.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The binary with this data directory.
    pub(crate) fn command(&self) -> Command {
        let mut command = command(&self.program);
        command.env("CALLWEAVE__DATA_DIR", self.data_dir());
        self.as_its_user(&mut command);
        command
    }

    /// A command, run by the owner of the directory.
    pub(crate) fn as_its_user<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some(user) = self.user {
            command
                .uid(user)
                .gid(user)
                .current_dir(self.directory.path())
                .env("HOME", self.directory.path());
        }
        command
    }

    /// A fresh API key of the tenant `acme`.
    pub(crate) fn key(&self, scope: &str) -> String {
        let mut command = self.command();
        command.args(["keys", "create", "--tenant", "acme", "--name", "crm"]);
        let output = command.args(["--scope", scope, "--json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
        let made: Value = serde_json::from_slice(&output.stdout).unwrap();
        made["key"].as_str().unwrap().to_owned()
    }

    /// Processes that have to do with this directory.
    pub(crate) fn processes(&self) -> Vec<String> {
        let needle = self.directory.path().to_str().unwrap();
        let ours = std::process::id().to_string();
        fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name() != OsStr::new(&ours))
            .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
            .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
            .filter(|line| line.contains(needle))
            .collect()
    }

    /// Fails unless all of them end soon.
    pub(crate) fn assert_abandoned(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.processes().is_empty() {
            assert!(
                Instant::now() < deadline,
                "left behind: {:?}",
                self.processes()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A process of the binary that goes on until it is told to stop.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    errors: thread::JoinHandle<String>,
    stopped: bool,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // The test may have stopped listening.
                let _ = sender.send(line);
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        Self {
            child,
            lines,
            errors,
            stopped: false,
        }
    }

    /// The next line of data.
    pub(crate) fn line(&mut self, patience: Duration) -> String {
        if let Ok(line) = self.lines.recv_timeout(patience) {
            return line;
        }
        self.signal(Signal::KILL);
        panic!("nothing was printed within {patience:?}");
    }

    /// The line that a `--json` start prints.
    pub(crate) fn report(&mut self) -> Value {
        serde_json::from_str(&self.line(Duration::from_secs(60))).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        // It may be gone already.
        let _ = kill_process(pid, signal);
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for it to be ended by somebody else; gives the signal that did it.
    pub(crate) async fn end(self) -> Option<i32> {
        self.status().await.signal()
    }

    /// Waits for it to be ended by somebody else.
    pub(crate) async fn status(mut self) -> ExitStatus {
        self.stopped = true;
        let child = &mut self.child;
        eventually("its end", Duration::from_secs(60), async || {
            match child.try_wait().unwrap() {
                Some(status) => Ok(status),
                None => Err("it runs".to_owned()),
            }
        })
        .await
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.stopped = true;
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
    }

    /// Ends it as a service manager would; gives the exit code and what it said.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        self.stopped = true;
        self.signal(Signal::TERM);
        self.wait(Duration::from_secs(40))
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self, patience: Duration) -> (Option<i32>, String) {
        self.stopped = true;
        let deadline = Instant::now() + patience;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                self.signal(Signal::KILL);
                panic!("still running after {patience:?}");
            }
            thread::sleep(Duration::from_millis(20));
        };
        let errors = std::mem::replace(&mut self.errors, thread::spawn(String::new));
        (status.code(), errors.join().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.stopped {
            self.signal(Signal::KILL);
            // A failing test leaves nothing behind either.
            let _ = self.child.wait();
        }
    }
}

/// Waits until something holds.
pub(crate) async fn eventually<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        match look().await {
            Ok(value) => return value,
            Err(state) => assert!(
                Instant::now() < deadline,
                "{what} not within {patience:?}: {state}"
            ),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A client that takes no detours.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

/// An address on this machine that nobody listens on.
pub(crate) fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
