//! A call on its way through a batch: what comes in, and what becomes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use callweave_model::{AnalyzedCall, CallId, MAPPER_VERSION, Timestamp, merge};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Applied, ConnectionScope, row::Loaded, withdraw, write::Written};
use crate::{
    convert,
    events::Event,
    records::{Fetched, News},
};

/// The most pointers of one call that are kept as unmapped.
const MOST_UNMAPPED: usize = 200;

/// A record by its kind and its vendor's id.
pub(super) type RecordKey = (String, String);

/// The key of a record, as the table of records has it.
pub(super) fn key(record: &Fetched) -> RecordKey {
    (
        convert::text(&record.kind),
        convert::text(&record.remote_id),
    )
}

/// A call on its way through a batch.
pub(super) struct Pending {
    pub(super) before: Option<Loaded>,
    pub(super) first_seen_at: Timestamp,
    /// The call as its vendor tells it.
    pub(super) now: Option<AnalyzedCall>,
    pub(super) unmapped: BTreeSet<String>,
    /// Its records that stand.
    pub(super) records: BTreeSet<RecordKey>,
    /// Those of them that the vendor keeps no longer.
    pub(super) aged: BTreeSet<RecordKey>,
    pub(super) mapper_version: i32,
    pub(super) observed_at: Timestamp,
    evidence: Option<String>,
    touched: bool,
    /// What the change is put down to, where it is no news of the vendor.
    cause: Option<&'static str>,
}

impl Pending {
    pub(super) fn new(
        before: Option<Loaded>,
        first_seen_at: Timestamp,
        records: BTreeSet<RecordKey>,
        aged: BTreeSet<RecordKey>,
    ) -> Self {
        let live = before.as_ref().filter(|loaded| loaded.deleted_at.is_none());
        Self {
            now: live.map(|loaded| loaded.call.clone()),
            mapper_version: live.map_or(MAPPER_VERSION, |loaded| loaded.mapper_version),
            unmapped: before
                .as_ref()
                .map(|loaded| loaded.unmapped.iter().cloned().collect())
                .unwrap_or_default(),
            observed_at: before
                .as_ref()
                .map_or(first_seen_at, |loaded| loaded.observed_at),
            before,
            first_seen_at,
            records,
            aged,
            evidence: None,
            touched: false,
            cause: None,
        }
    }

    /// Whether a record tells an older state of the call than the one that is known: its vendor
    /// answered out of a cache.
    pub(super) fn is_ahead_of(&self, record: &Fetched) -> bool {
        let News::Upsert { call, share, .. } = &record.news else {
            return false;
        };
        // A record that came without the vendor's documents is not the vendor's word.
        let comparable = *share == merge::Share::Whole && !record.documents.is_empty();
        let known = self.now.as_ref().and_then(|known| known.vendor_updated_at);
        comparable
            && matches!((known, call.vendor_updated_at), (Some(known), Some(told)) if told < known)
    }

    /// Takes one record in; its call moves here.
    pub(super) fn take(&mut self, record: &mut Fetched) {
        let key = key(record);
        match &mut record.news {
            News::Upsert {
                call,
                share,
                unmapped,
                ..
            } => {
                self.aged.remove(&key);
                self.records.insert(key);
                let call = mem::replace(call.as_mut(), AnalyzedCall::new(""));
                self.absorb(call, *share, unmapped);
            }
            News::NotReady { call, due_at } => {
                if call.is_none() && due_at.is_some() {
                    return;
                }
                self.wait(call.as_deref(), due_at.is_none());
            }
            News::Gone { evidence } => {
                self.records.remove(&key);
                self.aged.remove(&key);
                self.withdraw(&record.remote_id, evidence);
            }
            News::Aged { .. } => {
                self.aged.insert(key);
            }
            News::Quarantined { .. } | News::Foreign { .. } => return,
        }
        self.observed_at = self.observed_at.max(record.observed_at);
        self.touched = true;
    }

    fn absorb(&mut self, call: AnalyzedCall, share: merge::Share, unmapped: &[String]) {
        let known = self.now.take();
        if known.is_none() || share == merge::Share::Whole {
            self.mapper_version = MAPPER_VERSION;
        }
        self.now = Some(merge::absorb(known, call, share));
        if share == merge::Share::Whole {
            self.unmapped.clear();
        }
        self.unmapped.extend(unmapped.iter().cloned());
    }

    /// The vendor has nothing ready: what is known of the call is better than nothing, and when
    /// nobody looks again, what is still pending has failed.
    fn wait(&mut self, call: Option<&AnalyzedCall>, given_up: bool) {
        if let (None, Some(call)) = (&self.now, call) {
            self.now = Some(merge::absorb(None, call.clone(), merge::Share::Whole));
        }
        if given_up && let Some(call) = self.now.as_mut() {
            call.expire_pending();
        }
    }

