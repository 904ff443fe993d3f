//! From a vendor's change to what the store takes.

use std::time::Duration;

use callweave_model::{AnalyzedCall, Timestamp};
use callweave_provider::{Change, RawDocument, RecordRef, quality};
use callweave_store::{
    documents::Document,
    records::{Due, Fetched, News, Seen},
};

use crate::failure::readiness_pause;

/// How long a call whose analysis still runs rests before it is looked at again.
const UNFINISHED_PAUSE: Duration = Duration::from_secs(60);

/// A vendor that dates a change so shortly before it was read may date the next one the same.
const TICK: Duration = Duration::from_secs(2);

/// By which rules an answer is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// How long a record may be "not ready".
    pub(crate) deadline: Duration,
    /// Calls before that are older than what vendors keep.
    pub(crate) kept_since: Option<Timestamp>,
    /// A record that full walks do not meet is missing at the vendor.
    pub(crate) lists_prove_absence: bool,
}

/// What stands behind a fetch.
pub(crate) struct Fetch<'a> {
    pub(crate) due: &'a Due,
    pub(crate) observed_at: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) rules: Rules,
}

impl Fetch<'_> {
    /// When to ask again, unless the wait is given up.
    fn again(&self, pause: Duration) -> Option<Timestamp> {
        let young = self.now.since(self.due.first_seen_at) < self.rules.deadline;
        young.then(|| self.now.plus(pause))
    }

    /// What it means that the vendor has no such record. Of a listed one that alone is no proof:
    /// two full walks have to agree, or it may be a slip.
    fn absence(&self, evidence: String) -> News {
        let believed = self.due.missing || !self.due.listed || !self.rules.lists_prove_absence;
        if !believed {
            let due_at = self.again(readiness_pause(self.due.attempts));
            return News::NotReady { call: None, due_at };
        }
        let aged = matches!(
            (self.due.call_at, self.rules.kept_since),
            (Some(at), Some(kept)) if at < kept
        );
        let evidence = if self.due.missing {
            format!("two full walks did not list it; {evidence}")
        } else {
            evidence
        };
        if aged {
            News::Aged { evidence }
        } else {
            News::Gone { evidence }
        }
    }
}

/// What a listed change means: a record to be noted, or one that is complete already.
pub(crate) enum Listed {
    Seen(Seen),
    Complete(Box<Fetched>),
}

/// Translates a change of a page.
pub(crate) fn listed(change: Change, now: Timestamp, rules: Rules) -> Listed {
    match change {
        Change::Seen {
            record,
            fingerprint,
            hint,
        } => Listed::Seen(Seen {
            kind: record.kind,
            remote_id: record.remote_id,
            fingerprint,
            hint,
        }),
        other => {
            let due = Due {
                kind: String::new(),
                remote_id: String::new(),
                fingerprint: None,
                hint: None,
                attempts: 0,
                failures: 0,
                first_seen_at: now,
                listed: false,
                missing: false,
                call_at: None,
            };
            let fetch = Fetch {
                due: &due,
                observed_at: now,
                now,
                rules,
            };
            Listed::Complete(Box::new(fetched(other, &fetch)))
        }
    }
}

impl Fetch<'_> {
    /// Whether the record may change once more without its list showing it: vendors date changes to
    /// the second, and two within one look like one.
    fn is_too_early_to_tell(&self, updated_at: Option<Timestamp>) -> bool {
        let fetched_by_id = !self.due.kind.is_empty();
        fetched_by_id
            && updated_at.is_some_and(|at| {
                let apart = at.as_millis().abs_diff(self.observed_at.as_millis());
                u128::from(apart) < TICK.as_millis()
            })
    }
}

