//! Listing analysed calls, and fetching one of them.

use std::time::Duration;

use async_trait::async_trait;
use callweave_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CallContext, Change, RecordRef, Result};

/// Where a walk stands: opaque to the gateway, owned by the vendor, with a version inside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub Value);

/// What a walk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// What is new or changed since the last complete walk; everything on the first one.
    Incremental,
    /// Everything the vendor has; what is not met on it is a candidate for deletion.
    Full,
    /// What happened in a span of time (a backfill), as far as the vendor can tell.
    Window {
        /// From, inclusive.
        from: Timestamp,
        /// To, exclusive.
        to: Timestamp,
    },
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// There is more; ask with this cursor.
    More(Cursor),
    /// The walk is complete, and proved to be. The next incremental walk begins at `resume`.
    Done {
        /// Where the next incremental walk begins.
        resume: Cursor,
    },
    /// The walk met signs that pages shifted under it (a seam that does not fit, a total that
    /// disagrees): it ends without proof and must be walked again from `resume`.
    Unproved {
        /// Where to begin again.
        resume: Cursor,
        /// What did not fit, in words that hold no personal data.
        reason: String,
    },
}

/// One page of a walk.
#[derive(Clone, Debug)]
pub struct Page {
    /// What it says, in the vendor's order.
    pub changes: Vec<Change>,
    /// What follows.
    pub next: Next,
    /// How many records the walk will meet in all, where the vendor says.
    pub total_hint: Option<u64>,
}

/// What walking a window costs, beyond one request a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowCost {
    /// Requests for each record that is fetched, as a rule.
    pub requests_per_record: u32,
    /// The vendor cannot look into a span of time: all of its records are listed whatever is asked
    /// for.
    pub lists_everything: bool,
    /// The vendor charges for it.
    pub charged: bool,
}

/// Lists analysed calls, page by page.
#[async_trait]
pub trait Pull: Send + Sync {
    /// The streams that are walked one by one, each with a cursor of its own (one per voice
    /// agent, for example). Their names are stable.
    async fn streams(&self, context: &CallContext<'_>) -> Result<Vec<String>>;

    /// Fetches one page. `cursor` is `None` at the very beginning of a walk; for an incremental
    /// walk it is the `resume` of the one before, when there was one.
    async fn page(
        &self,
        context: &CallContext<'_>,
        stream: &str,
        walk: Walk,
        cursor: Option<&Cursor>,
    ) -> Result<Page>;

    /// Whether a record that a full walk does not meet is missing at the vendor. `false` where
    /// lists are windows that cannot prove absence.
    fn full_walk_proves_absence(&self) -> bool {
        true
    }

    /// How far back a full walk looks. `None`: at everything there is. A call from before that is
    /// not missed on any walk.
    fn full_walk_depth(&self) -> Option<Duration> {
        None
    }

    /// What walking a window costs.
    fn window_cost(&self) -> WindowCost {
        WindowCost {
            requests_per_record: 1,
            lists_everything: false,
            charged: false,
        }
    }
}

/// Fetches one record by its vendor id.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The kind of record that stands for a call which the gateway knows only by id.
    fn call_record_kind(&self) -> &'static str;

    /// Fetches a record with all that belongs to it and translates it.
    ///
    /// A record that the vendor does not know is [`Change::Gone`], one that is not ready is
    /// [`Change::NotReady`], one that cannot be translated is [`Change::Quarantined`]; an error is
    /// only what concerns the connection or the moment.
    ///
    /// `hint` is the one that came with the record's last [`Change::Seen`]; `None` for a record
    /// that was never listed, and an implementation does what it can without it.
    async fn fetch(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        hint: Option<&Value>,
    ) -> Result<Change>;

    /// Translates a record again from its stored documents, without a vendor call. `None` when
    /// the documents do not suffice.
    fn remap(&self, record: &RecordRef, raw: &[crate::RawDocument]) -> Option<Change>;

    /// Checks that `remote_id` can be an id of this vendor's calls, before anything is stored.
    fn validate_call_id(&self, remote_id: &str) -> std::result::Result<(), String>;
}
