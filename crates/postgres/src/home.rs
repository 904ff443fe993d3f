//! The directory: whose it is, where it really lies, and the two locks in it.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Durability, Error,
    account::{RunAs, is_root},
    socket::digest,
};

/// Where root's clusters go when the requested place is closed to the server's account.
pub(crate) const SYSTEM_DIRECTORY: &str = "/var/lib/callweave";

const MARKER: &str = "CALLWEAVE_POSTGRES";
const MARKER_TEXT: &str = "This directory holds callweave's own PostgreSQL. Stop callweave before \
                           copying it.\nformat 1\n";
/// In the requested directory: a link to the real one.
const POINTER: &str = "kept-at";
const OWNER_LOCK: &str = "owner.lock";
const SERVER_LOCK: &str = "server.lock";
const SERVER: &str = "server";

/// How often a lock is tried while it is held by another.
const POLL: Duration = Duration::from_millis(10);

/// The directory where everything of one cluster lies.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// Where it really lies.
    pub(crate) directory: PathBuf,
    /// The requested directory, if that is another one.
    pub(crate) relocated_from: Option<PathBuf>,
    /// Disposable clusters have a name of their own: no mistake deletes the other kind.
    durability: Durability,
}

impl Home {
    /// The home of an existing cluster; `None` where nothing was ever started.
    pub(crate) fn find(requested: &Path) -> Result<Option<Self>, Error> {
        let Ok(requested) = fs::canonicalize(requested) else {
            return Ok(None);
        };
        let (directory, relocated_from) = match fs::read_link(requested.join(POINTER)) {
            Ok(target) => (target, Some(requested)),
            Err(_) => (requested, None),
        };
        let home = Self {
            directory,
            relocated_from,
            durability: Durability::Durable,
        };
        let marker = home.directory.join(MARKER);
        match marker.try_exists() {
            Ok(exists) => Ok(exists.then_some(home)),
            Err(source) => Err(Error::io("inspect", marker)(source)),
        }
    }

    /// Makes the directory ours, and moves aside to the system directory where the server's
    /// account could not reach it.
    pub(crate) fn prepare(requested: &Path, durability: Durability) -> Result<Self, Error> {
        make(requested)?;
        let requested = fs::canonicalize(requested).map_err(Error::io("resolve", requested))?;
        if let Ok(target) = fs::read_link(requested.join(POINTER)) {
            make(&target)?;
            claim(&target)?;
            return Ok(Self {
                directory: target,
                relocated_from: Some(requested),
                durability,
            });
        }
        if !requested.join(MARKER).exists() && !is_empty(&requested)? {
            return Err(Error::NotOurs {
                directory: requested,
            });
        }
        if is_root() {
            open_for_search(&requested)?;
        }
        let run_as = RunAs::choose(&requested.join(SERVER))?;
        if run_as.can_enter(&requested) {
            claim(&requested)?;
            return Ok(Self {
                directory: requested,
                relocated_from: None,
                durability,
            });
        }
        if requested.join(SERVER).exists() {
            // The data is here; leaving it behind for an empty cluster would look like its loss.
            let uid = run_as.account().map_or(0, |account| account.uid);
            return Err(Error::Unreachable {
                directory: requested,
                uid,
            });
        }
        let directory = relocate(&requested)?;
        Ok(Self {
            directory,
            relocated_from: Some(requested),
            durability,
        })
    }

    /// What belongs to the account that runs the server.
    pub(crate) fn server(&self) -> PathBuf {
        self.directory.join(SERVER)
    }

