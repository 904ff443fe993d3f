//! Where the socket lies, and the URL that leads to it.

use std::{
    fmt::Write as _,
    fs, io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt},
    },
    path::{Path, PathBuf},
};

use crate::{Error, NAME, account::RunAs};

/// There is no TCP listener; the number only names the socket file.
pub(crate) const PORT: u16 = 5432;

/// The kernel takes 108 bytes with the closing zero.
const LONGEST_PATH: usize = 107;

/// The name of the socket file in its directory.
pub(crate) fn file(directory: &Path) -> PathBuf {
    directory.join(format!(".s.PGSQL.{PORT}"))
}

/// Decides on the directory for the socket and makes it: `preferred` where its path fits into a
/// socket address and a setting, else a short one of the same privacy.
pub(crate) fn prepare(preferred: &Path, run_as: RunAs) -> Result<PathBuf, Error> {
    let directory = if fits(preferred) {
        preferred.to_owned()
    } else {
        let directory = short_base().join(format!("callweave-{}", digest(preferred)));
        make_private(&directory, run_as)?;
        directory
    };
    // Left behind by a server that was killed. Its lock file names a pid that may be in use again.
    for stale in [
        file(&directory),
        directory.join(format!(".s.PGSQL.{PORT}.lock")),
    ] {
        match fs::remove_file(&stale) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("remove", stale)(error));
            }
            _ => {}
        }
    }
    Ok(directory)
}

/// Commas and quotes have a meaning in the server's setting, and a URL is text.
fn fits(directory: &Path) -> bool {
    file(directory).as_os_str().as_bytes().len() <= LONGEST_PATH
        && directory
            .to_str()
            .is_some_and(|text| !text.contains([',', '"']) && !text.contains(char::is_control))
}

fn short_base() -> PathBuf {
    let uid = rustix::process::geteuid();
    let candidates = [
        PathBuf::from("/run"),
        PathBuf::from(format!("/run/user/{}", uid.as_raw())),
    ];
    // Only a directory of our own is as good as ours; `/tmp` belongs to everyone.
    candidates
        .into_iter()
        .find(|base| fs::metadata(base).is_ok_and(|metadata| metadata.uid() == uid.as_raw()))
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// Makes a directory that only the server's account can enter, or takes one that is exactly so.
fn make_private(directory: &Path, run_as: RunAs) -> Result<(), Error> {
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => {
            return run_as
                .hand_over(directory)
                .map_err(Error::io("change the owner of", directory));
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Error::io("create", directory)(error)),
    }
    let metadata = fs::symlink_metadata(directory).map_err(Error::io("inspect", directory))?;
    let owner = run_as
        .account()
        .map_or(rustix::process::geteuid().as_raw(), |account| account.uid);
    if metadata.is_dir() && metadata.uid() == owner && metadata.mode() & 0o7777 == 0o700 {
        return Ok(());
    }
    let taken = io::Error::new(io::ErrorKind::AlreadyExists, "it belongs to someone else");
    Err(Error::io("use the socket directory", directory)(taken))
}

/// FNV-1a: short, and the same in every release.
pub(crate) fn digest(path: &Path) -> String {
    let hash = path
        .as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    format!("{hash:016x}")
}

/// A URL that libpq and sqlx read alike. Port and TLS are spelled out, since sqlx would otherwise
/// take them from the environment.
pub(crate) fn url(directory: &Path, port: u16, database: &str) -> String {
    let mut host = String::new();
    for byte in directory.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            host.push(char::from(*byte));
        } else {
            // Writing into a string does not fail.
            let _ = write!(host, "%{byte:02X}");
        }
    }
    format!("postgres://{NAME}@localhost:{port}/{database}?host={host}&sslmode=disable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_escapes_what_has_a_meaning_in_urls() {
        assert_eq!(
            url(Path::new("/a b/50%&?x=1+2/д"), 5432, "callweave"),
            "postgres://callweave@localhost:5432/callweave\
             ?host=/a%20b/50%25%26%3Fx%3D1%2B2/%D0%B4&sslmode=disable"
        );
    }

    #[test]
    fn only_paths_that_socket_and_setting_can_hold_are_used() {
        let longest = "/".to_owned() + &"x".repeat(LONGEST_PATH - 1 - "/.s.PGSQL.5432".len());
        assert!(fits(Path::new(&longest)));
        assert!(!fits(Path::new(&(longest + "x"))));
        assert!(fits(Path::new("/with space/and%")));
        assert!(!fits(Path::new("/a,b")));
        assert!(!fits(Path::new("/a\"b")));
        assert!(!fits(Path::new(std::ffi::OsStr::from_bytes(b"/a\xff"))));
    }

    #[test]
    fn digest_is_stable() {
        assert_eq!(digest(Path::new("")), "cbf29ce484222325");
        assert_eq!(digest(Path::new("a")), "af63dc4c8601ec8c");
    }
}