    fn withdraw(&mut self, remote_id: &str, evidence: &str) {
        let others = !self.records.is_empty();
        self.now = self
            .now
            .take()
            .and_then(|call| withdraw::withdraw(call, remote_id, others));
        self.evidence = Some(evidence.to_owned());
    }

    /// A record tells of another call from now on.
    pub(super) fn leave(&mut self, record: &Fetched) {
        let key = key(record);
        self.records.remove(&key);
        self.aged.remove(&key);
        self.withdraw(
            &record.remote_id,
            "its record belongs to another call at the vendor now",
        );
        self.touched = true;
    }

    /// Replaces the call by what its stored documents tell, mapped again.
    pub(super) fn rebuild(&mut self, call: AnalyzedCall, unmapped: BTreeSet<String>) {
        self.now = Some(call);
        self.unmapped = unmapped;
        self.mapper_version = MAPPER_VERSION;
        self.touched = true;
        self.cause = Some("remapped");
    }

    /// The vendor keeps nothing of it any more.
    fn is_aged(&self) -> bool {
        !self.records.is_empty() && self.records.is_subset(&self.aged)
    }

    /// Decides what is to be written of the call; `None` when nothing is.
    fn settle(self, id: CallId, scope: &ConnectionScope, now: Timestamp) -> Option<Written> {
        let aged = self.is_aged();
        let decided = Written::decide(
            id,
            scope.id.0,
            self.before.as_ref(),
            self.now,
            self.first_seen_at,
            now,
        );
        let expired_before = self
            .before
            .as_ref()
            .and_then(|loaded| loaded.vendor_expired_at);
        let mut row = match (decided, self.before) {
            (Some(row), _) => row,
            (None, Some(loaded))
                if loaded.deleted_at.is_none() && aged != expired_before.is_some() =>
            {
                let cause = if aged { "vendor_expired" } else { "updated" };
                let changed = vec!["_meta".to_owned()];
                Written::with_notes(id, loaded, self.first_seen_at, changed).caused_by(cause)
            }
            _ => return None,
        };
        if row.cause == "updated" {
            row.cause = self.cause.unwrap_or("updated");
        }
        row.unmapped = self.unmapped.into_iter().take(MOST_UNMAPPED).collect();
        row.observed_at = self.observed_at;
        row.mapper_version = self.mapper_version;
        row.deletion_evidence = row.deletion_evidence.and(self.evidence);
        row.vendor_expired_at =
            (aged && row.deleted_at.is_none()).then(|| expired_before.unwrap_or(now));
        Some(row)
    }
}

/// Decides what becomes of every call: nothing, a new version, a tombstone.
pub(super) fn settle(
    scope: &ConnectionScope,
    pending: BTreeMap<Uuid, Pending>,
    applied: &mut Applied,
    now: Timestamp,
) -> (Vec<Written>, Vec<Event>) {
    let mut written = Vec::new();
    let mut events = Vec::new();
    for (id, call) in pending {
        let row = if call.touched {
            call.settle(CallId(id), scope, now)
        } else {
            None
        };
        let Some(row) = row else {
            applied.unchanged += 1;
            continue;
        };
        match row.cause {
            "created" => applied.created += 1,
            "restored" => applied.restored += 1,
            "deleted" => applied.deleted += 1,
            _ => applied.updated += 1,
        }
        events.extend(events_of(scope, &row));
        written.push(row);
    }
    (written, events)
}

fn events_of(scope: &ConnectionScope, row: &Written) -> Vec<Event> {
    let event = |event_type: &'static str, data: Value| Event {
        event_type,
        connection: Some(scope.id),
        subject: Some(row.id.0),
        data,
    };
    let event_type = match row.cause {
        "created" => "call.created",
        "restored" => "call.restored",
        "deleted" => "call.deleted",
        _ => "call.updated",
    };
    let mut base = json!({"vendor": scope.vendor, "version": row.version, "changed": row.changed});
    if let (Value::Object(members), "remapped" | "vendor_expired") = (&mut base, row.cause) {
        members.insert("cause".to_owned(), json!(row.cause));
    }
    let mut events = vec![event(event_type, base)];
    for (artifact, event_type) in [
        ("transcript", "transcript.ready"),
        ("analysis", "analysis.ready"),
        ("recording", "media.ready"),
    ] {
        if row.became_ready(artifact) {
            events.push(event(event_type, json!({"vendor": scope.vendor})));
        }
    }
    events
}
