//! Using the server of another process.

use std::{
    fs::TryLockError,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::{Error, NAME, home::Home, pid_file::PidFile, socket};

/// How long a server that is starting, or stopping, is waited for.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server that another process owns: it ends when that process ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    url: String,
    directory: PathBuf,
    pid: u32,
}

impl Attached {
    /// The URL of the database `callweave`, as its superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where everything lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

/// Finds the server that runs on a directory; `None` where there is none, and it may be started.
///
/// One that is just starting or stopping is waited for.
///
/// # Errors
/// [`Error::NotReady`] when that takes too long; [`Error::Io`] when the directory is another
/// user's.
pub fn attach(data_dir: &Path) -> Result<Option<Attached>, Error> {
    let Some(home) = Home::find(data_dir)? else {
        return Ok(None);
    };
    let Some(lock) = home.open_server_lock()? else {
        return Ok(None);
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Shared, so that two commands at once do not take each other for a server.
        match lock.try_lock_shared() {
            Ok(()) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                return Err(Error::io("lock", home.directory)(error));
            }
        }
        if let Some(file) = PidFile::read(&home.cluster()).filter(|file| file.ready)
            && UnixStream::connect(socket::file(&file.socket_directory)).is_ok()
        {
            let url = socket::url(&file.socket_directory, file.port, NAME);
            return Ok(Some(Attached {
                url,
                directory: home.directory,
                pid: file.pid,
            }));
        }
        if Instant::now() >= deadline {
            return Err(Error::NotReady {
                directory: home.directory,
                waited: PATIENCE,
            });
        }
        thread::sleep(Duration::from_millis(20));
    }
}
