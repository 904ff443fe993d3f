//! The ledger of the truth: what the vendors really had, issued and were asked for.

use std::{collections::HashMap, sync::Mutex};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lock;
use crate::vendor::Vendor;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The record was there from the start.
    Seeded,
    /// The record appeared.
    Added,
    /// The record changed.
    Changed,
    /// The record went away.
    Deleted,
    /// A token was given out.
    Issued,
    /// A token was given out in exchange for a refresh token.
    Refreshed,
    /// A refresh token was used up.
    Spent,
    /// A token was taken back.
    Revoked,
    /// Something was refused: a token used twice, a submission that made no sense.
    Rejected,
    /// Somebody logged in.
    Login,
    /// Somebody tried to log in with wrong credentials.
    LoginRejected,
    /// Work was handed in: an analysis, a dialog, an upload.
    Submitted,
}

/// One line of the ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Ascending per vendor, with gaps.
    pub seq: u64,
    /// When it happened, by the sandbox's clock.
    pub at: Timestamp,
    /// Whose it is.
    pub vendor: Vendor,
    /// What kind of thing: `result`, `call`, `dialog`, `task`, `token`, `login`, ...
    pub kind: String,
    /// The vendor's own id of the thing. Never a token's value.
    pub id: String,
    /// The identity of the call it belongs to.
    pub call_id: Option<String>,
    /// 1 for the first version.
    pub version: u32,
    /// Whether it is gone with this entry.
    pub deleted: bool,
    /// What happened.
    pub action: Action,
    /// The key facts, for comparison: score, times, a hash of the text.
    pub facts: Value,
}

/// A stretch of the ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LedgerPage {
    /// The entries, oldest first.
    pub entries: Vec<LedgerEntry>,
    /// Hand this in as `after` to read on.
    pub next_after: u64,
    /// Whether there is more right now.
    pub more: bool,
}

/// An entry before the ledger gave it a number and a time.
#[derive(Debug)]
pub(crate) struct LedgerEvent {
    pub(crate) vendor: Vendor,
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) call_id: Option<String>,
    pub(crate) version: u32,
    pub(crate) action: Action,
    pub(crate) facts: Value,
}

/// Everything that happened after the start. What was there at the start is not kept but computed
/// when somebody reads it, see [`super::World::ledger_page`].
#[derive(Debug)]
pub(crate) struct Ledger {
    first_seq: u64,
    events: Mutex<HashMap<Vendor, Vec<LedgerEntry>>>,
}

impl Ledger {
    /// An empty ledger whose events are numbered from here.
    pub(crate) fn new(first_seq: u64) -> Self {
        Self {
            first_seq,
            events: Mutex::new(HashMap::new()),
        }
    }

    /// The number of the first event; what was seeded has smaller numbers.
    pub(crate) const fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// Writes a line.
    pub(crate) fn append(&self, at: Timestamp, event: LedgerEvent) {
        let mut events = lock(&self.events);
        let entries = events.entry(event.vendor).or_default();
        entries.push(LedgerEntry {
            seq: self.first_seq.saturating_add(entries.len() as u64),
            at,
            vendor: event.vendor,
            kind: event.kind.to_owned(),
            id: event.id,
            call_id: event.call_id,
            version: event.version,
            deleted: event.action == Action::Deleted,
            action: event.action,
            facts: event.facts,
        });
    }

    /// Up to `limit` events after this number, and whether there are more.
    pub(crate) fn after(
        &self,
        vendor: Vendor,
        after: u64,
        limit: usize,
    ) -> (Vec<LedgerEntry>, bool) {
        let skip = after.saturating_add(1).saturating_sub(self.first_seq);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let events = lock(&self.events);
        let entries = events.get(&vendor).map_or(&[][..], Vec::as_slice);
        let rest = entries.get(skip..).unwrap_or(&[]);
        let page: Vec<LedgerEntry> = rest.iter().take(limit).cloned().collect();
        let more = rest.len() > page.len();
        (page, more)
    }
}
