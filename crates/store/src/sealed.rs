//! Where secrets are stored sealed. What opens and seals them comes from outside.

use std::{error::Error, fmt};

use callweave_model::{ApiKeyId, JobId, TenantId};
use secrecy::SecretSlice;
use uuid::Uuid;

/// Where a secret is stored; part of what it is sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedPlace {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The tenant.
    pub tenant: TenantId,
    /// The row.
    pub row: Uuid,
}

/// Why a secret cannot be opened or sealed.
pub type SealError = Box<dyn Error + Send + Sync>;

/// Opens and seals what is stored.
pub trait Sealer: fmt::Debug + Send + Sync {
    /// Opens a secret from its place.
    fn open(&self, place: &SealedPlace, sealed: &[u8]) -> Result<SecretSlice<u8>, SealError>;

    /// Seals a secret for its place.
    fn seal(&self, place: &SealedPlace, secret: &[u8]) -> Result<Vec<u8>, SealError>;

    /// A fresh secret of 32 random bytes.
    fn fresh(&self) -> SecretSlice<u8>;
}

/// The row of a dialog of a batch, as its secret knows it.
pub fn job_item_row(job: JobId, number: i32) -> Uuid {
    Uuid::new_v5(&job.0, &number.to_be_bytes())
}

/// The row of a kept answer, as its secret knows it.
pub fn answer_row(api_key: ApiKeyId, key: &str) -> Uuid {
    Uuid::new_v5(&api_key.0, key.as_bytes())
}
