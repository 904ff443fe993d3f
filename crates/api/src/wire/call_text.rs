//! Stored calls as text: their members are told apart, and only those are understood that are not shown as
//! they are stored.

use callweave_model::{
    Analysis, CallId, Transcript, VendorValues,
    call::{Attempt, Media, Party},
};
use callweave_store::calls::CallText;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Result, value::RawValue};

use super::{
    call::{Shown, with_addresses},
    vendor_values,
};

/// The members that vendors' words stand in, and the log of a dialog. In JSON no text within quotes can look
/// like them: its own quotes are escaped.
const WORDS: &str = "\"vendor_values\":";
const LOG: &str = "\"dialog_events\":";

/// A member that is shown as it is stored, or was made anew.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Part<'a, T> {
    /// As it is stored.
    Kept(&'a RawValue),
    /// Made anew.
    Made(T),
}

impl<'a, T: DeserializeOwned> Part<'a, T> {
    /// The member as it is stored, or changed where it holds such a member.
    fn changed_where(
        text: &'a RawValue,
        member: &str,
        change: impl FnOnce(&mut T),
    ) -> Result<Self> {
        if !text.get().contains(member) {
            return Ok(Self::Kept(text));
        }
        let mut value = serde_json::from_str(text.get())?;
        change(&mut value);
        Ok(Self::Made(value))
    }
}

/// The stored call, its members apart.
#[derive(Debug, Deserialize)]
pub(crate) struct Head<'a> {
    #[serde(borrow)]
    pub(crate) remote_id: &'a RawValue,
    #[serde(borrow)]
    pub(crate) remote_refs: &'a RawValue,
    #[serde(borrow)]
    pub(crate) channel: &'a RawValue,
    #[serde(borrow)]
    pub(crate) kind: &'a RawValue,
    #[serde(borrow)]
    pub(crate) direction: &'a RawValue,
    #[serde(borrow)]
    pub(crate) status: &'a RawValue,
    #[serde(borrow)]
    pub(crate) subject: &'a RawValue,
    #[serde(borrow)]
    pub(crate) started_at: &'a RawValue,
    #[serde(borrow)]
    pub(crate) answered_at: &'a RawValue,
    #[serde(borrow)]
    pub(crate) ended_at: &'a RawValue,
    #[serde(borrow)]
    pub(crate) started_at_source: &'a RawValue,
    #[serde(borrow)]
    pub(crate) duration_ms: &'a RawValue,
    #[serde(borrow)]
    pub(crate) duration_source: &'a RawValue,
    #[serde(borrow)]
    pub(crate) language: &'a RawValue,
    #[serde(borrow)]
    parties: &'a RawValue,
    #[serde(borrow)]
    attempts: &'a RawValue,
    #[serde(borrow)]
    media: &'a RawValue,
    #[serde(borrow)]
    pub(crate) rollup: &'a RawValue,
    #[serde(borrow)]
    pub(crate) stats: &'a RawValue,
    #[serde(borrow)]
    pub(crate) folder_remote_id: &'a RawValue,
    #[serde(borrow)]
    pub(crate) batch_remote_id: &'a RawValue,
    #[serde(borrow)]
    pub(crate) campaign_remote_id: &'a RawValue,
    #[serde(borrow)]
    pub(crate) custom_fields: &'a RawValue,
    #[serde(borrow)]
    pub(crate) artifacts: &'a RawValue,
    #[serde(borrow)]
    pub(crate) privacy: &'a RawValue,
    #[serde(borrow)]
    pub(crate) vendor_updated_at: &'a RawValue,
    #[serde(borrow)]
    pub(crate) estimated_fields: &'a RawValue,
    #[serde(borrow)]
    flags: Option<&'a RawValue>,
    #[serde(default)]
    vendor_values: VendorValues,
}

impl<'a> Head<'a> {
    /// The vendor's words that are shown.
    pub(crate) fn words(&self, shown: Shown) -> VendorValues {
        let mut words = self.vendor_values.clone();
        if !shown.vendor_values {
            words.retain(|name, _| self.is_untranslated(name));
        }
        words
    }

    /// Whether a member says only that the vendor's word has no translation.
    fn is_untranslated(&self, name: &str) -> bool {
        let members = [
            ("channel", self.channel),
            ("kind", self.kind),
            ("direction", self.direction),
            ("status", self.status),
            ("started_at_source", self.started_at_source),
            ("duration_source", self.duration_source),
        ];
        members
            .iter()
            .any(|(member, value)| *member == name && value.get() == "\"other\"")
    }

