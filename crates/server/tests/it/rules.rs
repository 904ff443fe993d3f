//! Rules that lints hold, and that nobody may quietly take back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, MetadataCommand};
use secrecy::{ExposeSecret, SecretString};

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The sources below a directory, with what they hold before their tests.
fn shipped(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if entry.file_name() != "tests" {
                found.extend(shipped(&path));
            }
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
        {
            let text = read(&path);
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
            found.push((path, code.to_owned()));
        }
    }
    found
}

fn manifests() -> Vec<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let packages = metadata.packages.iter();
    packages
        .map(|package| package.manifest_path.clone().into_std_path_buf())
        .collect()
}

#[test]
fn case_120_every_crate_is_held_to_the_lints() {
    let workspace = read(&root().join("Cargo.toml"));
    for lint in [
        "unsafe_code = \"forbid\"",
        "unwrap_used = \"warn\"",
        "expect_used = \"warn\"",
        "indexing_slicing = \"warn\"",
        "allow_attributes = \"warn\"",
    ] {
        assert!(workspace.contains(lint), "the workspace lacks {lint}");
    }
    // What warns there fails the gate.
    assert!(read(&root().join(".ci/run")).contains("-- -D warnings"));
    let manifests = manifests();
    assert!(manifests.len() > 15);
    for manifest in manifests {
        let text = read(&manifest);
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{} has lints of its own",
            manifest.display()
        );
    }
}

#[test]
fn case_120_nothing_outside_is_unwrapped() {
    let crates = root().join("crates");
    let readers = [
        "providers",
        "provider",
        "provider-http",
        "sync",
        "jobs",
        "store",
    ];
    let mut files = 0;
    for reader in readers {
        for (path, code) in shipped(&crates.join(reader)) {
            files += 1;
            for forbidden in [
                ".unwrap()",
                ".expect(",
                "clippy::unwrap_used",
                "clippy::expect_used",
                "clippy::indexing_slicing",
                "clippy::panic",
                "unreachable!(",
                "todo!(",
            ] {
                let found = code
                    .lines()
                    .find(|line| line.contains(forbidden) && !line.trim_start().starts_with("//"));
                assert!(found.is_none(), "{}: {found:?}", path.display());
            }
        }
    }
    assert!(files > 100, "{files}");
}

#[test]
fn case_120_only_the_store_reaches_the_database() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let mut users: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| {
            package.dependencies.iter().any(|dependency| {
                let shipped =
                    dependency.kind != DependencyKind::Development && !dependency.optional;
                shipped && dependency.name.starts_with("sqlx")
            })
        })
        .map(|package| package.name.to_string())
        .collect();
    users.sort();
    assert_eq!(users, ["callweave-store"]);
    // There the pool is behind the transactions that name their tenant.
    for (path, code) in shipped(&root().join("crates/store/src")) {
        let may = ["setup.rs", "session.rs"]
            .iter()
            .any(|name| path.ends_with(name));
        let raw =
            code.contains("PgPool") || code.contains(".pool") || code.contains("PoolConnection");
        assert!(may || !raw, "{} reaches past the tenants", path.display());
    }
    let setup = read(&root().join("crates/store/src/setup.rs"));
    for line in setup.lines().filter(|line| line.contains("pub fn")) {
        assert!(!line.contains("PgPool"), "the pool is handed out: {line}");
    }
}

/// Compiles only for types that do not implement a trait: with both implementations the call below
/// would be ambiguous.
macro_rules! assert_not {
    ($type:ty: $($trait:tt)+) => {{
        trait Ambiguous<Marker> {
            fn is_not() {}
        }
        struct Implements;
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $($trait)+> Ambiguous<Implements> for T {}
        <$type as Ambiguous<_>>::is_not();
    }};
}

#[test]
fn case_120_secrets_print_and_write_nothing() {
    assert_not!(SecretString: serde::Serialize);
    assert_not!(SecretString: std::fmt::Display);
    assert_not!(callweave_provider::Credentials: serde::Serialize);
    assert_not!(callweave_provider::Credentials: std::fmt::Display);
    assert_not!(callweave_provider::token::Grant: serde::Serialize);
    assert_not!(callweave_credentials::broker::Token: serde::Serialize);
    assert_not!(callweave_credentials::vault::Vault: serde::Serialize);
    assert_not!(callweave_credentials::vault::Vault: std::fmt::Display);
    let secret = "canary-2f9c";
    let credentials = callweave_provider::Credentials::new([(
        "password".to_owned(),
        SecretString::from(secret.to_owned()),
    )]);
    let kept = credentials.get("password").map(ExposeSecret::expose_secret);
    assert_eq!(kept, Some(secret));
    assert!(!format!("{credentials:?}").contains(secret));
    assert!(!format!("{credentials:#?}").contains(secret));
}
