//! A call as its rows hold it.

use std::collections::BTreeSet;

use callweave_model::{
    Analysis, AnalyzedCall, Timestamp, Transcript,
    enums::{Direction, StartedAtSource},
    facts::{CallFacts, Told},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{Result, StoreError, TenantTx, convert};

/// A stored call with all that belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The call as its vendor tells it.
    pub(crate) call: AnalyzedCall,
    pub(crate) connection: Uuid,
    pub(crate) sort_at: Timestamp,
    pub(crate) client_metadata: Value,
    pub(crate) external_refs: Value,
    pub(crate) facts: CallFacts,
    pub(crate) version: i32,
    pub(crate) payload_hash: Vec<u8>,
    pub(crate) unmapped: Vec<String>,
    pub(crate) observed_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) deletion_evidence: Option<String>,
    pub(crate) vendor_expired_at: Option<Timestamp>,
    pub(crate) mapper_version: i32,
}

impl Loaded {
    /// The call as it is served: with the facts of the CRM.
    pub(crate) fn served(&self) -> AnalyzedCall {
        let mut call = self.call.clone();
        self.facts.fill(&mut call);
        call
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    connection_id: Uuid,
    sort_at: convert::DbTime,
    body: String,
    client_metadata: Value,
    external_refs: Value,
    facts: Value,
    told: Option<Value>,
    version: i32,
    payload_hash: Vec<u8>,
    unmapped: Vec<String>,
    observed_at: convert::DbTime,
    deleted_at: Option<convert::DbTime>,
    deletion_evidence: Option<String>,
    vendor_expired_at: Option<convert::DbTime>,
    mapper_version: i32,
    transcript: Option<Vec<u8>>,
    analyses: Vec<u8>,
}

impl Row {
    fn into_loaded(self) -> Result<Loaded> {
        let broken = |error: serde_json::Error| StoreError::inconsistent("calls", error);
        let mut call: AnalyzedCall = serde_json::from_str(&self.body).map_err(broken)?;
        call.transcript = unpack_transcript(self.transcript.as_deref())?;
        call.analyses = convert::unpack::<Vec<Analysis>>("call_documents", &self.analyses)?;
        let facts: CallFacts = serde_json::from_value(self.facts).map_err(broken)?;
        match self.told {
            Some(told) => {
                let told: Told = serde_json::from_value(told).map_err(broken)?;
                told.restore(&mut call);
            }
            None => take_out(&facts, &mut call),
        }
        Ok(Loaded {
            call,
            connection: self.connection_id,
            sort_at: convert::model(self.sort_at),
            client_metadata: self.client_metadata,
            external_refs: self.external_refs,
            facts,
            version: self.version,
            payload_hash: self.payload_hash,
            unmapped: self.unmapped,
            observed_at: convert::model(self.observed_at),
            deleted_at: convert::model_option(self.deleted_at),
            deletion_evidence: self.deletion_evidence,
            vendor_expired_at: convert::model_option(self.vendor_expired_at),
            mapper_version: self.mapper_version,
        })
    }
}

/// Takes facts out of a call that was filled before the vendor's word was kept beside them: what
/// equals a fact is taken for one.
fn take_out(facts: &CallFacts, call: &mut AnalyzedCall) {
    if facts.started_at.is_some() && call.started_at_source == StartedAtSource::Client {
        call.started_at = None;
        call.started_at_source = StartedAtSource::None;
    }
    if facts.direction == Some(call.direction) {
        call.direction = Direction::Unknown;
    }
    for given in &facts.parties {
        for party in call
            .parties
            .iter_mut()
            .filter(|known| known.role == given.role)
        {
            party.name = party
                .name
                .take()
                .filter(|name| Some(name) != given.name.as_ref());
            party.external_id = party
                .external_id
                .take()
                .filter(|id| Some(id) != given.external_id.as_ref());
            if given.phone.is_some() && party.phone_raw == given.phone {
                party.phone = None;
                party.phone_raw = None;
            }
        }
    }
}

pub(crate) fn unpack_transcript(packed: Option<&[u8]>) -> Result<Option<Transcript>> {
    packed
        .map(|packed| convert::unpack("call_documents", packed))
        .transpose()
}

impl TenantTx {
    /// Locks the keys of calls in one order and loads what is stored of them.
    pub(crate) async fn lock_calls(
        &mut self,
        ids: &[Uuid],
    ) -> Result<Vec<(Uuid, Timestamp, Option<Loaded>)>> {
        self.lock_calls_but(ids, &BTreeSet::new()).await
    }

    /// The same, where nothing is stored yet of those that are `fresh`.
    pub(crate) async fn lock_calls_but(
        &mut self,
        ids: &[Uuid],
        fresh: &BTreeSet<Uuid>,
    ) -> Result<Vec<(Uuid, Timestamp, Option<Loaded>)>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<(Uuid, convert::DbTime, convert::DbTime)> = sqlx::query_as(
            "SELECT id, sort_at, first_seen_at FROM call_keys \
             WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id FOR UPDATE",
        )
        .bind(self.tenant().0)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        let (stored, sort_at): (Vec<Uuid>, Vec<convert::DbTime>) = keys
            .iter()
            .filter(|(id, ..)| !fresh.contains(id))
            .map(|(id, sort_at, _)| (*id, *sort_at))
            .unzip();
        let rows: Vec<Row> = if stored.is_empty() {
            Vec::new()
        } else {
            sqlx::query_as(include_str!("../../sql/load_calls.sql"))
                .bind(self.tenant().0)
                .bind(stored)
                .bind(sort_at)
                .fetch_all(self.executor())
                .await?
        };
        let mut rows = convert::by_key(rows, |row| row.id);
        keys.into_iter()
            .map(|(id, _, first_seen)| {
                let loaded = rows.remove(&id).map(Row::into_loaded).transpose()?;
                Ok((id, convert::model(first_seen), loaded))
            })
            .collect()
    }
}
