//! A file that outlives the process: what happened to calls and tokens, line by line, so that the
//! next run of the sandbox goes on from there and nobody who knew it before is surprised.
//!
//! Calls and tokens are all it keeps. Faults, options, and what was handed in or set up through a
//! vendor's own API (submissions, tags, scenarios, agents) begin anew.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Mutex,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{World, ledger::Action, lock, start_of_day, tokens::Token};
use crate::{call::patch::CallPatch, clock::Clock, config::SandboxConfig, vendor::Vendor};

/// One line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub(crate) enum Entry {
    /// The first line: what everything else follows from.
    Begun {
        seed: u64,
        calls_per_vendor: u32,
        epoch: Timestamp,
    },
    /// A call appeared.
    Added {
        vendor: Vendor,
        at: Timestamp,
        patch: CallPatch,
    },
    /// A call changed.
    Changed {
        vendor: Vendor,
        at: Timestamp,
        index: u32,
        patch: CallPatch,
    },
    /// A call went away.
    Deleted {
        vendor: Vendor,
        at: Timestamp,
        index: u32,
    },
    /// A call that went away came back.
    Restored {
        vendor: Vendor,
        at: Timestamp,
        index: u32,
    },
    /// A token as it is from here on.
    Token { vendor: Vendor, token: Token },
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Mutex<File>,
}

impl Journal {
    /// Opens the file, or begins it. An existing one says how the sandbox was set up; what the
    /// configuration says about that no longer counts.
    ///
    /// # Errors
    /// When the file cannot be used, or was written by something else.
    pub(crate) fn open(
        path: &Path,
        config: &mut SandboxConfig,
        now: Timestamp,
    ) -> io::Result<(Self, Vec<Entry>)> {
        if let Some(directory) = path.parent().filter(|part| !part.as_os_str().is_empty()) {
            fs::create_dir_all(directory)?;
        }
        // It holds tokens, invented ones, of vendors that are played.
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        let entries = read(&mut file)?;
        let journal = Self {
            file: Mutex::new(file),
        };
        match entries.first() {
            None => {
                let epoch = config.epoch.unwrap_or_else(|| start_of_day(now));
                config.epoch = Some(epoch);
                journal.try_write(&Entry::Begun {
                    seed: config.seed,
                    calls_per_vendor: config.calls_per_vendor,
                    epoch,
                })?;
            }
            Some(Entry::Begun {
                seed,
                calls_per_vendor,
                epoch,
            }) => {
                config.seed = *seed;
                config.calls_per_vendor = *calls_per_vendor;
                config.epoch = Some(*epoch);
            }
            Some(_) => return Err(foreign()),
        }
        Ok((journal, entries))
    }

    /// Writes a line. A full disk must not stop the vendors: it is told, and life goes on.
    pub(crate) fn write(&self, entry: &Entry) {
        if let Err(error) = self.try_write(entry) {
            tracing::warn!(%error, "The sandbox could not write its journal");
        }
    }

    fn try_write(&self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        // One call, so that a killed process leaves whole lines and at most one half.
        lock(&self.file).write_all(&line)
    }
}

/// Reads all whole lines and cuts off a half one at the end, which a killed process leaves.
fn read(file: &mut File) -> io::Result<Vec<Entry>> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let lines = text.get(..whole).unwrap_or_default().lines();
    let entries = lines
        .map(|line| serde_json::from_str(line).map_err(|_error| foreign()))
        .collect::<io::Result<Vec<Entry>>>()?;
    if whole < text.len() {
        file.set_len(whole as u64)?;
        file.seek(io::SeekFrom::End(0))?;
    }
    Ok(entries)
}

fn foreign() -> io::Error {
    let text = "the file is not a journal of this sandbox; move it away to begin anew";
    io::Error::new(io::ErrorKind::InvalidData, text)
}

