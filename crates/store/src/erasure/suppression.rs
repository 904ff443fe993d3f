//! The list of what must not be taken in again: keyed hashes, one key a tenant.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use callweave_model::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;
use uuid::Uuid;

use super::subject::{Mark, Marks};
use crate::{Result, StoreError, TenantTx, convert, sealed::SealedPlace};

/// Keys that were opened before, by their id. They never change.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyCache(Arc<Mutex<BTreeMap<Uuid, OpenKey>>>);

/// A key that values are hashed with.
#[derive(Clone, Debug)]
pub(crate) struct OpenKey {
    pub(crate) id: Uuid,
    secret: Arc<SecretSlice<u8>>,
}

impl OpenKey {
    fn digest(&self, mark: &Mark) -> Vec<u8> {
        // HMAC fills a key up to a whole block with zeros; ours are shorter than one.
        let mut block = [0_u8; 64];
        for (place, byte) in block.iter_mut().zip(self.secret.expose_secret()) {
            *place = *byte;
        }
        Hmac::<Sha256>::new(&block.into())
            .chain_update(b"callweave/1|suppression|")
            .chain_update(mark.text().as_bytes())
            .finalize()
            .into_bytes()
            .to_vec()
    }
}

/// What of some values is suppressed, and by which erasure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suppressed {
    keys: Arc<Vec<OpenKey>>,
    digests: HashMap<Vec<u8>, Uuid>,
}

impl Suppressed {
    pub(crate) fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// Some erasure of the list.
    pub(crate) fn any_erasure(&self) -> Option<Uuid> {
        self.digests.values().min().copied()
    }

    /// The erasure that one of these marks fell under.
    pub(crate) fn erasure_of<'a>(&self, marks: impl IntoIterator<Item = &'a Mark>) -> Option<Uuid> {
        if self.digests.is_empty() {
            return None;
        }
        marks.into_iter().find_map(|mark| {
            let mut digests = self.keys.iter().map(|key| key.digest(mark));
            digests.find_map(|digest| self.digests.get(&digest).copied())
        })
    }
}

impl TenantTx {
    /// Keeps erasures out until this transaction ends, and opens the tenant's keys; none where
    /// nothing was ever erased.
    pub(crate) async fn suppression_keys(&mut self) -> Result<Arc<Vec<OpenKey>>> {
        if let Some(keys) = &self.suppression_keys {
            return Ok(keys.clone());
        }
        sqlx::query("SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))")
            .bind(self.lock_name())
            .execute(self.executor())
            .await?;
        self.load_suppression_keys().await
    }

    /// Waits until nobody takes anything in for this tenant, and keeps it so until this
    /// transaction ends.
    pub(crate) async fn hold_suppressions_alone(&mut self) -> Result<()> {
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind(self.lock_name())
            .execute(self.executor())
            .await?;
        self.load_suppression_keys().await?;
        Ok(())
    }

    fn lock_name(&self) -> String {
        format!("suppressions {}", self.tenant())
    }

