//! What is to be sent. It holds personal data and signed addresses, so it is stored sealed.

use callweave_credentials::vault::{Place, Vault, VaultError};
use callweave_model::{
    JobId, TenantId,
    facts::CallFacts,
    job::JobType,
    owned::{DialogRequest, ReportRequest},
};
use callweave_provider::{
    dialogs::DialogTarget,
    submit::{Source, Submission},
};
use callweave_store::{calls::CallPatch, sealed::job_item_row};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What the CRM attaches to the call that comes of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Facts that the vendor may lack.
    #[serde(default)]
    pub facts: CallFacts,
    /// Anything to be kept with the call.
    #[serde(default)]
    pub client_metadata: Option<Value>,
    /// The CRM's own objects.
    #[serde(default)]
    pub external_refs: Option<Value>,
}

impl Attachment {
    pub(crate) fn into_patch(self) -> CallPatch {
        CallPatch {
            client_metadata: self.client_metadata,
            external_refs: self.external_refs,
            facts: self.facts.into(),
        }
    }
}

/// An analysis to be started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisOrder {
    /// What is sent.
    pub submission: Submission,
    /// What the call gets.
    pub attachment: Attachment,
}

/// A dialog to be started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DialogOrder {
    /// Where.
    pub target: DialogTarget,
    /// With whom.
    pub request: DialogRequest,
    /// What the call gets.
    pub attachment: Attachment,
}

/// A report to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportOrder {
    /// Over which days.
    pub request: ReportRequest,
}

/// What a job sends.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Input {
    Analysis(AnalysisOrder),
    Dialog(DialogOrder),
    Report(ReportOrder),
    /// The dialogs stand with the items.
    Batch {
        target: DialogTarget,
    },
}

/// One dialog of a batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ItemInput {
    pub(crate) request: DialogRequest,
    pub(crate) attachment: Attachment,
}

/// What a source has the vendor do.
pub(crate) const fn job_type(source: &Source) -> JobType {
    match source {
        Source::VendorCall { .. } | Source::Recording { .. } | Source::RecordingUrl { .. } => {
            JobType::AnalyzeCall
        }
        Source::Audio { .. } | Source::VideoUrl { .. } => JobType::Transcribe,
        Source::Chat { .. } => JobType::AnalyzeChat,
    }
}

pub(crate) fn seal<T: Serialize>(
    vault: &Vault,
    place: &Place,
    input: &T,
) -> Result<Vec<u8>, VaultError> {
    let bytes = serde_json::to_vec(input).map_err(|_never| VaultError::Corrupt)?;
    vault.seal(place, &bytes)
}

pub(crate) fn open<T: DeserializeOwned>(
    vault: &Vault,
    place: &Place,
    sealed: &[u8],
) -> Result<T, VaultError> {
    let bytes = vault.open(place, sealed)?;
    serde_json::from_slice(&bytes).map_err(|_shape| VaultError::Corrupt)
}

pub(crate) const fn place(tenant: TenantId, job: JobId) -> Place {
    Place {
        table: "jobs",
        column: "sealed_input",
        tenant,
        row: job.0,
    }
}

pub(crate) fn item_place(tenant: TenantId, job: JobId, number: i32) -> Place {
    Place {
        table: "job_items",
        column: "sealed_input",
        tenant,
        row: job_item_row(job, number),
    }
}
