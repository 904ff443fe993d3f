//! Records, as tests and the control surface name them, and the ledger as it is read.

use serde_json::{Value, json};

use super::{
    SEQ_PER_CALL, World,
    ledger::{Action, LedgerEntry, LedgerPage},
};
use crate::{
    call::patch::CallPatch,
    vendor::Vendor,
    vendors::{self, RecordFacts},
};

impl World {
    /// Adds a call and gives the vendor's ids of its records.
    pub fn add_record(&self, vendor: Vendor, patch: CallPatch) -> Vec<String> {
        let index = self.add_call(vendor, patch);
        self.records_of(vendor, index)
            .into_iter()
            .map(|record| record.id)
            .collect()
    }

    /// Changes the call behind this vendor id; false when there is none.
    pub fn change_record(&self, vendor: Vendor, id: &str, patch: CallPatch) -> bool {
        vendors::find_call(self, vendor, id)
            .is_some_and(|index| self.change_call(vendor, index, patch))
    }

    /// Deletes the call behind this vendor id; false when there is none.
    pub fn delete_record(&self, vendor: Vendor, id: &str) -> bool {
        vendors::find_call(self, vendor, id).is_some_and(|index| self.delete_call(vendor, index))
    }

    /// Brings the deleted call behind this vendor id back; false when there is none.
    pub fn restore_record(&self, vendor: Vendor, id: &str) -> bool {
        vendors::find_call(self, vendor, id).is_some_and(|index| self.restore_call(vendor, index))
    }

    /// The truth about the call behind this vendor id, with its text.
    pub fn record(&self, vendor: Vendor, id: &str) -> Option<Value> {
        let index = vendors::find_call(self, vendor, id)?;
        let (call, deleted) = self.call_even_deleted(vendor, index)?;
        let records: Vec<Value> = vendors::records(self, &call)
            .into_iter()
            .map(|record| json!({
                "kind": record.kind, "id": record.id, "call_id": record.call_id, "facts": record.facts,
            }))
            .collect();
        Some(json!({
            "vendor": vendor, "version": call.version, "deleted": deleted,
            "changed_at": call.changed_at, "records": records, "call": call.facts(),
            "text": call.text(),
        }))
    }

    /// A stretch of the vendor's ledger: first what was seeded, then what happened.
    pub fn ledger_page(&self, vendor: Vendor, after: u64, limit: usize) -> LedgerPage {
        let limit = limit.max(1);
        let mut entries = Vec::new();
        let seeded = self.book(vendor).seeded();
        let mut index = u32::try_from(after / SEQ_PER_CALL).unwrap_or(u32::MAX);
        while index < seeded && entries.len() < limit {
            entries.extend(
                self.seeded_entries(vendor, index)
                    .filter(|entry| entry.seq > after),
            );
            index += 1;
        }
        let mut more = index < seeded;
        if entries.len() < limit {
            let rest = limit - entries.len();
            let (events, left) = self.ledger.after(vendor, after, rest);
            entries.extend(events);
            more = left;
        } else if !more {
            more = !self
                .ledger
                .after(vendor, self.ledger.first_seq() - 1, 1)
                .0
                .is_empty();
        }
        let next_after = entries.last().map_or(after, |entry| entry.seq);
        LedgerPage {
            entries,
            next_after,
            more,
        }
    }

    fn seeded_entries(&self, vendor: Vendor, index: u32) -> impl Iterator<Item = LedgerEntry> {
        let head = self.head(vendor, index, None, self.book(vendor).seeded());
        let call = self.generate(vendor, head, None);
        let at = call.changed_at;
        let first = u64::from(index) * SEQ_PER_CALL + 1;
        let numbers = first..first + SEQ_PER_CALL;
        numbers
            .zip(vendors::records(self, &call))
            .map(move |(seq, record)| LedgerEntry {
                seq,
                at,
                vendor,
                kind: record.kind.to_owned(),
                id: record.id,
                call_id: Some(record.call_id),
                version: 1,
                deleted: false,
                action: Action::Seeded,
                facts: record.facts,
            })
    }

    fn records_of(&self, vendor: Vendor, index: u32) -> Vec<RecordFacts> {
        self.call_even_deleted(vendor, index)
            .map(|(call, _)| vendors::records(self, &call))
            .unwrap_or_default()
    }
}
