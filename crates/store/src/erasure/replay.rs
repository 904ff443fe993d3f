//! Carrying erasures out again: what a restored backup brought back goes once more.
//!
//! An erasure leaves the database as hashes and a sealed key. Read back into a database that does
//! not know it, it finds the same calls by hashing what stands there.

use callweave_model::Timestamp;
use uuid::Uuid;

use super::{Counts, Erasure};
use crate::{Result, TenantTx, convert};

/// A key that suppressed values are hashed with, sealed.
#[derive(Clone, Debug)]
pub struct SuppressionKey {
    /// Its id.
    pub id: Uuid,
    /// The key, sealed for its place.
    pub sealed: Vec<u8>,
}

/// An erasure as it is kept outside of the database.
#[derive(Clone, Debug)]
pub struct ErasureRecord {
    /// The receipt.
    pub erasure: Erasure,
    /// Hashes of what is suppressed, each with its key's id.
    pub digests: Vec<(Uuid, Vec<u8>)>,
}

impl TenantTx {
    /// The tenant's keys, sealed.
    pub async fn export_suppression_keys(&mut self) -> Result<Vec<SuppressionKey>> {
        let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
            "SELECT id, sealed_key FROM suppression_keys WHERE tenant_id = $1 ORDER BY id",
        )
        .bind(self.tenant().0)
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, sealed)| SuppressionKey { id, sealed })
            .collect())
    }

    /// The hashes that an erasure left.
    pub async fn export_digests(&mut self, erasure: Uuid) -> Result<Vec<(Uuid, Vec<u8>)>> {
        Ok(sqlx::query_as(
            "SELECT key_id, digest FROM suppressions \
             WHERE tenant_id = $1 AND erasure_id = $2 ORDER BY digest",
        )
        .bind(self.tenant().0)
        .bind(erasure)
        .fetch_all(self.executor())
        .await?)
    }

    /// Takes erasures in that were kept outside. Refuses a key that cannot be opened here.
    pub async fn import_erasures(
        &mut self,
        keys: &[SuppressionKey],
        records: &[ErasureRecord],
        now: Timestamp,
    ) -> Result<()> {
        self.hold_suppressions_alone().await?;
        for key in keys {
            self.open_suppression_key(key.id, &key.sealed)?;
            self.insert_suppression_key(key.id, &key.sealed, now)
                .await?;
        }
        for record in records {
            self.insert_receipt(&record.erasure).await?;
            for (key, digest) in &record.digests {
                self.insert_digests(record.erasure.id, *key, std::slice::from_ref(digest))
                    .await?;
            }
        }
        Ok(())
    }

    /// Erases whatever stands here of what was erased before, and says how much it was.
    pub async fn replay_erasures(&mut self, now: Timestamp) -> Result<Counts> {
        self.hold_suppressions_alone().await?;
        self.be_patient().await?;
        let wanted = self.all_suppressed().await?;
        let findings = self.search(None, &wanted).await?;
        let Some(erasure) = wanted.any_erasure() else {
            return Ok(Counts::default());
        };
        let counts = self.purge(findings, erasure, now).await?;
        sqlx::query("UPDATE erasures SET replayed_at = $2 WHERE tenant_id = $1")
            .bind(self.tenant().0)
            .bind(convert::db(now))
            .execute(self.executor())
            .await?;
        Ok(counts)
    }
}
