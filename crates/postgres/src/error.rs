//! What can go wrong, in words for the person at the terminal.

use std::{io, path::PathBuf, time::Duration};

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process runs a server on this directory, or is about to.
    #[error("another process{} owns the data directory {}", with_pid(*.pid), directory.display())]
    Owned {
        /// The directory.
        directory: PathBuf,
        /// The process, where it could be read.
        pid: Option<u32>,
    },
    /// The directory holds files, and none of them says that this crate made them.
    #[error(
        "{} is not empty and was not made by callweave; choose an empty directory",
        directory.display()
    )]
    NotOurs {
        /// The directory.
        directory: PathBuf,
    },
    /// The account that must run the server cannot enter the directory that holds its data.
    #[error(
        "the account with user id {uid} runs PostgreSQL and cannot reach {}; \
         open the directories above it for searching (chmod o+x) or move it",
        directory.display()
    )]
    Unreachable {
        /// The directory.
        directory: PathBuf,
        /// The account.
        uid: u32,
    },
    /// Root, and neither `postgres` nor `nobody` exists.
    #[error(
        "PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it"
    )]
    NoAccount,
    /// No server programs of a version that can be used.
    #[error("{}", no_binaries(.wanted.as_ref(), .attempts))]
    NoBinaries {
        /// The major version that an existing cluster needs.
        wanted: Option<u32>,
        /// What was found or tried, and why it did not serve.
        attempts: Vec<String>,
    },
    /// A server runs on the cluster that was started by hand.
    #[error("a PostgreSQL that callweave did not start (pid {pid}) runs on {}", directory.display())]
    ForeignServer {
        /// The cluster.
        directory: PathBuf,
        /// The server.
        pid: u32,
    },
    /// A server without an owner did not end in time.
    #[error("the previous PostgreSQL on {} is still shutting down after {waited:?}", directory.display())]
    StillRunning {
        /// The directory.
        directory: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A program ended with an error.
    #[error("{program} failed: {output}")]
    Program {
        /// What was run.
        program: String,
        /// What it printed.
        output: String,
    },
    /// The server ended while it was starting.
    #[error("PostgreSQL ended while starting; {} says: {tail}", log.display())]
    Ended {
        /// The server's log.
        log: PathBuf,
        /// What it says about this start.
        tail: String,
    },
    /// The server lives but does not accept connections.
    #[error("PostgreSQL on {} did not accept connections within {waited:?}", directory.display())]
    NotReady {
        /// The directory.
        directory: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The file system or the process table said no.
    #[error("{action} {}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: names the attempt and its object.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

fn with_pid(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

fn no_binaries(wanted: Option<&u32>, attempts: &[String]) -> String {
    let mut text = match wanted {
        Some(major) => format!(
            "the data was made by PostgreSQL {major}, and no server programs of that version were \
             found; install them (package postgresql-{major}), or dump the data with the old \
             version and load it into a new directory"
        ),
        None => "no PostgreSQL server programs (15 or newer) were found; install the package \
                 `postgresql`, or name the directory of `postgres` and `initdb`, or give the URL \
                 of a database"
            .to_owned(),
    };
    for attempt in attempts {
        text.push_str("; ");
        text.push_str(attempt);
    }
    text
}