/// Translates the outcome of a fetch.
pub(crate) fn fetched(change: Change, fetch: &Fetch<'_>) -> Fetched {
    let (record, news, raw): (RecordRef, News, Vec<RawDocument>) = match change {
        Change::Upsert(upsert) => {
            let mut upsert = *upsert;
            upsert.call.flags.extend(quality::flags(&upsert.raw));
            if upsert.call.flags.contains(quality::ZERO_CHARACTERS) {
                replace_zeros(&mut upsert.call);
            }
            let mut due_at = fetch.again(UNFINISHED_PAUSE).filter(|_| upsert.unfinished);
            if upsert.unfinished && due_at.is_none() {
                upsert.call.expire_pending();
            }
            if due_at.is_none() && fetch.is_too_early_to_tell(upsert.call.vendor_updated_at) {
                due_at = Some(fetch.now.plus(TICK * 2));
            }
            let news = News::Upsert {
                call: Box::new(upsert.call),
                share: upsert.share,
                unmapped: upsert.unmapped,
                due_at,
            };
            (upsert.record, news, upsert.raw)
        }
        // What two full walks did not meet, and what is not even ready, is not there.
        Change::NotReady { record, .. } if fetch.due.missing => {
            let evidence = "the vendor has nothing ready under its id".to_owned();
            (record, fetch.absence(evidence), Vec::new())
        }
        Change::NotReady { record, call, raw } => {
            let due_at = fetch.again(readiness_pause(fetch.due.attempts));
            (record, News::NotReady { call, due_at }, raw)
        }
        Change::Gone { record, evidence } => (record, fetch.absence(evidence), Vec::new()),
        Change::Quarantined {
            record,
            raw,
            reason,
            pointer,
        } => (record, News::Quarantined { reason, pointer }, raw),
        Change::Foreign {
            record,
            reason,
            pointer,
        } => (record, News::Foreign { reason, pointer }, Vec::new()),
        Change::Seen { record, .. } => {
            let due_at = fetch.again(UNFINISHED_PAUSE);
            (record, News::NotReady { call: None, due_at }, Vec::new())
        }
    };
    Fetched {
        kind: record.kind,
        remote_id: record.remote_id,
        observed_at: fetch.observed_at,
        fingerprint: fetch.due.fingerprint.clone(),
        news,
        documents: raw.into_iter().map(document).collect(),
    }
}

/// Leaves no U+0000 in a call; the vendor's documents keep theirs.
fn replace_zeros(call: &mut AnalyzedCall) {
    let clean = serde_json::to_value(&*call).map(quality::without_zeros);
    match clean.and_then(serde_json::from_value) {
        Ok(clean) => *call = clean,
        // The store's columns replace them in any case.
        Err(error) => tracing::warn!(error = %error, "A call keeps its zero characters"),
    }
}

fn document(raw: RawDocument) -> Document {
    Document {
        operation: raw.operation,
        part: raw.part,
        content_type: raw.content_type,
        body: raw.body.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use callweave_model::{enums::ArtifactState, merge::Share};
    use callweave_provider::change::Upsert;

    use super::*;

    const RULES: Rules = Rules {
        deadline: Duration::from_hours(24),
        kept_since: None,
        lists_prove_absence: true,
    };

    #[test]
    fn a_denial_is_believed_when_the_lists_agree_with_it() {
        let seen: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let news = |listed: bool, missing: bool, rules: Rules| {
            let due = Due {
                kind: "call".to_owned(),
                remote_id: "1".to_owned(),
                fingerprint: None,
                hint: None,
                attempts: 0,
                failures: 0,
                first_seen_at: seen,
                listed,
                missing,
                call_at: Some(seen),
            };
            let fetch = Fetch {
                due: &due,
                observed_at: seen,
                now: seen,
                rules,
            };
            let gone = Change::Gone {
                record: RecordRef::new("call", "1"),
                evidence: "404".to_owned(),
            };
            fetched(gone, &fetch).news
        };
        assert!(matches!(news(true, false, RULES), News::NotReady { .. }));
        assert!(matches!(news(true, true, RULES), News::Gone { .. }));
        assert!(matches!(news(false, false, RULES), News::Gone { .. }));
        let unproving = Rules {
            lists_prove_absence: false,
            ..RULES
        };
        assert!(matches!(news(true, false, unproving), News::Gone { .. }));
        let keeps_a_while = Rules {
            kept_since: Some(seen.plus(Duration::from_secs(1))),
            ..RULES
        };
        assert!(matches!(news(true, true, keeps_a_while), News::Aged { .. }));
    }

    #[test]
    fn an_unfinished_call_is_awaited_until_the_deadline_and_then_given_up() {
        let seen: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let due = Due {
            kind: "call".to_owned(),
            remote_id: "1".to_owned(),
            fingerprint: None,
            hint: None,
            attempts: 0,
            failures: 0,
            first_seen_at: seen,
            listed: true,
            missing: false,
            call_at: None,
        };
        let after = |wait: Duration| {
            let mut call = AnalyzedCall::new("1");
            call.set_artifact("analysis", ArtifactState::Processing);
            let mut upsert = Upsert::new(RecordRef::new("call", "1"), call, Share::Whole);
            upsert.unfinished = true;
            let now = seen.plus(wait);
            let fetch = Fetch {
                due: &due,
                observed_at: now,
                now,
                rules: RULES,
            };
            match fetched(Change::Upsert(Box::new(upsert)), &fetch).news {
                News::Upsert { call, due_at, .. } => {
                    (call.artifact_state("analysis"), due_at.is_some())
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            after(Duration::from_hours(1)),
            (ArtifactState::Processing, true)
        );
        assert_eq!(
            after(Duration::from_hours(25)),
            (ArtifactState::Expired, false)
        );
    }
}
