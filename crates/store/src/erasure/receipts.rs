//! Receipts of erasures: who erased what kind of subject, when, and how much of it there was.

use callweave_model::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{Counts, Subject};
use crate::{Result, StoreError, TenantTx, audit::Actor, convert};

/// An erasure to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewErasure<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whom or what it is about.
    pub subject: &'a Subject,
    /// Who asked for it.
    pub actor: &'a Actor,
    /// The id of the tenant's key, should it have none yet.
    pub key_id: Uuid,
}

/// What stays of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its id.
    pub id: Uuid,
    /// `call`, `phone` or `client_id`.
    pub subject_type: String,
    /// What kind of caller asked for it.
    pub actor_kind: String,
    /// The key, or what stands for it.
    pub actor_id: Option<Uuid>,
    /// When.
    pub erased_at: Timestamp,
    /// How much there was.
    pub counts: Counts,
    /// When it was last carried out again.
    pub replayed_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    subject_type: String,
    actor_kind: String,
    actor_id: Option<Uuid>,
    erased_at: convert::DbTime,
    counts: Value,
    replayed_at: Option<convert::DbTime>,
}

impl Row {
    fn into_erasure(self) -> Result<Erasure> {
        Ok(Erasure {
            id: self.id,
            subject_type: self.subject_type,
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            erased_at: convert::model(self.erased_at),
            counts: serde_json::from_value(self.counts)
                .map_err(|error| StoreError::inconsistent("erasures", error))?,
            replayed_at: convert::model_option(self.replayed_at),
        })
    }
}

impl TenantTx {
    pub(super) async fn insert_erasure(
        &mut self,
        erasure: &NewErasure<'_>,
        now: Timestamp,
    ) -> Result<()> {
        self.insert_receipt(&Erasure {
            id: erasure.id,
            subject_type: erasure.subject.word().to_owned(),
            actor_kind: erasure.actor.kind.as_str().to_owned(),
            actor_id: erasure.actor.id,
            erased_at: now,
            counts: Counts::default(),
            replayed_at: None,
        })
        .await
    }

    /// Writes a receipt, unless it is there.
    pub(super) async fn insert_receipt(&mut self, erasure: &Erasure) -> Result<()> {
        sqlx::query(
            "INSERT INTO erasures (tenant_id, id, subject_type, actor_kind, actor_id, erased_at, counts) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(self.tenant().0)
        .bind(erasure.id)
        .bind(&erasure.subject_type)
        .bind(&erasure.actor_kind)
        .bind(erasure.actor_id)
        .bind(convert::db(erasure.erased_at))
        .bind(counts(erasure.counts)?)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    pub(super) async fn save_counts(&mut self, id: Uuid, erased: Counts) -> Result<()> {
        sqlx::query("UPDATE erasures SET counts = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(self.tenant().0)
            .bind(id)
            .bind(counts(erased)?)
            .execute(self.executor())
            .await?;
        Ok(())
    }

    /// One receipt.
    pub async fn find_erasure(&mut self, id: Uuid) -> Result<Option<Erasure>> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, subject_type, actor_kind, actor_id, erased_at, counts, replayed_at \
             FROM erasures WHERE tenant_id = $1 AND id = $2",
        )
        .bind(self.tenant().0)
        .bind(id)
        .fetch_optional(self.executor())
        .await?;
        row.map(Row::into_erasure).transpose()
    }

    /// Receipts, the newest first, beyond `after`.
    pub async fn list_erasures(
        &mut self,
        after: Option<(Timestamp, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Erasure>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, subject_type, actor_kind, actor_id, erased_at, counts, replayed_at \
             FROM erasures \
             WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (erased_at, id) < ($2, $3)) \
             ORDER BY erased_at DESC, id DESC LIMIT $4",
        )
        .bind(self.tenant().0)
        .bind(after.map(|(at, _)| convert::db(at)))
        .bind(after.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(self.executor())
        .await?;
        rows.into_iter().map(Row::into_erasure).collect()
    }
}

fn counts(counts: Counts) -> Result<Value> {
    serde_json::to_value(counts).map_err(|error| StoreError::inconsistent("erasures", error))
}
