//! What one request sees.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    dialog::{Dialog, LONGEST_HISTORY, agent_of, archived_start},
    state::Hold,
};
use crate::{
    vendor::Vendor,
    world::{World, options::Options},
};

/// The world as one request sees it: the options and the instant stand still meanwhile.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) world: &'a World,
    pub(crate) options: Options,
    pub(crate) seed: u64,
    pub(crate) now: Timestamp,
    pub(crate) holds: HashMap<u32, Hold>,
}

impl<'a> View<'a> {
    /// The world as it is now.
    pub(crate) fn of(world: &'a World) -> Self {
        Self {
            world,
            options: world.options(),
            seed: world.config.seed,
            now: world.now(),
            holds: world.neuro.lock().holds.clone(),
        }
    }

    /// The dialog of this call, if the call still exists.
    pub(crate) fn dialog(&self, index: u32) -> Option<Dialog> {
        let head = self.world.call_head(Vendor::Neuro, index)?;
        (!head.deleted).then(|| Dialog::of(self, &head))
    }

    /// The dialogs of one agent that have an attempt in this stretch of time, or might.
    pub(crate) fn dialogs_between(
        &self,
        agent: usize,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = Dialog> {
        let until = until.checked_add(LONGEST_HISTORY).unwrap_or(until);
        let mut indexes = self.world.calls_between(Vendor::Neuro, from, until);
        // What the archive option moves lies elsewhere than the core believes.
        indexes.extend(
            0..self
                .options
                .neuro_archived_dialogs
                .min(self.world.config.calls_per_vendor),
        );
        indexes.sort_unstable();
        indexes.dedup();
        indexes
            .into_iter()
            .filter(move |index| agent_of(self, *index) == agent)
            .filter_map(|index| self.world.call_head(Vendor::Neuro, index))
            .filter(move |head| {
                let started_at = archived_start(self, head.index).unwrap_or(head.started_at);
                !head.deleted && (from..=until).contains(&started_at)
            })
            .map(|head| Dialog::of(self, &head))
    }

    /// The newest dialogs of one agent, at most so many, newest first.
    pub(crate) fn newest_of(&self, agent: usize, most: usize) -> Vec<Dialog> {
        let indexes = self.world.live_calls(Vendor::Neuro);
        indexes
            .into_iter()
            .rev()
            .filter(|index| agent_of(self, *index) == agent)
            .take(most)
            .filter_map(|index| self.dialog(index))
            .collect()
    }
}