    async fn load_suppression_keys(&mut self) -> Result<Arc<Vec<OpenKey>>> {
        let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
            "SELECT id, sealed_key FROM suppression_keys WHERE tenant_id = $1 ORDER BY id",
        )
        .bind(self.tenant().0)
        .fetch_all(self.executor())
        .await?;
        let keys = rows
            .into_iter()
            .map(|(id, sealed)| self.open_suppression_key(id, &sealed))
            .collect::<Result<Vec<OpenKey>>>()?;
        let keys = Arc::new(keys);
        self.suppression_keys = Some(keys.clone());
        Ok(keys)
    }

    /// Opens a key, unless this process has opened it before.
    pub(crate) fn open_suppression_key(&self, id: Uuid, sealed: &[u8]) -> Result<OpenKey> {
        let cache = &self.shared().keys.0;
        if let Some(key) = cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
        {
            return Ok(key.clone());
        }
        let secret = self
            .sealer()?
            .open(&self.suppression_place(id), sealed)
            .map_err(|error| StoreError::inconsistent("suppression_keys", error))?;
        let key = OpenKey {
            id,
            secret: Arc::new(secret),
        };
        cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, key.clone());
        Ok(key)
    }

    const fn suppression_place(&self, id: Uuid) -> SealedPlace {
        SealedPlace {
            table: "suppression_keys",
            column: "sealed_key",
            tenant: self.tenant(),
            row: id,
        }
    }

    /// Makes the tenant's key if it has none. The list is held alone.
    pub(crate) async fn ensure_suppression_key(&mut self, id: Uuid, now: Timestamp) -> Result<()> {
        if !self.suppression_keys().await?.is_empty() {
            return Ok(());
        }
        let sealer = self.sealer()?;
        let secret = sealer.fresh();
        let written = sealer
            .seal(&self.suppression_place(id), secret.expose_secret())
            .map_err(|error| StoreError::inconsistent("suppression_keys", error))?;
        self.insert_suppression_key(id, &written, now).await
    }

    pub(crate) async fn insert_suppression_key(
        &mut self,
        id: Uuid,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO suppression_keys (tenant_id, id, sealed_key, created_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(self.tenant().0)
        .bind(id)
        .bind(sealed)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        self.load_suppression_keys().await?;
        Ok(())
    }

    /// Adds marks to the list.
    pub(crate) async fn suppress<'a>(
        &mut self,
        erasure: Uuid,
        marks: impl IntoIterator<Item = &'a Mark>,
    ) -> Result<()> {
        let keys = self.suppression_keys().await?;
        let Some(key) = keys.first() else {
            return Err(StoreError::Setup("a tenant has no suppression key".into()));
        };
        let digests: Vec<Vec<u8>> = marks.into_iter().map(|mark| key.digest(mark)).collect();
        self.insert_digests(erasure, key.id, &digests).await
    }

    pub(crate) async fn insert_digests(
        &mut self,
        erasure: Uuid,
        key: Uuid,
        digests: &[Vec<u8>],
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO suppressions (tenant_id, digest, key_id, erasure_id) \
             SELECT $1, digest, $2, $3 FROM UNNEST($4::bytea[]) AS digest \
             ON CONFLICT DO NOTHING",
        )
        .bind(self.tenant().0)
        .bind(key)
        .bind(erasure)
        .bind(digests)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Takes a mark from the list, whichever erasure put it there; `false` when it was not on it.
    pub(super) async fn unsuppress(&mut self, mark: &Mark) -> Result<bool> {
        let keys = self.suppression_keys().await?;
        let digests: Vec<Vec<u8>> = keys.iter().map(|key| key.digest(mark)).collect();
        let done =
            sqlx::query("DELETE FROM suppressions WHERE tenant_id = $1 AND digest = ANY($2)")
                .bind(self.tenant().0)
                .bind(digests)
                .execute(self.executor())
                .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Which of these marks are on the list. Keeps erasures out until this transaction ends.
    pub(crate) async fn find_suppressed<'a>(
        &mut self,
        marks: impl IntoIterator<Item = &'a Mark>,
    ) -> Result<Suppressed> {
        let keys = self.suppression_keys().await?;
        if keys.is_empty() {
            return Ok(Suppressed::default());
        }
        let digests: Vec<Vec<u8>> = marks
            .into_iter()
            .flat_map(|mark| keys.iter().map(|key| key.digest(mark)))
            .collect();
        let found: Vec<(Vec<u8>, Uuid)> = sqlx::query_as(
            "SELECT digest, erasure_id FROM suppressions \
             WHERE tenant_id = $1 AND digest = ANY($2)",
        )
        .bind(self.tenant().0)
        .bind(digests)
        .fetch_all(self.executor())
        .await?;
        Ok(Suppressed {
            keys,
            digests: found.into_iter().collect(),
        })
    }

    /// The erasure that each of these sets of marks fell under.
    pub(crate) async fn erasures_of(&mut self, sets: &[Marks]) -> Result<Vec<Option<Uuid>>> {
        let found = self.find_suppressed(sets.iter().flatten()).await?;
        Ok(sets.iter().map(|marks| found.erasure_of(marks)).collect())
    }

    /// The whole list.
    pub(crate) async fn all_suppressed(&mut self) -> Result<Suppressed> {
        let keys = self.suppression_keys().await?;
        let all: Vec<(Vec<u8>, Uuid)> =
            sqlx::query_as("SELECT digest, erasure_id FROM suppressions WHERE tenant_id = $1")
                .bind(self.tenant().0)
                .fetch_all(self.executor())
                .await?;
        Ok(Suppressed {
            keys,
            digests: all.into_iter().collect(),
        })
    }
}
