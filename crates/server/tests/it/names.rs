//! No vendor is named outside of its own crate, the registry and the sandbox: what is special about
//! one vendor has its place, and a fifth one touches nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where vendors are named.
const ALLOWED: &[&str] = &[
    "crates/providers/",
    "crates/registry/",
    "crates/sandbox/",
    // It is a test, about the vendors of the sandbox.
    "crates/chaos/",
    // It measures with one of them.
    "crates/bench/",
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            // Tests may be about a vendor.
            if name != "tests" && name != "target" {
                sources(&path, found);
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "sql")
        {
            found.push(path);
        }
    }
}

/// The part of a source before its tests, without comments.
fn code(text: &str) -> String {
    let shipped = text.split("#[cfg(test)]\nmod ").next().unwrap();
    shipped
        .lines()
        .filter(|line| {
            let line = line.trim_start();
            !line.starts_with("//") && !line.starts_with("--")
        })
        .map(|line| line.to_lowercase() + "\n")
        .collect()
}

#[test]
fn vendors_are_named_only_where_they_belong() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    let vendors: Vec<String> = fs::read_dir(root.join("crates/providers"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(vendors.len() >= 4);
    let mut files = Vec::new();
    sources(&root.join("crates"), &mut files);
    sources(&root.join("migrations"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let shown = file
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if ALLOWED.iter().any(|place| shown.starts_with(place)) {
            continue;
        }
        let text = code(&fs::read_to_string(&file).unwrap());
        for vendor in &vendors {
            for (number, line) in text.lines().enumerate() {
                if line.contains(vendor.as_str()) {
                    wrong.push(format!(
                        "{shown}, code line {}: {}",
                        number + 1,
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
