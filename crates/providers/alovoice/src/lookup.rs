//! Fetching the result of one call.

use async_trait::async_trait;
use callweave_model::{AnalyzedCall, Timestamp, merge::Share};
use callweave_provider::{
    CallContext, Change, Lookup, RawDocument, RecordRef, Result, change::Upsert,
};
use serde_json::{Value, json};

use crate::{
    AloVoice,
    client::{Got, RESULT},
    map::{self, Meaning},
    submit::begun_at,
};

/// The one kind of record of this vendor.
pub(crate) const CALL: &str = "call";
/// The member of a hint.
const BEGUN_AFTER: &str = "begun_after_ms";
/// The longest call id that is taken.
const LONGEST_ID: usize = 128;

#[async_trait]
impl Lookup for AloVoice {
    fn call_record_kind(&self) -> &'static str {
        CALL
    }

    /// A call that the vendor does not know looks like one that it has not analysed yet, so both
    /// are not ready; how long to wait is the gateway's decision. Where an analysis was begun anew,
    /// the hint tells when the old one was begun, which is no result any more.
    async fn fetch(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        hint: Option<&Value>,
    ) -> Result<Change> {
        if let Err(reason) = check_id(&record.remote_id) {
            return Ok(Change::Quarantined {
                record: record.clone(),
                raw: Vec::new(),
                reason,
                pointer: None,
            });
        }
        let not_ready = || Change::NotReady {
            record: record.clone(),
            call: None,
            raw: Vec::new(),
        };
        let Got::Json(body) = self.client.result(context, &record.remote_id).await? else {
            return Ok(not_ready());
        };
        let change = self.change(record, vec![RawDocument::json(RESULT, body)]);
        let is_old = matches!(&change, Change::Upsert(upsert) if is_of_before(&upsert.call, hint));
        Ok(if is_old { not_ready() } else { change })
    }

    fn remap(&self, record: &RecordRef, raw: &[RawDocument]) -> Option<Change> {
        let known = raw.iter().any(|document| document.operation == RESULT);
        known.then(|| self.change(record, raw.to_vec()))
    }

    fn validate_call_id(&self, remote_id: &str) -> std::result::Result<(), String> {
        check_id(remote_id)
    }
}

impl AloVoice {
    fn change(&self, record: &RecordRef, raw: Vec<RawDocument>) -> Change {
        let body = raw
            .iter()
            .find(|document| document.operation == RESULT)
            .map(|document| document.body.clone())
            .unwrap_or_default();
        match map::translate(&self.settings, &record.remote_id, &body) {
            Meaning::Ready(translation) => {
                let mut upsert = Upsert::new(record.clone(), translation.call, Share::Whole);
                upsert.raw = raw;
                upsert.unmapped = translation.unmapped;
                upsert.unfinished = translation.unfinished;
                Change::Upsert(Box::new(upsert))
            }
            Meaning::Pending(call) => Change::NotReady {
                record: record.clone(),
                call,
                raw,
            },
            Meaning::Unreadable { reason, pointer } => Change::Quarantined {
                record: record.clone(),
                raw,
                reason,
                pointer: Some(pointer),
            },
        }
    }
}

/// The hint that only an analysis begun after this time counts.
pub(crate) fn begun_after(begun_at: Timestamp) -> Value {
    json!({BEGUN_AFTER: begun_at.as_millis()})
}

/// Whether this is the result that was there before the call was analysed anew.
fn is_of_before(call: &AnalyzedCall, hint: Option<&Value>) -> bool {
    let old = hint
        .and_then(|hint| hint.get(BEGUN_AFTER))
        .and_then(Value::as_i64);
    let this = begun_at(call).map(Timestamp::as_millis);
    matches!((this, old), (Some(this), Some(old)) if this <= old)
}

/// An id that can stand in a path without leaving it.
pub(crate) fn check_id(remote_id: &str) -> std::result::Result<(), String> {
    let refused = remote_id.is_empty()
        || remote_id.len() > LONGEST_ID
        || remote_id.trim() != remote_id
        || remote_id.contains("..")
        || remote_id == "."
        || remote_id
            .chars()
            .any(|c| c.is_control() || matches!(c, '/' | '\\'));
    if refused {
        return Err(format!(
            "must be 1 to {LONGEST_ID} characters without slashes, \"..\" and control characters"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_id;

    #[test]
    fn trap_a16_only_ids_that_stay_in_their_segment_are_taken() {
        for good in ["1716207617.123", "pbx-7-1716207617.1", "a b", "звонок", "0"] {
            assert!(check_id(good).is_ok(), "{good}");
        }
        let long = "9".repeat(129);
        for bad in [
            "",
            "a/b",
            "..",
            "a..b",
            ".",
            "a\\b",
            "a\nb",
            " a",
            "\u{0}",
            long.as_str(),
        ] {
            assert!(check_id(bad).is_err(), "{bad:?}");
        }
    }
}
