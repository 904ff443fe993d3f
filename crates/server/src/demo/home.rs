//! The demo's own files: `demo/` in the data directory.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use super::{about, shown};

/// The directory, held by one demo at a time.
#[derive(Debug)]
pub(super) struct Home {
    directory: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes the directory where it is missing and takes hold of it.
    pub(super) fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let directory = data_dir.join("demo");
        let made = fs::DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(&directory);
        about(made, "create", &directory)?;
        let path = directory.join("lock");
        let lock = about(
            File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path),
            "open",
            &path,
        )?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                directory,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => anyhow::bail!(
                "another demo runs on {}; end it, or use another --data-dir",
                shown(data_dir)
            ),
            Err(TryLockError::Error(error)) => about(Err(error), "lock", &path),
        }
    }

    /// The file that holds the demo's API key.
    pub(super) fn key(&self) -> PathBuf {
        self.directory.join("api-key")
    }

    /// The file that says where the sandbox listens.
    pub(super) fn port(&self) -> PathBuf {
        self.directory.join("sandbox-port")
    }

    /// What happened to the sandbox's calls and tokens.
    pub(super) fn journal(&self) -> PathBuf {
        self.directory.join("sandbox.jsonl")
    }
}
