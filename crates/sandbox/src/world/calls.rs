//! The calls of the vendors: reading them, and what happens to them.

use jiff::{SignedDuration, Timestamp};

use super::{
    ANALYSIS_LAG_S, CallHead, SEEDED_SPAN_S, World,
    book::Edit,
    journal::Entry,
    ledger::{Action, LedgerEvent},
};
use crate::{
    call::{self, Call, patch::CallPatch},
    random::mix,
    vendor::Vendor,
    vendors,
};

impl World {
    /// The calls that exist, oldest first.
    pub(crate) fn live_calls(&self, vendor: Vendor) -> Vec<u32> {
        self.book(vendor).live().to_vec()
    }

    /// The calls that exist, least recently changed first.
    pub(crate) fn recent_calls(&self, vendor: Vendor) -> Vec<u32> {
        self.book(vendor).recent().to_vec()
    }

    /// What is known of a call without generating its text; deleted ones included.
    pub(crate) fn call_head(&self, vendor: Vendor, index: u32) -> Option<CallHead> {
        let (edit, seeded) = self.edit(vendor, index)?;
        Some(self.head(vendor, index, edit.as_ref(), seeded))
    }

    /// A call that exists, as it is now.
    pub(crate) fn call(&self, vendor: Vendor, index: u32) -> Option<Call> {
        let (edit, seeded) = self.edit(vendor, index)?;
        let head = self.head(vendor, index, edit.as_ref(), seeded);
        (!head.deleted).then(|| self.generate(vendor, head, edit.as_ref()))
    }

    /// A call as it is now, or as it last was before it was deleted.
    pub(crate) fn call_even_deleted(&self, vendor: Vendor, index: u32) -> Option<(Call, bool)> {
        let (edit, seeded) = self.edit(vendor, index)?;
        let head = self.head(vendor, index, edit.as_ref(), seeded);
        Some((self.generate(vendor, head, edit.as_ref()), head.deleted))
    }

    /// Adds a call; what the patch leaves open is generated. Gives the call's index.
    pub(crate) fn add_call(&self, vendor: Vendor, mut patch: CallPatch) -> u32 {
        let now = self.now();
        // A call keeps its start when it changes later, so the start is pinned here.
        patch.started_at = patch.started_at.or_else(|| {
            now.checked_sub(SignedDuration::from_secs(ANALYSIS_LAG_S))
                .ok()
        });
        let index = {
            // The journal's lines stand in the order of the book.
            let mut book = self.book(vendor);
            self.keep(|| Entry::Added {
                vendor,
                at: now,
                patch: patch.clone(),
            });
            book.add(patch, now)
        };
        self.note_call(vendor, index, Action::Added, now);
        index
    }

    /// Changes a call; one point of its checklist is judged in another way, and what the patch
    /// names is set. A call keeps its start. False when there is no such call.
    pub(crate) fn change_call(&self, vendor: Vendor, index: u32, mut patch: CallPatch) -> bool {
        // The order of the calls, and the ids of some vendors, hang on the start of a call.
        patch.started_at = None;
        let at = self.now();
        let changed = {
            let mut book = self.book(vendor);
            self.keep(|| Entry::Changed {
                vendor,
                at,
                index,
                patch: patch.clone(),
            });
            book.change(index, patch, at).is_some()
        };
        if changed {
            self.note_call(vendor, index, Action::Changed, at);
        }
        changed
    }

    /// Deletes a call; false when there is no such call.
    pub(crate) fn delete_call(&self, vendor: Vendor, index: u32) -> bool {
        let at = self.now();
        let deleted = {
            let mut book = self.book(vendor);
            self.keep(|| Entry::Deleted { vendor, at, index });
            book.delete(index, at).is_some()
        };
        if deleted {
            self.note_call(vendor, index, Action::Deleted, at);
        }
        deleted
    }

    /// Brings a deleted call back; false when there is no such call.
    pub(crate) fn restore_call(&self, vendor: Vendor, index: u32) -> bool {
        let at = self.now();
        let restored = {
            let mut book = self.book(vendor);
            self.keep(|| Entry::Restored { vendor, at, index });
            book.restore(index, at).is_some()
        };
        if restored {
            self.note_call(vendor, index, Action::Changed, at);
        }
        restored
    }

    fn edit(&self, vendor: Vendor, index: u32) -> Option<(Option<Edit>, u32)> {
        let book = self.book(vendor);
        book.knows(index)
            .then(|| (book.edit(index).cloned(), book.seeded()))
    }

    pub(super) fn generate(&self, vendor: Vendor, head: CallHead, edit: Option<&Edit>) -> Call {
        let mut call = call::generate(self.config.seed, vendor, head);
        if let Some(edit) = edit {
            edit.patch.apply(&mut call);
        }
        call
    }

    pub(super) fn head(
        &self,
        vendor: Vendor,
        index: u32,
        edit: Option<&Edit>,
        seeded: u32,
    ) -> CallHead {
        let pinned = edit.and_then(|edit| edit.patch.started_at);
        let started_at = pinned.unwrap_or_else(|| self.seeded_start(vendor, index, seeded));
        let analysed = started_at.checked_add(SignedDuration::from_secs(ANALYSIS_LAG_S));
        CallHead {
            index,
            version: edit.map_or(1, |edit| edit.version),
            deleted: edit.is_some_and(|edit| edit.deleted),
            started_at,
            changed_at: edit.map_or(analysed.unwrap_or(started_at), |edit| edit.changed_at),
        }
    }

    /// Seeded calls lie evenly before the epoch, each somewhere in its own slot, so that a higher
    /// index is a later call.
    fn seeded_start(&self, vendor: Vendor, index: u32, seeded: u32) -> Timestamp {
        let span_ms = (SEEDED_SPAN_S - ANALYSIS_LAG_S) * 1_000;
        let slot_ms = span_ms / i64::from(seeded.max(1));
        let slots_before = i64::from(seeded.saturating_sub(index));
        let bound = u64::try_from(slot_ms).unwrap_or(0);
        let jitter = mix(&[self.config.seed, vendor.number(), u64::from(index), 0x57a7])
            .checked_rem(bound)
            .and_then(|jitter| i64::try_from(jitter).ok())
            .unwrap_or(0);
        let before_ms = slots_before * slot_ms - jitter + ANALYSIS_LAG_S * 1_000;
        // Whole seconds: two of the vendors have no finer times.
        let start = self.epoch.as_second() - before_ms / 1_000;
        Timestamp::from_second(start).unwrap_or(self.epoch)
    }

    pub(super) fn note_call(&self, vendor: Vendor, index: u32, action: Action, at: Timestamp) {
        let Some((call, _)) = self.call_even_deleted(vendor, index) else {
            return;
        };
        for record in vendors::records(self, &call) {
            self.ledger.append(
                at,
                LedgerEvent {
                    vendor,
                    kind: record.kind,
                    id: record.id,
                    call_id: Some(record.call_id),
                    version: call.version,
                    action,
                    facts: record.facts,
                },
            );
        }
    }
}
