//! Which calls of a vendor exist, and what has changed since they were seeded.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::call::patch::CallPatch;

/// The calls of one vendor: a number of seeded ones and a small overlay of what happened since.
#[derive(Debug)]
pub(crate) struct Book {
    seeded: u32,
    next: u32,
    live: Vec<u32>,
    recent: Vec<u32>,
    edits: HashMap<u32, Edit>,
}

/// What happened to one call since it was seeded.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    /// 1 for a call as it was first seen.
    pub(crate) version: u32,
    /// The vendor no longer has it.
    pub(crate) deleted: bool,
    /// The instant of the latest change.
    pub(crate) changed_at: Timestamp,
    /// All that was asked to differ from the generated call.
    pub(crate) patch: CallPatch,
}

impl Book {
    /// A book of so many seeded calls.
    pub(crate) fn new(seeded: u32) -> Self {
        Self {
            seeded,
            next: seeded,
            live: (0..seeded).collect(),
            recent: (0..seeded).collect(),
            edits: HashMap::new(),
        }
    }

    /// How many calls were there at the start.
    pub(crate) const fn seeded(&self) -> u32 {
        self.seeded
    }

    /// The calls that were added or changed, deleted ones included, in no order.
    pub(crate) fn edited(&self) -> impl Iterator<Item = u32> {
        self.edits.keys().copied()
    }

    /// The calls that exist, oldest first.
    pub(crate) fn live(&self) -> &[u32] {
        &self.live
    }

    /// The calls that exist, least recently changed first.
    pub(crate) fn recent(&self) -> &[u32] {
        &self.recent
    }

    /// The overlay of a call that was added or changed.
    pub(crate) fn edit(&self, index: u32) -> Option<&Edit> {
        self.edits.get(&index)
    }

    /// Whether the call was ever known.
    pub(crate) const fn knows(&self, index: u32) -> bool {
        index < self.next
    }

    /// Adds a call and gives its index.
    pub(crate) fn add(&mut self, patch: CallPatch, now: Timestamp) -> u32 {
        let index = self.next;
        self.next = self.next.saturating_add(1);
        self.live.push(index);
        self.recent.push(index);
        self.edits.insert(
            index,
            Edit {
                version: 1,
                deleted: false,
                changed_at: now,
                patch,
            },
        );
        index
    }

    /// Changes a call that exists and gives its new version.
    pub(crate) fn change(&mut self, index: u32, patch: CallPatch, now: Timestamp) -> Option<u32> {
        if !self.knows(index) || self.is_deleted(index) {
            return None;
        }
        let edit = self.edits.entry(index).or_insert_with(|| Edit {
            version: 1,
            deleted: false,
            changed_at: now,
            patch: CallPatch::default(),
        });
        edit.version = edit.version.saturating_add(1);
        edit.changed_at = now;
        edit.patch.merge(patch);
        let version = edit.version;
        self.recent.retain(|known| *known != index);
        self.recent.push(index);
        Some(version)
    }

    /// Deletes a call that exists and gives the version of the deletion.
    pub(crate) fn delete(&mut self, index: u32, now: Timestamp) -> Option<u32> {
        let version = self.change(index, CallPatch::default(), now)?;
        if let Some(edit) = self.edits.get_mut(&index) {
            edit.deleted = true;
        }
        self.live.retain(|known| *known != index);
        self.recent.retain(|known| *known != index);
        Some(version)
    }

    /// Brings a deleted call back and gives the version of that.
    pub(crate) fn restore(&mut self, index: u32, now: Timestamp) -> Option<u32> {
        let edit = self.edits.get_mut(&index).filter(|edit| edit.deleted)?;
        edit.deleted = false;
        edit.version = edit.version.saturating_add(1);
        edit.changed_at = now;
        let version = edit.version;
        let place = self.live.partition_point(|known| *known < index);
        self.live.insert(place, index);
        self.recent.push(index);
        Some(version)
    }

    /// Whether the call was deleted.
    pub(crate) fn is_deleted(&self, index: u32) -> bool {
        self.edits.get(&index).is_some_and(|edit| edit.deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_call_becomes_the_most_recent_and_a_deleted_one_goes() {
        let now = Timestamp::UNIX_EPOCH;
        let mut book = Book::new(3);
        assert_eq!(book.change(0, CallPatch::default(), now), Some(2));
        assert_eq!(book.recent(), [1, 2, 0]);
        assert_eq!(book.add(CallPatch::default(), now), 3);
        assert_eq!(book.delete(1, now), Some(2));
        assert_eq!(book.delete(1, now), None);
        assert_eq!(book.live(), [0, 2, 3]);
        assert_eq!(book.recent(), [2, 0, 3]);
        assert!(book.is_deleted(1) && book.knows(1) && !book.knows(4));
        assert_eq!(book.restore(1, now), Some(3));
        assert_eq!(book.restore(1, now), None);
        assert_eq!(
            (book.live(), book.recent()),
            (&[0, 1, 2, 3][..], &[2, 0, 3, 1][..])
        );
    }
}
