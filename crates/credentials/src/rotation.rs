//! Sealing everything anew under the active key, beside live traffic.
//!
//! A row is replaced only if it is still what was read, so that nothing newer is lost. What carries
//! the active key is passed over: a rotation that was cut off goes on where it was.

use callweave_model::TenantId;
use callweave_store::{
    Store, StoreError,
    secrets::{Resealed, SealedColumn, SealedRow},
};

use crate::vault::{Vault, VaultError};

/// Rows of one transaction.
const BATCH: i64 = 100;

/// What a rotation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Secrets that were sealed anew.
    pub resealed: u64,
    /// Rows that cannot be opened, with the reason.
    pub unopened: Vec<String>,
}

/// Seals every secret of a tenant anew that another key than the active one sealed. `told` hears of
/// every batch.
pub async fn rotate(
    store: &Store,
    vault: &Vault,
    tenant: TenantId,
    told: &mut (dyn FnMut(SealedColumn, u64) + Send),
) -> Result<Rotated, StoreError> {
    let prefix = vault.prefix();
    let mut rotated = Rotated::default();
    for column in SealedColumn::ALL {
        let mut after: Option<SealedRow> = None;
        loop {
            let mut tx = store.tenant(tenant).await?;
            let rows = tx
                .sealed_otherwise(column, &prefix, after.as_ref(), BATCH)
                .await?;
            let Some(last) = rows.last() else {
                tx.commit().await?;
                break;
            };
            after = Some(last.clone());
            let mut resealed = Vec::with_capacity(rows.len());
            for row in rows {
                match reseal(vault, column, tenant, &row) {
                    Ok(sealed) => resealed.push(Resealed {
                        before: row,
                        sealed,
                    }),
                    Err(error) => rotated.unopened.push(format!(
                        "{} {} of tenant {tenant}: {error}",
                        column.name(),
                        row.id
                    )),
                }
            }
            let replaced = tx.replace_sealed(column, &resealed).await?;
            tx.commit().await?;
            rotated.resealed += replaced;
            told(column, replaced);
        }
    }
    Ok(rotated)
}

fn reseal(
    vault: &Vault,
    column: SealedColumn,
    tenant: TenantId,
    row: &SealedRow,
) -> Result<Vec<u8>, VaultError> {
    let place = column.place(tenant, row).ok_or(VaultError::Corrupt)?;
    let secret = vault.open(&(&place).into(), &row.sealed)?;
    vault.seal(&(&place).into(), &secret)
}

/// How many secrets of a tenant a key has sealed, by column; columns with none are left out.
pub async fn needing(
    store: &Store,
    key: &str,
    tenant: TenantId,
) -> Result<Vec<(SealedColumn, i64)>, StoreError> {
    let prefix = Vault::prefix_of(key);
    let mut found = Vec::new();
    let mut tx = store.tenant(tenant).await?;
    for column in SealedColumn::ALL {
        let count = tx.count_sealed(column, &prefix).await?;
        if count > 0 {
            found.push((column, count));
        }
    }
    tx.commit().await?;
    Ok(found)
}
