//! Erasures as they are asked for and confirmed.

use callweave_model::{CallId, Timestamp};
use callweave_store::erasure::{Counts, Erasure};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be erased: exactly one of these.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErasureInput {
    /// One call.
    pub(crate) call_id: Option<CallId>,
    /// Everything with this phone, in any usual spelling.
    #[schema(
        min_length = 5,
        max_length = 40,
        pattern = "^[ +().\\u00A0-]*([0-9][ +().\\u00A0-]*){5,20}$",
        example = "+99990001122"
    )]
    pub(crate) phone: Option<String>,
    /// Everything with this id of the person in the CRM: `external_id` of a party.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*[^\\s\\u0000-\\u001F\\u007F-\\u009F][^\\u0000-\\u001F\\u007F-\\u009F]*$"
    )]
    pub(crate) client_id: Option<String>,
}

/// The receipt of an erasure. It does not say whom it was about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(crate) struct ErasureDocument {
    /// Its id.
    id: Uuid,
    /// `call`, `phone` or `client_id`.
    #[schema(example = "phone")]
    subject_type: String,
    /// When.
    erased_at: Timestamp,
    /// What kind of caller asked for it, as in the audit log.
    #[schema(example = "api_key")]
    actor_type: String,
    /// The API key that asked for it.
    actor_id: Option<Uuid>,
    /// How much there was.
    counts: CountsDocument,
    /// When it was last carried out again, as after a backup was restored.
    replayed_at: Option<Timestamp>,
}

/// How much was erased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErasureCounts)]
pub(crate) struct CountsDocument {
    /// Calls, with transcripts and analyses.
    #[schema(minimum = 0)]
    calls: u64,
    /// Versions of these calls.
    #[schema(minimum = 0)]
    versions: u64,
    /// The vendors' records, quarantine included.
    #[schema(minimum = 0)]
    records: u64,
    /// The vendors' documents behind these records.
    #[schema(minimum = 0)]
    documents: u64,
    /// Events about these calls.
    #[schema(minimum = 0)]
    events: u64,
    /// Jobs whose input was erased; those that were not sent are canceled.
    #[schema(minimum = 0)]
    jobs: u64,
    /// Answers kept for requests that may come again.
    #[schema(minimum = 0)]
    answers: u64,
}

/// A page of receipts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErasureList {
    /// The receipts.
    pub(crate) data: Vec<ErasureDocument>,
    /// What to ask for next, as `cursor`.
    pub(crate) next_cursor: Option<String>,
}

impl From<Erasure> for ErasureDocument {
    fn from(erasure: Erasure) -> Self {
        Self {
            id: erasure.id,
            subject_type: erasure.subject_type,
            erased_at: erasure.erased_at,
            actor_type: erasure.actor_kind,
            actor_id: erasure.actor_id,
            counts: erasure.counts.into(),
            replayed_at: erasure.replayed_at,
        }
    }
}

impl From<Counts> for CountsDocument {
    fn from(counts: Counts) -> Self {
        Self {
            calls: counts.calls,
            versions: counts.versions,
            records: counts.records,
            documents: counts.documents,
            events: counts.events,
            jobs: counts.jobs,
            answers: counts.answers,
        }
    }
}
