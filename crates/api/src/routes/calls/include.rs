//! `include=`: what an answer shows besides the call itself.

use crate::{
    Caller,
    extract::query::{Kind, Param, Query},
    problem::Problem,
    wire::call::Shown,
};

/// The parameter.
pub(super) const INCLUDE: Param = Param::new(
    "include",
    Kind::Words(&[
        "transcript",
        "analyses",
        "media",
        "vendor_values",
        "provenance",
        "freshness",
        "deleted",
    ]),
    "What to show besides: `transcript` (needs the scope `transcripts:read`; shows the log of AI \
     dialogs in `attempts` too), `analyses`, `media` \
     (always shown), `vendor_values` (all vendor words, not only untranslated ones), `provenance` \
     (the vendor's documents behind the call, and what of them no mapper consumed), `freshness` \
     (`_meta.data_fresh_as_of`, which moves without the call; always shown in lists), `deleted` \
     (deleted calls too).",
);

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Include {
    pub(super) shown: Shown,
    pub(super) deleted: bool,
}

impl Include {
    pub(super) fn read(query: &Query) -> Self {
        let has = |word: &str| query.has("include", word);
        Self {
            shown: Shown {
                transcript: has("transcript"),
                analyses: has("analyses"),
                vendor_values: has("vendor_values"),
                provenance: has("provenance"),
                freshness: has("freshness"),
            },
            deleted: has("deleted"),
        }
    }

    /// Refuses a caller who may not see what was asked for.
    pub(super) fn authorize(self, caller: &Caller) -> Result<(), Problem> {
        if self.shown.transcript {
            caller.require(&["transcripts:read"])?;
        }
        Ok(())
    }
}