    pub(crate) fn parties(&self, shown: Shown) -> Result<Part<'a, Vec<Party>>> {
        if shown.vendor_values {
            return Ok(Part::Kept(self.parties));
        }
        Part::changed_where(self.parties, WORDS, |parties: &mut Vec<Party>| {
            vendor_values::prune_parties(parties);
        })
    }

    /// The log of an AI dialog holds what was said: it goes with the transcript.
    pub(crate) fn attempts(&self, shown: Shown) -> Result<Part<'a, Vec<Attempt>>> {
        if shown.transcript {
            return Ok(Part::Kept(self.attempts));
        }
        Part::changed_where(self.attempts, LOG, |attempts: &mut Vec<Attempt>| {
            for attempt in attempts {
                attempt.dialog_events.clear();
            }
        })
    }

    /// Media with the gateway's address of each.
    pub(crate) fn media(&self, call: CallId) -> Result<Part<'a, Vec<Media>>> {
        if self.media.get() == "[]" {
            return Ok(Part::Kept(self.media));
        }
        let media = serde_json::from_str(self.media.get())?;
        Ok(Part::Made(with_addresses(call, media)))
    }

    /// What was wrong with the form of the vendor's documents.
    pub(crate) fn flags(&self) -> Part<'a, [String; 0]> {
        self.flags.map_or(Part::Made([]), Part::Kept)
    }
}

/// The transcript, where it is shown and there is one.
pub(crate) fn transcript(call: &CallText, shown: Shown) -> Result<Option<Part<'_, Transcript>>> {
    let text = call.transcript.as_deref().filter(|_| shown.transcript);
    let Some(text) = text else { return Ok(None) };
    let text: &RawValue = serde_json::from_str(text)?;
    if shown.vendor_values {
        return Ok(Some(Part::Kept(text)));
    }
    Part::changed_where(text, WORDS, |transcript: &mut Transcript| {
        vendor_values::prune_utterances(&mut transcript.utterances);
    })
    .map(Some)
}

/// The analyses, where they are shown.
pub(crate) fn analyses(call: &CallText, shown: Shown) -> Result<Option<Part<'_, Vec<Analysis>>>> {
    if !shown.analyses {
        return Ok(None);
    }
    let Some(text) = call.analyses.as_deref() else {
        return Ok(Some(Part::Made(Vec::new())));
    };
    let text: &RawValue = serde_json::from_str(text)?;
    if shown.vendor_values {
        return Ok(Some(Part::Kept(text)));
    }
    Part::changed_where(text, WORDS, |analyses: &mut Vec<Analysis>| {
        vendor_values::prune_analyses(analyses);
    })
    .map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn head(body: &Value) -> String {
        let call = callweave_model::AnalyzedCall::new("1");
        let mut call = serde_json::to_value(call).unwrap();
        for (name, value) in body.as_object().unwrap() {
            call[name] = value.clone();
        }
        call.to_string()
    }

    fn shown<T: Serialize>(value: &T) -> Value {
        serde_json::to_value(value).unwrap()
    }

    #[test]
    fn only_untranslated_words_stay() {
        let party = |role: &str| {
            json!({"index": 0, "role": role, "affiliation": "unknown", "type": "person",
                   "vendor_values": {"role": "King", "type": "man"}})
        };
        let text = head(&json!({
            "direction": "inbound", "status": "other",
            "vendor_values": {"direction": "in", "status": "odd", "updated_at": "x"},
            "parties": [party("other"), party("agent")],
        }));
        let head: Head<'_> = serde_json::from_str(&text).unwrap();
        let all = Shown {
            vendor_values: true,
            ..Shown::default()
        };
        let words = head.words(Shown::default());
        assert_eq!(words.keys().collect::<Vec<_>>(), ["status"]);
        assert_eq!(head.words(all).len(), 3);
        let parties = shown(&head.parties(Shown::default()).unwrap());
        assert_eq!(parties[0]["vendor_values"], json!({"role": "King"}));
        assert_eq!(parties[1].get("vendor_values"), None);
        let parties = shown(&head.parties(all).unwrap());
        assert_eq!(parties[1]["vendor_values"]["type"], "man");
    }

    #[test]
    fn a_log_goes_with_the_transcript_and_a_text_that_looks_like_one_stays() {
        let log = json!([{"status": "completed", "dialog_events": [{"seq": 1, "action": "say", "data": {}}]}]);
        let quoted = json!([{"status": "completed", "result_raw": "\"dialog_events\":"}]);
        for (attempts, without) in [
            (&log, json!([{"status": "completed"}])),
            (&quoted, quoted.clone()),
        ] {
            let text = head(&json!({"attempts": attempts}));
            let head: Head<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(shown(&head.attempts(Shown::default()).unwrap()), without);
            let with = Shown {
                transcript: true,
                ..Shown::default()
            };
            assert_eq!(shown(&head.attempts(with).unwrap()), *attempts);
        }
    }

    #[test]
    fn what_is_not_there_is_told_as_before() {
        let text = head(&json!({}));
        let head: Head<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(shown(&head.flags()), json!([]));
        assert_eq!(
            shown(&head.media(CallId(uuid::Uuid::nil())).unwrap()),
            json!([])
        );
        assert!(head.words(Shown::default()).is_empty());
    }
}
