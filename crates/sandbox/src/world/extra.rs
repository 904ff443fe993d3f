//! Ways into the calls that spare a big account the walk over all of them.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::World;
use crate::vendor::Vendor;

impl World {
    /// The vendor's own members of a call that was added or changed; empty for all others.
    pub(crate) fn call_extra(&self, vendor: Vendor, index: u32) -> Map<String, Value> {
        self.book(vendor)
            .edit(index)
            .map(|edit| edit.patch.extra.clone())
            .unwrap_or_default()
    }

    /// The calls that exist and were added or changed, ascending.
    pub(crate) fn edited_calls(&self, vendor: Vendor) -> Vec<u32> {
        let book = self.book(vendor);
        let mut edited: Vec<u32> = book
            .edited()
            .filter(|index| !book.is_deleted(*index))
            .collect();
        edited.sort_unstable();
        edited
    }

    /// The calls that exist and began between two instants, both included, ascending. Edited calls
    /// are always among them: those that were added may have begun at any time.
    pub(crate) fn calls_between(
        &self,
        vendor: Vendor,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<u32> {
        let (live, seeded) = {
            let book = self.book(vendor);
            (book.live().to_vec(), book.seeded())
        };
        // Seeded calls begin in the order of their indexes, whatever changed about them.
        let start = |index: u32| self.call_head(vendor, index).map(|head| head.started_at);
        let seeded = live.partition_point(|index| *index < seeded);
        let seeded = live.get(..seeded).unwrap_or_default();
        let first = seeded.partition_point(|index| start(*index).is_some_and(|at| at < from));
        let behind = seeded.partition_point(|index| start(*index).is_some_and(|at| at <= until));
        let mut found = seeded.get(first..behind).unwrap_or_default().to_vec();
        found.extend(self.edited_calls(vendor));
        found.sort_unstable();
        found.dedup();
        found
    }
}