    /// The cluster.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.server().join(match self.durability {
            Durability::Durable => "data",
            Durability::Disposable => "disposable",
        })
    }

    /// The server's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.server().join("postgres.log")
    }

    /// Makes the part that belongs to the server's account.
    pub(crate) fn prepare_server(&self, run_as: RunAs) -> Result<(), Error> {
        let server = self.server();
        match fs::DirBuilder::new().mode(0o700).create(&server) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::io("create", server)(error));
            }
            _ => {}
        }
        run_as
            .hand_over(&server)
            .map_err(Error::io("change the owner of", server))
    }

    /// Takes the lock that says who owns the directory, and writes our pid into it.
    pub(crate) fn lock_owner(&self, patience: Duration) -> Result<File, Error> {
        let path = self.directory.join(OWNER_LOCK);
        let mut file = open_lock(&path)?;
        if !wait_for(&file, patience).map_err(Error::io("lock", &path))? {
            let mut content = String::new();
            // The number is only for the message.
            let _ = file.read_to_string(&mut content);
            let pid = content.trim().parse().ok();
            return Err(Error::Owned {
                directory: self.directory.clone(),
                pid,
            });
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(Error::io("write", path))?;
        Ok(file)
    }

    /// Opens the lock that a running server holds; `None` where no server ever ran.
    pub(crate) fn open_server_lock(&self) -> Result<Option<File>, Error> {
        let path = self.directory.join(SERVER_LOCK);
        match fs::OpenOptions::new().read(true).open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("open", path)(error)),
        }
    }

    /// Takes the lock that goes on to the server, waiting until an older one has ended.
    ///
    /// The lock belongs to the open file, and every process of the server inherits that: so it is
    /// free exactly when the last of them is gone, whatever killed the owner.
    pub(crate) fn lock_server(
        &self,
        patience: Duration,
        waiting: impl FnOnce(),
    ) -> Result<File, Error> {
        let path = self.directory.join(SERVER_LOCK);
        let file = open_lock(&path)?;
        if wait_for(&file, Duration::ZERO).map_err(Error::io("lock", &path))? {
            return Ok(file);
        }
        waiting();
        if wait_for(&file, patience).map_err(Error::io("lock", &path))? {
            return Ok(file);
        }
        Err(Error::StillRunning {
            directory: self.directory.clone(),
            waited: patience,
        })
    }
}

/// Creates what is missing of a path.
fn make(directory: &Path) -> Result<(), Error> {
    fs::create_dir_all(directory).map_err(Error::io("create", directory))
}

fn is_empty(directory: &Path) -> Result<bool, Error> {
    let mut entries = fs::read_dir(directory).map_err(Error::io("list", directory))?;
    Ok(entries.next().is_none())
}

/// Lets the server's account pass through a directory of root's, but not list it.
fn open_for_search(directory: &Path) -> Result<(), Error> {
    let mode = fs::metadata(directory)
        .map_err(Error::io("inspect", directory))?
        .permissions();
    if mode.mode() & 0o001 == 0 {
        fs::set_permissions(directory, fs::Permissions::from_mode(mode.mode() | 0o011))
            .map_err(Error::io("change the mode of", directory))?;
    }
    Ok(())
}

/// Puts the marker into a directory of ours.
fn claim(directory: &Path) -> Result<(), Error> {
    let marker = directory.join(MARKER);
    if marker.exists() {
        return Ok(());
    }
    let mode = if is_root() { 0o711 } else { 0o700 };
    fs::set_permissions(directory, fs::Permissions::from_mode(mode))
        .map_err(Error::io("change the mode of", directory))?;
    fs::write(&marker, MARKER_TEXT).map_err(Error::io("write", marker))
}

/// Finds a free place in the system directory and leaves a link to it.
fn relocate(requested: &Path) -> Result<PathBuf, Error> {
    let digest = digest(requested);
    // A place that exists belongs to an earlier directory of that path, whose link is gone.
    let directory = (0..1000)
        .map(|attempt| match attempt {
            0 => Path::new(SYSTEM_DIRECTORY).join(&digest),
            _ => Path::new(SYSTEM_DIRECTORY).join(format!("{digest}-{attempt}")),
        })
        .find(|candidate| !candidate.exists())
        .ok_or_else(|| Error::NotOurs {
            directory: PathBuf::from(SYSTEM_DIRECTORY),
        })?;
    make(&directory)?;
    claim(&directory)?;
    let pointer = requested.join(POINTER);
    symlink(&directory, &pointer).map_err(Error::io("create", pointer))?;
    Ok(directory)
}

fn open_lock(path: &Path) -> Result<File, Error> {
    fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(Error::io("open", path))
}

/// Whether the lock was got within the time.
pub(crate) fn wait_for(file: &File, patience: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return Ok(false),
            Err(TryLockError::WouldBlock) => thread::sleep(POLL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_with_foreign_files_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("PG_VERSION"), "15\n").unwrap();
        let error = Home::prepare(directory.path(), Durability::Durable).unwrap_err();
        assert!(matches!(error, Error::NotOurs { .. }), "{error}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(Home::find(directory.path()).unwrap().is_none());
    }

    #[test]
    fn owner_is_named_to_the_second_comer() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::prepare(&directory.path().join("new/one"), Durability::Durable).unwrap();
        let lock = home.lock_owner(Duration::ZERO).unwrap();
        let error = home.lock_owner(Duration::from_millis(20)).unwrap_err();
        let own = std::process::id();
        assert!(
            matches!(error, Error::Owned { pid: Some(pid), .. } if pid == own),
            "{error}"
        );
        drop(lock);
        // A child that another test is just starting holds a copy until it is the other program.
        home.lock_owner(Duration::from_secs(10)).unwrap();
    }
}
