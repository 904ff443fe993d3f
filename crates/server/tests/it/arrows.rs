//! Which crate may depend on which: the table of the architecture, compared with what cargo knows.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

const PREFIX: &str = "callweave-";

/// What each crate may use of the workspace. A vendor uses what `provider-*` says.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("provider", &["model"]),
    ("provider-http", &["provider", "model"]),
    // The client and the sandbox only with its feature `live`, for the tests of vendors.
    (
        "provider-testkit",
        &["provider", "model", "provider-http", "sandbox"],
    ),
    ("store", &["model"]),
    ("identity", &["model"]),
    ("credentials", &["store", "provider", "model"]),
    ("workers", &["store"]),
    (
        "jobs",
        &["workers", "credentials", "store", "provider", "model"],
    ),
    (
        "sync",
        &["workers", "credentials", "store", "provider", "model"],
    ),
    ("webhooks", &["workers", "store", "model"]),
    (
        "api",
        &[
            "jobs",
            "credentials",
            "identity",
            "store",
            "provider",
            "model",
        ],
    ),
    // They must not share the gateway's reading of anything.
    ("sandbox", &[]),
    ("postgres", &[]),
    ("fault-proxy", &[]),
    ("chaos", &["sandbox", "postgres", "fault-proxy"]),
    ("bench", &["sandbox", "postgres"]),
    // Runs what the gateway runs with each record, without the rest of it.
    ("gates", &["registry", "provider", "model"]),
];

/// Vendor crates: pure translation.
const VENDOR_MAY_USE: &[&str] = &["provider", "model"];

/// What no vendor crate may use of the outside: no sockets, no database, no server.
const NOT_IN_VENDORS: &[&str] = &["sqlx", "axum", "reqwest", "hyper", "tokio"];

fn of_workspace(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)
}

#[test]
fn the_arrows_between_crates_are_those_of_the_architecture() {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let vendors: BTreeSet<String> = metadata
        .packages
        .iter()
        .filter(|package| {
            package
                .manifest_path
                .as_str()
                .contains("/crates/providers/")
        })
        .map(|package| package.name.to_string())
        .collect();
    assert!(!vendors.is_empty());
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let Some(name) = of_workspace(&package.name) else {
            wrong.push(format!("{} lacks the prefix", package.name));
            continue;
        };
        let is_vendor = vendors.contains(package.name.as_str());
        for dependency in &package.dependencies {
            let shipped = dependency.kind != DependencyKind::Development;
            if is_vendor && shipped && NOT_IN_VENDORS.contains(&dependency.name.as_str()) {
                wrong.push(format!("{name} -> {}", dependency.name));
            }
            let Some(used) = of_workspace(&dependency.name) else {
                continue;
            };
            let uses_vendor = vendors.contains(dependency.name.as_str());
            let fits = if name == "server" {
                !uses_vendor
            } else if name == "registry" {
                used == "provider" || uses_vendor
            } else if !shipped {
                // Tests may stand on anything that is not a vendor of the build.
                !uses_vendor || is_vendor
            } else if is_vendor {
                VENDOR_MAY_USE.contains(&used)
            } else {
                allowed.get(name).is_some_and(|may| may.contains(&used))
            };
            if !fits {
                wrong.push(format!("{name} -> {used}"));
            }
        }
        if !is_vendor && !["server", "registry"].contains(&name) && !allowed.contains_key(name) {
            wrong.push(format!("{name} is not in the table"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