impl World {
    /// The world that the configured journal tells of, or a new one that keeps it.
    ///
    /// # Errors
    /// When the journal cannot be used.
    pub fn open(mut config: SandboxConfig) -> io::Result<Self> {
        let Some(path) = config.journal.clone() else {
            return Ok(Self::new(config));
        };
        let (journal, entries) = Journal::open(&path, &mut config, Clock::default().now())?;
        let world = Self::bare(config, Some(journal));
        for entry in entries {
            world.replay(entry);
        }
        world.issue_account_token();
        Ok(world)
    }

    fn replay(&self, entry: Entry) {
        match entry {
            Entry::Begun { .. } => {}
            Entry::Added { vendor, at, patch } => {
                let index = self.book(vendor).add(patch, at);
                self.note_call(vendor, index, Action::Added, at);
            }
            Entry::Changed {
                vendor,
                at,
                index,
                patch,
            } => {
                if self.book(vendor).change(index, patch, at).is_some() {
                    self.note_call(vendor, index, Action::Changed, at);
                }
            }
            Entry::Deleted { vendor, at, index } => {
                if self.book(vendor).delete(index, at).is_some() {
                    self.note_call(vendor, index, Action::Deleted, at);
                }
            }
            Entry::Restored { vendor, at, index } => {
                if self.book(vendor).restore(index, at).is_some() {
                    self.note_call(vendor, index, Action::Changed, at);
                }
            }
            Entry::Token { vendor, token } => self.tokens.restore(vendor, token),
        }
    }

    pub(super) fn keep(&self, entry: impl FnOnce() -> Entry) {
        if let Some(journal) = &self.journal {
            journal.write(&entry());
        }
    }

    pub(super) fn keep_token(&self, vendor: Vendor, token: &Token) {
        self.keep(|| Entry::Token {
            vendor,
            token: token.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::tokens::TokenKind;

    fn world(path: &Path, calls: u32) -> World {
        World::open(SandboxConfig {
            seed: 7,
            calls_per_vendor: calls,
            journal: Some(path.to_owned()),
            ..SandboxConfig::default()
        })
        .unwrap()
    }

    fn ids(world: &World, vendor: Vendor) -> Vec<(String, u32, bool)> {
        let entries = world.ledger_page(vendor, 0, 1_000).entries.into_iter();
        entries
            .filter(|entry| entry.call_id.is_some())
            .map(|entry| (entry.id, entry.version, entry.deleted))
            .collect()
    }

    #[test]
    fn the_next_sandbox_is_the_same_one() {
        let directory =
            std::env::temp_dir().join(format!("callweave-journal-{}", std::process::id()));
        let path = directory.join("journal.jsonl");
        let before = world(&path, 5);
        before.add_call(Vendor::Neuro, CallPatch::default());
        before.change_call(Vendor::Neuro, 5, CallPatch::default());
        before.delete_call(Vendor::Neuro, 2);
        let (access, refresh) = before.issue_pair(Vendor::Neuro);
        before.spend_refresh(Vendor::Neuro, &refresh.value).unwrap();
        let told = ids(&before, Vendor::Neuro);
        let account = before.credentials("http://sandbox.example");
        let epoch = before.epoch();
        drop(before);
        // What a killed process leaves.
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"{\"entry\":\"add").unwrap();

        let after = world(&path, 99);
        assert_eq!(after.epoch(), epoch);
        assert_eq!(ids(&after, Vendor::Neuro), told);
        assert_eq!(after.credentials("http://sandbox.example"), account);
        let check = after.check_token(Vendor::Neuro, TokenKind::Access, &access.value);
        assert!(check.is_ok());
        assert!(after.spend_refresh(Vendor::Neuro, &refresh.value).is_err());
        after.add_call(Vendor::CallGear, CallPatch::default());
        drop(after);
        assert_eq!(world(&path, 5).live_calls(Vendor::CallGear).len(), 6);

        fs::write(&path, "something else\n").unwrap();
        let config = SandboxConfig {
            journal: Some(path),
            ..SandboxConfig::default()
        };
        assert!(World::open(config).is_err());
        fs::remove_dir_all(directory).unwrap();
    }
}
