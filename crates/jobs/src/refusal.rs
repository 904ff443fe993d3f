//! Why work is not taken on, or not changed.

use callweave_credentials::connector::ConnectorError;
use callweave_model::{JobId, job::JobState};
use callweave_provider::ProviderError;
use callweave_store::StoreError;

/// Why work is not taken on, or not changed. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such job.
    #[error("there is no such job")]
    NotFound,
    /// The vendor has no such capability.
    #[error("{vendor} has no capability `{capability}`")]
    Unsupported {
        /// The vendor's key.
        vendor: &'static str,
        /// The capability.
        capability: String,
    },
    /// The vendor, or its adapter, says no.
    #[error("the vendor refused")]
    Vendor(#[from] ProviderError),
    /// Members of a batch do not fit the vendor.
    #[error("{} dialogs do not fit the vendor", .0.len())]
    Unfit(Vec<ProviderError>),
    /// The connection cannot be opened.
    #[error("the connection cannot be opened")]
    Connector(#[from] ConnectorError),
    /// The plan does not have enough left.
    #[error("the plan has {} of {} left", .0.remaining, .0.resource)]
    Quota(Shortfall),
    /// The state of something does not allow it.
    #[error("{0}")]
    State(String),
    /// It may be carried out twice at the vendor, which nobody has confirmed.
    #[error("it may be carried out twice")]
    Unconfirmed,
    /// The database failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// Our own side failed.
    #[error("{0}")]
    Internal(&'static str),
}

/// What a plan lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortfall {
    /// The resource, in the unit that its name says.
    pub resource: String,
    /// What the job needs, where that is known.
    pub needed: Option<f64>,
    /// What is left, without what other jobs will take.
    pub remaining: f64,
    /// What the plan grants.
    pub limit: Option<f64>,
}

impl Refusal {
    pub(crate) fn in_state(job: JobId, state: JobState, why: &str) -> Self {
        Self::State(format!("job {job} is `{state}`: {why}"))
    }
}
