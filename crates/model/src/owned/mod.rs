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
