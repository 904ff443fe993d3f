//! Vendor documents kept beside a crate.

use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;

/// The `fixtures` folder of a crate.
#[derive(Clone, Debug)]
pub struct Fixtures {
    folder: PathBuf,
}

impl Fixtures {
    /// The fixtures of the crate whose `CARGO_MANIFEST_DIR` this is: `Fixtures::of(env!(...))`.
    pub fn of(manifest_folder: &str) -> Self {
        Self {
            folder: PathBuf::from(manifest_folder).join("fixtures"),
        }
    }

    /// A file as it is.
    pub fn bytes(&self, name: &str) -> Bytes {
        let path = self.folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => bytes.into(),
            Err(error) => panic!("fixture {}: {error}", path.display()),
        }
    }

    /// A JSON file.
    pub fn json(&self, name: &str) -> Value {
        match serde_json::from_slice(&self.bytes(name)) {
            Ok(value) => value,
            Err(error) => panic!("fixture {name}: {error}"),
        }
    }

    /// The names of all files with this ending, sorted.
    pub fn names(&self, ending: &str) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).expect("a folder of fixtures");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .filter(|name| name.ends_with(ending))
            .collect();
        names.sort_unstable();
        names
    }
}
