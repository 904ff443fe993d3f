//! What a test hung on a call, without generating the call.

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
}
