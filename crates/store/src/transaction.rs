//! Transactions that know whose they are.

use std::sync::Arc;

use callweave_model::TenantId;

use crate::{
    Result, StoreError,
    erasure::{KeyCache, OpenKey},
    sealed::Sealer,
    session::{Bounded, Session},
};

/// What the transactions of a store share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    pub(crate) sealer: Option<Arc<dyn Sealer>>,
    pub(crate) keys: KeyCache,
}

/// A transaction that sees one tenant and nothing else. Dropped without commit, it is undone.
#[derive(Debug)]
pub struct TenantTx {
    tx: Session,
    tenant: TenantId,
    shared: Shared,
    /// The keys of the tenant's list of what was erased, once that list is held.
    pub(crate) suppression_keys: Option<Arc<Vec<OpenKey>>>,
}

impl TenantTx {
    pub(crate) const fn new(tx: Session, tenant: TenantId, shared: Shared) -> Self {
        Self {
            tx,
            tenant,
            shared,
            suppression_keys: None,
        }
    }

    pub(crate) const fn shared(&self) -> &Shared {
        &self.shared
    }

    /// What opens and seals secrets.
    pub(crate) fn sealer(&self) -> Result<Arc<dyn Sealer>> {
        self.shared.sealer.clone().ok_or_else(|| {
            StoreError::Setup("the store was given nothing to open secrets with".to_owned())
        })
    }

    /// Whose it is.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn executor(&mut self) -> Bounded<'_> {
        self.tx.executor()
    }

    /// Makes it last.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        Ok(())
    }

    /// Ends it where it has only read: without waiting for the database.
    pub fn leave(self) {
        self.tx.leave();
    }
}

/// A transaction of no tenant.
#[derive(Debug)]
pub struct SystemTx {
    tx: Session,
}

impl SystemTx {
    pub(crate) const fn new(tx: Session) -> Self {
        Self { tx }
    }

    pub(crate) fn executor(&mut self) -> Bounded<'_> {
        self.tx.executor()
    }

    /// Makes it last.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        Ok(())
    }
}
