//! Transactions that know whose they are.

use callweave_model::TenantId;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::Result;

/// A transaction that sees one tenant and nothing else. Dropped without commit, it is undone.
#[derive(Debug)]
pub struct TenantTx {
    tx: Transaction<'static, Postgres>,
    tenant: TenantId,
}

impl TenantTx {
    pub(crate) const fn new(tx: Transaction<'static, Postgres>, tenant: TenantId) -> Self {
        Self { tx, tenant }
    }

    /// Whose it is.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn executor(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Makes it last.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        Ok(())
    }
}

/// A transaction of no tenant.
#[derive(Debug)]
pub struct SystemTx {
    tx: Transaction<'static, Postgres>,
}

impl SystemTx {
    pub(crate) const fn new(tx: Transaction<'static, Postgres>) -> Self {
        Self { tx }
    }

    pub(crate) fn executor(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Makes it last.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        Ok(())
    }
}
