//! Start, readiness, stop.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    Durability, Error, NAME, Options, Progress,
    account::RunAs,
    binaries::{self, Binaries},
    cluster,
    guard::Guard,
    home::{Home, wait_for},
    pid_file::{self, PidFile},
    socket,
};

/// How long a server whose owner is gone may take for its last checkpoint.
const PREVIOUS_TIME: Duration = Duration::from_mins(2);
/// The same for an orderly stop, and for an immediate one after it.
const STOP_TIME: Duration = Duration::from_mins(1);
const ABORT_TIME: Duration = Duration::from_secs(10);
/// A log above this size is put aside at the next start.
const LARGE_LOG: u64 = 16 << 20;
/// How much of the log an error shows.
const TAIL: u64 = 2000;

/// Small enough for a laptop, large enough for a busy gateway.
const SETTINGS: &[(&str, &str)] = &[
    ("shared_buffers", "128MB"),
    ("max_connections", "100"),
    // Compiling a plan costs more than it saves on short queries.
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_checkpoints", "off"),
    // Statements and key values carry personal data; they stay out of the log.
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
];

/// What makes a server quick that nobody will miss.
const DISPOSABLE_SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("checkpoint_timeout", "1h"),
    ("max_wal_size", "512MB"),
    ("max_connections", "300"),
    // Its workers would sit in the databases that tests copy from.
    ("autovacuum", "off"),
];

/// A running server that ends with this value.
#[derive(Debug)]
pub struct Postgres {
    facts: Facts,
    url: String,
    home: Home,
    guard: Guard,
    stopped: bool,
    /// Held until the server is gone.
    _owner: File,
}

/// What a start found out, for logs and for people.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Facts {
    /// Where everything lies.
    pub directory: PathBuf,
    /// The requested directory, if the server's account could not reach it and everything went to
    /// `directory` instead.
    pub relocated_from: Option<PathBuf>,
    /// Whether this start made the cluster.
    pub created: bool,
    /// Where the server programs are.
    pub binaries: PathBuf,
    /// Their version, such as `15.18`.
    pub version: String,
    /// Where the socket is.
    pub socket_directory: PathBuf,
    /// The server's log.
    pub log: PathBuf,
    /// The server's process id.
    pub pid: u32,
    /// The user id that runs it, if not our own.
    pub uid: Option<u32>,
}

impl Postgres {
    /// Starts the server, making the cluster first where there is none.
    ///
    /// Returns when it accepts connections. `progress` is told of steps that may take long.
    ///
    /// # Errors
    /// [`Error::Owned`] when another process runs it (see [`attach`](crate::attach)); the other
    /// variants say what is wrong with the machine or the directory.
    pub fn start(options: &Options, progress: &dyn Fn(Progress)) -> Result<Self, Error> {
        let home = Home::prepare(&options.data_dir, options.durability)?;
        let owner = home.lock_owner(options.wait_for_owner)?;
        let lock = home.lock_server(PREVIOUS_TIME, || {
            progress(Progress::WaitingForPreviousServer);
        })?;
        if options.durability == Durability::Disposable {
            cluster::delete(&home)?;
        }
        let version = cluster::version(&home.cluster());
        let run_as = RunAs::choose(&home.server())?;
        let binaries = binaries::locate(options, version, run_as, progress)?;
        // An installation brings an account of its own along.
        let run_as = RunAs::choose(&home.server())?;
        home.prepare_server(run_as)?;
        let created = version.is_none();
        if created {
            progress(Progress::Creating {
                directory: home.cluster(),
            });
            cluster::create(&home, &binaries, run_as, options.durability, &lock)?;
        }
        pid_file::remove_stale(&home.cluster())?;
        let socket_directory = socket::prepare(&home.server(), run_as)?;

        progress(Progress::Starting);
        let log_start = begin_log(&home.log())?;
        let command = server_command(options, &binaries, &home, &socket_directory);
        let mut guard = Guard::start(
            &command,
            run_as,
            options.durability,
            &home.log(),
            &home.cluster(),
            lock,
        )
        .map_err(Error::io("run", "/bin/sh"))?;
        let pid = wait_until_ready(&mut guard, &home, log_start, options.start_timeout)?;
        progress(Progress::Ready);
        let facts = Facts {
            directory: home.directory.clone(),
            relocated_from: home.relocated_from.clone(),
            created,
            binaries: binaries.directory().to_owned(),
            version: binaries.version,
            log: home.log(),
            pid,
            uid: run_as.account().map(|account| account.uid),
            socket_directory,
        };
        let url = socket::url(&facts.socket_directory, socket::PORT, NAME);
        Ok(Self {
            facts,
            url,
            home,
            guard,
            stopped: false,
            _owner: owner,
        })
    }

