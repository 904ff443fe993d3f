//! From a vendor's change to what the store takes.

use std::time::Duration;

use callweave_model::Timestamp;
use callweave_provider::{Change, RawDocument, RecordRef};
use callweave_store::{
    documents::Document,
    records::{Due, Fetched, News, Seen},
};

use crate::failure::readiness_pause;

/// How long a call whose analysis still runs rests before it is looked at again.
const UNFINISHED_PAUSE: Duration = Duration::from_secs(60);

/// What stands behind a fetch.
pub(crate) struct Fetch<'a> {
    pub(crate) due: &'a Due,
    pub(crate) observed_at: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) deadline: Duration,
}

/// What a listed change means: a record to be noted, or one that is complete already.
pub(crate) enum Listed {
    Seen(Seen),
    Complete(Box<Fetched>),
}

/// Translates a change of a page.
pub(crate) fn listed(change: Change, now: Timestamp, deadline: Duration) -> Listed {
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
                first_seen_at: now,
            };
            let fetch = Fetch {
                due: &due,
                observed_at: now,
                now,
                deadline,
            };
            Listed::Complete(Box::new(fetched(other, &fetch)))
        }
    }
}

/// Translates the outcome of a fetch.
pub(crate) fn fetched(change: Change, fetch: &Fetch<'_>) -> Fetched {
    let young = fetch.now.since(fetch.due.first_seen_at) < fetch.deadline;
    let again = |pause: Duration| young.then(|| fetch.now.plus(pause));
    let (record, news, raw): (RecordRef, News, Vec<RawDocument>) = match change {
        Change::Upsert(upsert) => {
            let mut upsert = *upsert;
            if upsert.unfinished && !young {
                upsert.call.expire_pending();
            }
            let due_at = if upsert.unfinished {
                again(UNFINISHED_PAUSE)
            } else {
                None
            };
            let news = News::Upsert {
                call: Box::new(upsert.call),
                share: upsert.share,
                unmapped: upsert.unmapped,
                due_at,
            };
            (upsert.record, news, upsert.raw)
        }
        Change::NotReady { record, call, raw } => {
            let due_at = again(readiness_pause(fetch.due.attempts));
            (record, News::NotReady { call, due_at }, raw)
        }
        Change::Gone { record, evidence } => (record, News::Gone { evidence }, Vec::new()),
        Change::Quarantined {
            record,
            raw,
            reason,
            pointer,
        } => (record, News::Quarantined { reason, pointer }, raw),
        Change::Seen { record, .. } => (
            record,
            News::NotReady {
                call: None,
                due_at: again(UNFINISHED_PAUSE),
            },
            Vec::new(),
        ),
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
    use callweave_model::{AnalyzedCall, enums::ArtifactState, merge::Share};
    use callweave_provider::change::Upsert;

    use super::*;

    #[test]
    fn an_unfinished_call_is_awaited_until_the_deadline_and_then_given_up() {
        let seen: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let due = Due {
            kind: "call".to_owned(),
            remote_id: "1".to_owned(),
            fingerprint: None,
            hint: None,
            attempts: 0,
            first_seen_at: seen,
        };
        let after = |wait: Duration| {
            let mut call = AnalyzedCall::new("1");
            call.set_artifact("analysis", ArtifactState::Processing);
            let mut upsert = Upsert::new(RecordRef::new("call", "1"), call, Share::Whole);
            upsert.unfinished = true;
            let now = seen.plus(wait);
            let deadline = Duration::from_hours(24);
            let fetch = Fetch {
                due: &due,
                observed_at: now,
                now,
                deadline,
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
