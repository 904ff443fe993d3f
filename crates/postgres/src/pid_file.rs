//! `postmaster.pid`, the file in which a server says how far it is and where it listens.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::process::{Pid, test_kill_process};

use crate::Error;

/// What the file says. Lines: pid, cluster, start time, port, socket directory, address, shared
/// memory key, status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: u32,
    pub(crate) port: u16,
    pub(crate) socket_directory: PathBuf,
    pub(crate) ready: bool,
}

impl PidFile {
    /// `None` when there is no file, or it is not yet complete.
    pub(crate) fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read(path(cluster)).ok()?)
    }

    fn parse(content: &[u8]) -> Option<Self> {
        // The cluster's path may be any bytes; the socket directory is chosen to be text.
        let content = String::from_utf8_lossy(content);
        let lines: Vec<&str> = content.lines().collect();
        let [
            pid,
            _cluster,
            _start,
            port,
            socket_directory,
            _address,
            _memory,
            status,
            ..,
        ] = lines.as_slice()
        else {
            return None;
        };
        Some(Self {
            pid: pid.trim().parse().ok()?,
            port: port.trim().parse().ok()?,
            socket_directory: PathBuf::from(socket_directory),
            ready: status.trim() == "ready",
        })
    }
}

/// Removes the file that a killed server left behind.
///
/// The server itself would refuse to start if the number in the file now belongs to any process of
/// its account, which is the rule after a restart of a container. The caller holds the server
/// lock, so no server of ours is alive; only one started by hand could be, and that one has the
/// cluster as its working directory.
pub(crate) fn remove_stale(cluster: &Path) -> Result<(), Error> {
    let path = path(cluster);
    let content = match fs::read_to_string(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let pid = content
        .lines()
        .next()
        .and_then(|line| line.trim().parse::<u32>().ok());
    if let Some(pid) = pid
        && works_in(pid, cluster)
    {
        return Err(Error::ForeignServer {
            directory: cluster.to_owned(),
            pid,
        });
    }
    fs::remove_file(&path).map_err(Error::io("remove", path))
}

fn works_in(pid: u32, cluster: &Path) -> bool {
    let alive = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        // A process that may not be signalled is alive all the same.
        .is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH));
    let Ok(cluster) = fs::canonicalize(cluster) else {
        return false;
    };
    alive
        && match fs::read_link(format!("/proc/{pid}/cwd")) {
            Ok(directory) => directory == cluster,
            // Another account's process cannot run on a cluster of mode 0700; where there is no
            // /proc at all, believe the file.
            Err(_) => !Path::new("/proc/self").exists(),
        }
}

fn path(cluster: &Path) -> PathBuf {
    cluster.join("postmaster.pid")
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &[u8] =
        b"41\n/d\xffta\n1700000000\n5432\n/run/a b\n\n  123456         7\nready   \n";

    #[test]
    fn complete_file_is_read() {
        let expected = PidFile {
            pid: 41,
            port: 5432,
            socket_directory: PathBuf::from("/run/a b"),
            ready: true,
        };
        assert_eq!(PidFile::parse(READY), Some(expected));
    }

    #[test]
    fn half_written_file_is_not_ready() {
        for length in 0..READY.len() - 10 {
            let file = PidFile::parse(&READY[..length]);
            assert!(file.is_none_or(|file| !file.ready), "{length}");
        }
    }

    #[test]
    fn file_of_a_dead_or_foreign_process_is_removed() {
        let cluster = tempfile::tempdir().unwrap();
        // Our own pid: alive, but no server on this cluster.
        for pid in [std::process::id(), u32::MAX >> 1] {
            fs::write(path(cluster.path()), format!("{pid}\n/data\n")).unwrap();
            remove_stale(cluster.path()).unwrap();
            assert!(!path(cluster.path()).exists());
        }
        remove_stale(cluster.path()).unwrap();
    }
}