    /// The URL of the database `callweave`, as its superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the start found out.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Whether the server lives. It does not end by itself unless something outside ends it.
    pub fn is_running(&mut self) -> bool {
        !self.stopped && matches!(self.guard.ended(), Ok(None))
    }

    /// Stops the server and waits until its last process is gone. Open sessions are cut off.
    pub fn stop(mut self) -> Result<(), Error> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), Error> {
        if self.stopped {
            return Ok(());
        }
        self.stopped = true;
        self.guard.release();
        if !self.wait_until_gone(STOP_TIME)? {
            // It hangs in its checkpoint. Nothing acknowledged is lost: the next start recovers.
            if let Some(pid) = i32::try_from(self.facts.pid).ok().and_then(Pid::from_raw) {
                // Already gone is fine too.
                let _ = kill_process(pid, Signal::QUIT);
            }
            if !self.wait_until_gone(ABORT_TIME)? {
                let directory = self.home.directory.clone();
                return Err(Error::StillRunning {
                    directory,
                    waited: STOP_TIME + ABORT_TIME,
                });
            }
        }
        if self.facts.socket_directory != self.home.server() {
            // Empty by now; if not, the next start cleans up.
            let _ = fs::remove_dir(&self.facts.socket_directory);
        }
        Ok(())
    }

    /// The lock tells the truth even where the guard was killed or a process outlives it.
    fn wait_until_gone(&mut self, limit: Duration) -> Result<bool, Error> {
        let directory = &self.home.directory;
        if let Some(lock) = self.home.open_server_lock()?
            && !wait_for(&lock, limit).map_err(Error::io("lock", directory))?
        {
            return Ok(false);
        }
        self.guard
            .wait(limit)
            .map_err(Error::io("wait for the server on", directory))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nobody is left to tell; the guard goes on trying.
        let _ = self.shut_down();
    }
}

fn server_command(
    options: &Options,
    binaries: &Binaries,
    home: &Home,
    socket_directory: &Path,
) -> Command {
    let mut command = Command::new(binaries.program("postgres"));
    command.arg("-D").arg(home.cluster());
    let mut set = |name: &str, value: &str| {
        command.arg("-c").arg(format!("{name}={value}"));
    };
    for (name, value) in SETTINGS {
        set(name, value);
    }
    if options.durability == Durability::Disposable {
        for (name, value) in DISPOSABLE_SETTINGS {
            set(name, value);
        }
    }
    for (name, value) in &options.settings {
        set(name, value);
    }
    // Last, since the last one counts: privacy and the way we find the server are not for sale.
    set("listen_addresses", "");
    set("port", &socket::PORT.to_string());
    set(
        "unix_socket_directories",
        &socket_directory.to_string_lossy(),
    );
    set("unix_socket_permissions", "0700");
    set("logging_collector", "off");
    set("log_destination", "stderr");
    command
}

/// Puts a large log aside; says where the new part begins.
fn begin_log(log: &Path) -> Result<u64, Error> {
    let length = fs::metadata(log).map_or(0, |metadata| metadata.len());
    if length < LARGE_LOG {
        return Ok(length);
    }
    fs::rename(log, log.with_extension("log.old")).map_err(Error::io("put aside", log))?;
    Ok(0)
}

/// Waits for the server's word and its socket; gives its pid.
fn wait_until_ready(
    guard: &mut Guard,
    home: &Home,
    log_start: u64,
    limit: Duration,
) -> Result<u32, Error> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(pid) = ready(home) {
            return Ok(pid);
        }
        let ended = guard
            .ended()
            .map_err(Error::io("wait for the server on", &home.directory))?;
        if ended.is_some() {
            return Err(Error::Ended {
                log: home.log(),
                tail: tail(&home.log(), log_start),
            });
        }
        if Instant::now() >= deadline {
            return Err(Error::NotReady {
                directory: home.directory.clone(),
                waited: limit,
            });
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn ready(home: &Home) -> Option<u32> {
    let file = PidFile::read(&home.cluster()).filter(|file| file.ready)?;
    UnixStream::connect(socket::file(&file.socket_directory)).ok()?;
    Some(file.pid)
}

fn tail(log: &Path, start: u64) -> String {
    let read = || {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(start.max(length.saturating_sub(TAIL))))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_else(|error| format!("(cannot be read: {error})"))
}
