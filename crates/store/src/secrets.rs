//! Every place in which a secret is stored sealed, walked so that it can be sealed anew.

use callweave_model::{ApiKeyId, JobId, TenantId};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::{
    Result, TenantTx,
    sealed::{SealedPlace, answer_row, job_item_row},
};

/// A column that holds sealed secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedColumn {
    /// Credentials of connections.
    Credentials,
    /// Tokens of vendor accounts.
    Tokens,
    /// Tokens that were set aside.
    TokensAside,
    /// What jobs are to send.
    JobInputs,
    /// What dialogs of batches are to send.
    ItemInputs,
    /// What requests that may come again were.
    Requests,
    /// Answers kept for them.
    Answers,
    /// Keys that suppressed values are hashed with.
    SuppressionKeys,
}

/// A sealed secret and its row: one or two members of the key besides the tenant.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SealedRow {
    /// The id in the key.
    pub id: Uuid,
    /// What else is in the key; empty where nothing is.
    pub part: String,
    /// The secret.
    pub sealed: Vec<u8>,
}

/// A secret that is sealed anew.
#[derive(Clone, Debug)]
pub struct Resealed {
    /// As it was found.
    pub before: SealedRow,
    /// As it is to be.
    pub sealed: Vec<u8>,
}

/// Table, column, the id in the key, what else is in the key.
type Names = (&'static str, &'static str, &'static str, &'static str);

impl SealedColumn {
    /// Every column.
    pub const ALL: [Self; 8] = [
        Self::Credentials,
        Self::Tokens,
        Self::TokensAside,
        Self::JobInputs,
        Self::ItemInputs,
        Self::Requests,
        Self::Answers,
        Self::SuppressionKeys,
    ];

    const fn names(self) -> Names {
        match self {
            Self::Credentials => ("connections", "sealed_credentials", "id", "''"),
            Self::Tokens => ("tokens", "sealed_token", "namespace", "''"),
            Self::TokensAside => ("tokens", "sealed_orphan", "namespace", "''"),
            Self::JobInputs => ("jobs", "sealed_input", "id", "''"),
            Self::ItemInputs => ("job_items", "sealed_input", "job_id", "number::text"),
            Self::Requests => ("idempotency_keys", "sealed_request", "api_key_id", "key"),
            Self::Answers => ("idempotency_keys", "sealed_answer", "api_key_id", "key"),
            Self::SuppressionKeys => ("suppression_keys", "sealed_key", "id", "''"),
        }
    }

    /// The column by its table, for people.
    pub fn name(self) -> String {
        let (table, column, ..) = self.names();
        format!("{table}.{column}")
    }

    /// Where a row's secret belongs; `None` for a row that no secret belongs to.
    pub fn place(self, tenant: TenantId, row: &SealedRow) -> Option<SealedPlace> {
        let (table, column, ..) = self.names();
        let (column, row) = match self {
            // A token that is set aside is sealed as the one that is used.
            Self::TokensAside => ("sealed_token", row.id),
            Self::ItemInputs => (column, job_item_row(JobId(row.id), row.part.parse().ok()?)),
            Self::Requests | Self::Answers => (column, answer_row(ApiKeyId(row.id), &row.part)),
            _ => (column, row.id),
        };
        Some(SealedPlace {
            table,
            column,
            tenant,
            row,
        })
    }
}

impl TenantTx {
    /// Secrets that do not begin with `prefix`, beyond `after`.
    pub async fn sealed_otherwise(
        &mut self,
        column: SealedColumn,
        prefix: &[u8],
        after: Option<&SealedRow>,
        limit: i64,
    ) -> Result<Vec<SealedRow>> {
        let (table, field, id, part) = column.names();
        let statement = format!(
            "SELECT {id} AS id, {part} AS part, {field} AS sealed FROM {table} \
             WHERE tenant_id = $1 AND length({field}) > 0 \
                 AND substring({field} FROM 1 FOR length($2)) <> $2 \
                 AND ($3::uuid IS NULL OR ({id}, {part}) > ($3, $4)) \
             ORDER BY 1, 2 LIMIT $5"
        );
        Ok(sqlx::query_as(AssertSqlSafe(statement))
            .bind(self.tenant().0)
            .bind(prefix)
            .bind(after.map(|row| row.id))
            .bind(after.map(|row| row.part.as_str()))
            .bind(limit)
            .fetch_all(self.executor())
            .await?)
    }

    /// How many secrets begin with `prefix`.
    pub async fn count_sealed(&mut self, column: SealedColumn, prefix: &[u8]) -> Result<i64> {
        let (table, field, ..) = column.names();
        let statement = format!(
            "SELECT count(*) FROM {table} \
             WHERE tenant_id = $1 AND substring({field} FROM 1 FOR length($2)) = $2"
        );
        Ok(sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(self.tenant().0)
            .bind(prefix)
            .fetch_one(self.executor())
            .await?)
    }

    /// Replaces secrets that are still as they were found; returns how many.
    pub async fn replace_sealed(&mut self, column: SealedColumn, rows: &[Resealed]) -> Result<u64> {
        let (table, field, id, part) = column.names();
        let part = if part == "''" {
            "''".to_owned()
        } else {
            format!("old.{part}")
        };
        let statement = format!(
            "UPDATE {table} AS old SET {field} = new.after \
             FROM UNNEST($2::uuid[], $3::text[], $4::bytea[], $5::bytea[]) \
                 AS new (id, part, before, after) \
             WHERE old.tenant_id = $1 AND old.{id} = new.id AND {part} = new.part \
                 AND old.{field} = new.before"
        );
        let ids: Vec<Uuid> = rows.iter().map(|row| row.before.id).collect();
        let parts: Vec<&str> = rows.iter().map(|row| row.before.part.as_str()).collect();
        let before: Vec<&[u8]> = rows
            .iter()
            .map(|row| row.before.sealed.as_slice())
            .collect();
        let after: Vec<&[u8]> = rows.iter().map(|row| row.sealed.as_slice()).collect();
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(self.tenant().0)
            .bind(ids)
            .bind(parts)
            .bind(before)
            .bind(after)
            .execute(self.executor())
            .await?;
        Ok(done.rows_affected())
    }
}
