//! What may come in from outside: `deny.toml` says it, and here it is held without any tool.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use figment::{
    Figment,
    providers::{Format as _, Toml},
};
use serde_json::Value;

/// What must be named in `deny.toml`, whatever else is.
const BANS: [&str; 6] = [
    "bytes@<1.11.1",
    "h2@<0.4.16",
    "jsonwebtoken@<10.3.0",
    "openssl-sys",
    "rustls-webpki@<0.103.13",
    "time@<0.3.47",
];

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> Value {
    let file = root().join(name);
    Figment::from(Toml::file_exact(file)).extract().unwrap()
}

/// The bans, as texts like `name` or `name@<1.2.3`.
fn bans(deny: &Value) -> Vec<String> {
    let denied = deny["bans"]["deny"].as_array().unwrap();
    denied
        .iter()
        .map(|ban| ban["crate"].as_str().unwrap().to_owned())
        .collect()
}

/// The numbers of a version, without what stands behind them.
fn version(text: &str) -> Vec<u64> {
    let release = text.split(['-', '+']).next().unwrap();
    release
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect()
}

/// Whether a ban means this package.
fn is_banned(ban: &str, name: &str, at: &str) -> bool {
    match ban.split_once("@<") {
        Some((banned, below)) => banned == name && version(at) < version(below),
        None => ban == name,
    }
}

/// The packages that break a rule.
fn breaches(deny: &Value, lock: &Value) -> Vec<String> {
    let bans = bans(deny);
    let mut wrong = Vec::new();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let at = package["version"].as_str().unwrap();
        for ban in bans.iter().filter(|ban| is_banned(ban, name, at)) {
            wrong.push(format!("{name} {at} is banned: {ban}"));
        }
        let from = package["source"].as_str();
        if from.is_some_and(|from| from != REGISTRY) {
            wrong.push(format!("{name} {at} comes from {from:?}"));
        }
        if from.is_some() && package["checksum"].as_str().is_none() {
            wrong.push(format!("{name} {at} has no checksum"));
        }
    }
    wrong
}

#[test]
fn case_119_the_locked_packages_break_no_ban() {
    let (deny, lock) = (read("deny.toml"), read("Cargo.lock"));
    let named = bans(&deny);
    for ban in BANS {
        assert!(named.iter().any(|one| one == ban), "deny.toml lacks {ban}");
    }
    for unknown in ["unknown-registry", "unknown-git"] {
        assert_eq!(deny["sources"][unknown], "deny");
    }
    assert!(lock["package"].as_array().unwrap().len() > 100);
    assert_eq!(breaches(&deny, &lock), Vec::<String>::new());
}

#[test]
fn case_119_a_breach_is_found() {
    let deny = read("deny.toml");
    let planted = |name: &str, at: &str, source: &str| {
        let lock = serde_json::json!({"package": [
            {"name": name, "version": at, "source": source, "checksum": "00"},
        ]});
        breaches(&deny, &lock).len()
    };
    assert_eq!(planted("h2", "0.4.15", REGISTRY), 1);
    assert_eq!(planted("h2", "0.4.16", REGISTRY), 0);
    assert_eq!(planted("jsonwebtoken", "9.3.1", REGISTRY), 1);
    assert_eq!(planted("jsonwebtoken", "10.3.0-rc.1", REGISTRY), 0);
    assert_eq!(planted("openssl-sys", "0.9.111", REGISTRY), 1);
    assert_eq!(
        planted("serde", "1.0.0", "git+https://example.org/serde"),
        1
    );
}

/// Licences, and everything else that the rules say, are checked by the tool where it is there.
#[test]
fn case_119_cargo_deny_agrees() {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(root()).args(arguments).output()
    };
    let installed = cargo(&["deny", "--version"]).is_ok_and(|output| output.status.success());
    if !installed {
        println!("cargo-deny is not installed: licences are not checked here");
        return;
    }
    // The advisories would be fetched; the bans above are those that matter.
    let checked = cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]).unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
}

#[test]
fn case_119_what_is_built_is_what_is_locked() {
    let gate = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    for line in gate
        .lines()
        .filter(|line| line.contains("cargo clippy --workspace"))
    {
        assert!(line.contains("--locked"), "{line}");
    }
    let image = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let builds: Vec<&str> = image
        .lines()
        .filter(|line| line.contains("cargo build"))
        .collect();
    assert!(!builds.is_empty());
    assert!(
        builds.iter().all(|line| line.contains("--locked")),
        "{builds:?}"
    );
}
