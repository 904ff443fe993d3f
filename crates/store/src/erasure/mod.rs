//! Erasing a person: everything that is stored of one call, phone or client id goes in one
//! transaction, and a keyed hash keeps it from being taken in again.
//!
//! Whoever takes something in holds the tenant's list shared until its transaction ends; an
//! erasure holds it alone. So either sees what the other did.

mod purge;
mod receipts;
mod replay;
mod search;
mod stopping;
mod subject;
mod suppression;

use callweave_model::{ConnectionId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use receipts::{Erasure, NewErasure};
pub use replay::{ErasureRecord, SuppressionKey};
pub use subject::Subject;
pub(crate) use suppression::{KeyCache, OpenKey, Suppressed};

use crate::{Result, TenantTx};

/// How much was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Calls, with their transcripts, analyses and search rows.
    pub calls: u64,
    /// Versions of calls.
    pub versions: u64,
    /// The vendors' records, quarantine included.
    pub records: u64,
    /// Links from records to the vendor's documents; a document goes with its last one.
    pub documents: u64,
    /// Events about these calls.
    pub events: u64,
    /// Jobs whose input was erased.
    pub jobs: u64,
    /// Answers kept for requests that may come again.
    pub answers: u64,
}

impl Counts {
    /// Nothing was there.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.versions += other.versions;
        self.records += other.records;
        self.documents += other.documents;
        self.events += other.events;
        self.jobs += other.jobs;
        self.answers += other.answers;
    }
}

/// A vendor's record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordName {
    pub(crate) connection: ConnectionId,
    pub(crate) namespace: Uuid,
    pub(crate) kind: String,
    pub(crate) remote_id: String,
}

/// What stands of a person.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) calls: Vec<Uuid>,
    /// Records that are no part of a call.
    pub(crate) records: Vec<RecordName>,
    pub(crate) jobs: Vec<Uuid>,
    pub(crate) items: Vec<(Uuid, i32)>,
    pub(crate) answers: Vec<(Uuid, String)>,
}

/// How long one statement of an erasure may take, in milliseconds: it reads everything there is.
const PATIENCE_MS: &str = "120000";

impl TenantTx {
    /// Erases a subject, and keeps what belongs to it from being taken in again. `None` when the
    /// subject is a call that is not here and was not erased before.
    pub async fn erase(
        &mut self,
        erasure: NewErasure<'_>,
        now: Timestamp,
    ) -> Result<Option<Erasure>> {
        self.hold_suppressions_alone().await?;
        self.be_patient().await?;
        let mark = erasure.subject.mark();
        if let Subject::Call(id) = erasure.subject
            && !self.knows_call(id.0).await?
            && self.find_suppressed([&mark]).await?.is_empty()
        {
            return Ok(None);
        }
        self.ensure_suppression_key(erasure.key_id, now).await?;
        self.insert_erasure(&erasure, now).await?;
        self.suppress(erasure.id, [&mark]).await?;
        let wanted = self.find_suppressed([&mark]).await?;
        let findings = self.search(Some(erasure.subject), &wanted).await?;
        let counts = self.purge(findings, erasure.id, now).await?;
        self.save_counts(erasure.id, counts).await?;
        self.find_erasure(erasure.id).await
    }

    /// Lets a phone or a client in again that was erased: calls that come from now on are taken in.
    /// The calls that were erased stay away. `false` when it was not erased.
    pub async fn lift_erasure(&mut self, subject: &Subject) -> Result<bool> {
        self.hold_suppressions_alone().await?;
        self.unsuppress(&subject.mark()).await
    }

    async fn be_patient(&mut self) -> Result<()> {
        sqlx::query("SELECT set_config('statement_timeout', $1, true)")
            .bind(PATIENCE_MS)
            .execute(self.executor())
            .await?;
        Ok(())
    }

    async fn knows_call(&mut self, id: Uuid) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM call_keys WHERE tenant_id = $1 AND id = $2)",
        )
        .bind(self.tenant().0)
        .bind(id)
        .fetch_one(self.executor())
        .await?)
    }
}
