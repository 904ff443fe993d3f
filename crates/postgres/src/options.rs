//! What a caller may choose, and what it is told while it waits.

use std::{fmt, path::PathBuf, time::Duration};

/// How to run the server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// A directory for this purpose only. It is made when it does not exist.
    pub data_dir: PathBuf,
    /// Where `postgres` and `initdb` are. `None` searches the machine.
    pub binaries: Option<PathBuf>,
    /// Whether missing programs may be installed or downloaded. Only used when none are found.
    pub install: bool,
    /// Where downloaded programs are kept. `None`: `/var/lib/callweave/programs` for root, the
    /// user's cache directory otherwise.
    pub cache: Option<PathBuf>,
    /// Server settings (`name`, `value`) that win over the built-in ones.
    pub settings: Vec<(String, String)>,
    /// Whether the data must survive.
    pub durability: Durability,
    /// How long to wait for another process to give the directory back before
    /// [`Error::Owned`](crate::Error::Owned). Zero asks once.
    pub wait_for_owner: Duration,
    /// How long the server may take to accept connections; recovery after a crash is within it.
    pub start_timeout: Duration,
}

impl Options {
    /// The defaults for a directory: durable, programs are searched for and may be installed.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            binaries: None,
            install: true,
            cache: None,
            settings: Vec::new(),
            durability: Durability::Durable,
            wait_for_owner: Duration::ZERO,
            start_timeout: Duration::from_mins(5),
        }
    }
}

/// Whether the data must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Everything reaches the disk before it is acknowledged.
    Durable,
    /// For tests: starts with an empty cluster, never waits for the disk, and the cluster is
    /// deleted when the server ends.
    Disposable,
}

/// A step that may take long enough for a person to wonder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A server whose owner is gone is still writing its last checkpoint.
    WaitingForPreviousServer,
    /// The package manager installs this package.
    Installing {
        /// The package.
        package: String,
    },
    /// The server programs are downloaded and unpacked into this directory.
    Downloading {
        /// The directory.
        into: PathBuf,
    },
    /// A new cluster is made in this directory.
    Creating {
        /// The directory.
        directory: PathBuf,
    },
    /// The server starts; after a crash it recovers first.
    Starting,
    /// The server accepts connections.
    Ready,
}

impl fmt::Display for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitingForPreviousServer => {
                write!(
                    formatter,
                    "waiting for the previous PostgreSQL to shut down"
                )
            }
            Self::Installing { package } => write!(formatter, "installing the package {package}"),
            Self::Downloading { into } => {
                write!(formatter, "downloading PostgreSQL into {}", into.display())
            }
            Self::Creating { directory } => {
                write!(
                    formatter,
                    "creating a database cluster in {}",
                    directory.display()
                )
            }
            Self::Starting => write!(formatter, "starting PostgreSQL"),
            Self::Ready => write!(formatter, "PostgreSQL accepts connections"),
        }
    }
}
