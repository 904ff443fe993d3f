//! What a vendor owns and the gateway serves live: rubrics, taxonomies, voice agents, reports,
//! evaluations, the account. None of it is stored here.
//!
//! A `remote_id` is opaque text, made by the vendor's adapter and understood by it alone. What the
//! vendor says beyond the named members stands in `extra` under the vendor's own names, secrets
//! masked. A `*Draft` is what a caller writes to make one, a `*Change` is a merge patch.

mod account;
mod agent;
mod dialog;
mod evaluation;
mod report;
mod rubric;
mod taxonomy;

use serde::{Deserialize as _, Deserializer, de::Error as _, de::Unexpected};

pub use account::{
    FoundCall, NotificationCondition, Resource, Usage, VendorToken, VendorTokenDraft,
};
pub use agent::{
    AgentField, AgentFieldChange, AgentFieldDraft, BulkOutcome, SpeechKey, SpeechKeyChange,
    TimeSlot, TimeSlotChange, TimeSlotDraft, VoiceAgent, VoiceAgentChange,
};
pub use dialog::{Campaign, DialogRequest, QueuedItem};
pub use evaluation::{Evaluation, EvaluationDraft, EvaluationPart};
pub use report::{Report, ReportFile, ReportRequest, ReportState};
pub use rubric::{
    Rubric, RubricChange, RubricDraft, RubricItem, RubricItemDraft, RubricKind, RubricScore,
};
pub use taxonomy::{Term, TermChange, TermDraft};

/// Members that the canonical form has no name for, under the vendor's names.
pub type Extra = serde_json::Map<String, serde_json::Value>;

/// Reads an object and nothing else: left to itself, a map takes `null` for an empty one.
///
/// # Errors
/// Where there is anything else.
pub fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Extra, D::Error> {
    Option::<Extra>::deserialize(deserializer)?
        .ok_or_else(|| D::Error::invalid_type(Unexpected::Unit, &"an object"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::object;

    #[test]
    fn null_is_no_empty_object() {
        for wrong in [Value::Null, json!([]), json!("{}"), json!(0)] {
            assert!(object(wrong.clone()).is_err(), "{wrong}");
        }
        assert_eq!(object(json!({})).unwrap().len(), 0);
        assert_eq!(object(json!({"a": null})).unwrap().len(), 1);
    }
}
