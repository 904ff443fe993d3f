//! What a vendor's answer means for the gateway's store.

use callweave_model::{AnalyzedCall, merge::Share};

use crate::raw::RawDocument;

/// The name of one vendor record, the unit in which a vendor lists, changes and deletes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordRef {
    /// The vendor's kind of record, e.g. `scenario_result`, `dialog`, `task`, `call`.
    pub kind: String,
    /// The vendor's id of the record, as text.
    pub remote_id: String,
}

impl RecordRef {
    /// A record of a kind.
    pub fn new(kind: &str, remote_id: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            remote_id: remote_id.into(),
        }
    }
}

/// One thing a vendor's answer says.
#[derive(Clone, Debug)]
pub enum Change {
    /// The record exists and looks so. The gateway compares `fingerprint` with the one it saw
    /// last and asks [`crate::Lookup`] for the record when they differ.
    Seen {
        /// The record.
        record: RecordRef,
        /// Changes whenever the listed form of the record changes; see [`crate::raw::fingerprint`].
        fingerprint: Vec<u8>,
        /// What the list tells and [`crate::Lookup`] needs (the ids of a dialog's attempts, the
        /// listed row). The gateway keeps it beside the record and hands it to `fetch`; opaque to
        /// it, owned by the vendor, at most some kilobytes.
        hint: Option<serde_json::Value>,
    },
    /// The record, translated.
    Upsert(Box<Upsert>),
    /// The vendor says that the record is not ready yet: ask again later.
    NotReady {
        /// The record.
        record: RecordRef,
        /// What is known of the call already, if anything.
        call: Option<Box<AnalyzedCall>>,
        /// The vendor's answers behind it.
        raw: Vec<RawDocument>,
    },
    /// The vendor says that the record does not exist (any more).
    Gone {
        /// The record.
        record: RecordRef,
        /// The answer that says so, in words that hold no personal data.
        evidence: String,
    },
    /// The record could not be translated; it costs itself only.
    Quarantined {
        /// The record, where its id could be read.
        record: RecordRef,
        /// What the vendor sent.
        raw: Vec<RawDocument>,
        /// Why it could not be translated, in words that hold no personal data.
        reason: String,
        /// The JSON pointer of the offending member, where it is known.
        pointer: Option<String>,
    },
    /// The record belongs to another account than the connection's: nothing of it may be kept.
    Foreign {
        /// The record.
        record: RecordRef,
        /// What says so, in words that hold no personal data.
        reason: String,
        /// The JSON pointer of the member that says so.
        pointer: Option<String>,
    },
}

/// A translated record.
#[derive(Clone, Debug)]
pub struct Upsert {
    /// The record.
    pub record: RecordRef,
    /// The call, or the share of it that this record tells.
    pub call: AnalyzedCall,
    /// How much of the call this record tells.
    pub share: Share,
    /// The vendor's answers behind it.
    pub raw: Vec<RawDocument>,
    /// JSON pointers into `raw` that no mapper consumed, as `<operation><pointer>`.
    pub unmapped: Vec<String>,
    /// The gateway should look again although this answer is complete in itself (an analysis is
    /// still running, a recording not there yet).
    pub unfinished: bool,
}

impl Upsert {
    /// A complete translation of a record without unmapped members.
    pub fn new(record: RecordRef, call: AnalyzedCall, share: Share) -> Self {
        Self {
            record,
            call,
            share,
            raw: Vec::new(),
            unmapped: Vec::new(),
            unfinished: false,
        }
    }
}
