//! Making a cluster, whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Durability, Error, NAME, account::RunAs, binaries::Binaries, home::Home};

/// Sorting is by bytes: the same everywhere, and fast. The kinds of characters come from UTF-8
/// though, or `lower()` and full text search would leave every letter but the Latin ones alone.
/// A system without that locale still gets a cluster.
const CHARACTER_LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// The major version of an existing cluster.
pub(crate) fn version(cluster: &Path) -> Option<u32> {
    fs::read_to_string(cluster.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Deletes the cluster and what an interrupted [`create`] left of one.
pub(crate) fn delete(home: &Home) -> Result<(), Error> {
    for path in [home.cluster(), staging(home)] {
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("delete", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes the cluster and its database next to its place, then moves it there: an interrupted
/// attempt is never taken for a cluster.
pub(crate) fn create(
    home: &Home,
    binaries: &Binaries,
    run_as: RunAs,
    durability: Durability,
    lock: &File,
) -> Result<(), Error> {
    let staging = staging(home);
    delete(home)?;
    let mut result = Ok(());
    for locale in CHARACTER_LOCALES {
        result = initialize(&staging, binaries, run_as, durability, lock, locale);
        match &result {
            Err(Error::Program { output, .. }) if output.contains("locale") => {}
            _ => break,
        }
    }
    result?;
    create_database(&staging, binaries, run_as, durability, lock)?;
    let cluster = home.cluster();
    fs::rename(&staging, &cluster).map_err(Error::io("move into place", cluster))?;
    let parent = home.server();
    File::open(&parent)
        .and_then(|file| file.sync_all())
        .map_err(Error::io("sync", parent))
}

fn staging(home: &Home) -> PathBuf {
    home.cluster().with_extension("new")
}

fn initialize(
    staging: &Path,
    binaries: &Binaries,
    run_as: RunAs,
    durability: Durability,
    lock: &File,
    character_locale: &str,
) -> Result<(), Error> {
    let mut command = locked_command(&binaries.program("initdb"), run_as, lock)?;
    command
        .arg("--pgdata")
        .arg(staging)
        .args([
            "--username",
            NAME,
            "--auth-local=trust",
            "--auth-host=reject",
        ])
        .args([
            "--encoding=UTF8",
            "--locale=C",
            "--lc-ctype",
            character_locale,
        ])
        .args(["--data-checksums", "--no-instructions"]);
    if durability == Durability::Disposable {
        command.arg("--no-sync");
    }
    let output = command
        .output()
        .map_err(Error::io("run", binaries.program("initdb")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Program {
        program: "initdb".to_owned(),
        output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Single-user mode needs neither a running server nor a client program.
fn create_database(
    cluster: &Path,
    binaries: &Binaries,
    run_as: RunAs,
    durability: Durability,
    lock: &File,
) -> Result<(), Error> {
    let program = binaries.program("postgres");
    let mut command = locked_command(&program, run_as, lock)?;
    command.args(["--single", "-D"]).arg(cluster);
    if durability == Durability::Disposable {
        command.args(["-c", "fsync=off"]);
    }
    let mut child = command
        .arg("postgres")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::io("run", &program))?;
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "CREATE DATABASE {NAME}").map_err(Error::io("write to", &program))?;
    }
    let output = child
        .wait_with_output()
        .map_err(Error::io("wait for", &program))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    // A failed statement does not change the exit status.
    if output.status.success() && !messages.contains("ERROR:") && !messages.contains("FATAL:") {
        return Ok(());
    }
    Err(Error::Program {
        program: "postgres --single".to_owned(),
        output: messages.trim().to_owned(),
    })
}

/// A command whose processes, down to the last child, keep the server lock: one of them may
/// outlive a killed owner for a moment, and nobody must start while it still writes.
fn locked_command(program: &Path, run_as: RunAs, lock: &File) -> Result<Command, Error> {
    let lock = lock
        .try_clone()
        .map_err(Error::io("share the lock for", program))?;
    let mut command = run_as.command("/bin/sh");
    command
        .args(["-c", "exec 3>&1 >/dev/null && exec \"$@\"", "sh"])
        .arg(program)
        .stdout(lock);
    Ok(command)
}
