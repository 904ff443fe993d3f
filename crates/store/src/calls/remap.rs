//! Mapping stored documents again: the calls that have some, and what their new reading changes.

use std::collections::{BTreeMap, BTreeSet};

use callweave_model::{AnalyzedCall, CallId, ConnectionId, Timestamp, merge};
use uuid::Uuid;

use super::{
    Applied, ConnectionScope,
    pending::{RecordKey, settle},
};
use crate::{
    Result, Store, TenantTx, convert,
    documents::Document,
    records::{Fetched, News},
};

/// A call and the records it was mapped from.
#[derive(Clone, Debug)]
pub struct StoredForMapping {
    /// The call.
    pub id: CallId,
    /// Its id at the vendor: the place of the call in the walk over all of them.
    pub remote_id: String,
    /// Its records that stand, in order.
    pub records: Vec<StoredRecord>,
}

/// A record with the vendor's documents behind it.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    /// The vendor's kind of record.
    pub kind: String,
    /// The vendor's id.
    pub remote_id: String,
    /// The listed form it was fetched for.
    pub fetched: Option<Vec<u8>>,
    /// When it was fetched.
    pub observed_at: Timestamp,
    /// When the gateway first heard of it.
    pub first_seen_at: Timestamp,
    /// The wait for it was given up.
    pub given_up: bool,
    /// Its documents; none where the vendor gave none.
    pub documents: Vec<Document>,
}

/// A call whose records were mapped again.
#[derive(Clone, Debug)]
pub struct Mapped {
    /// The call.
    pub id: CallId,
    /// What each record tells now. When a record was fetched, and for which listed form, is as it
    /// was; its documents are not given again.
    pub records: Vec<Fetched>,
    /// The wait for one of them was given up.
    pub given_up: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    call_id: Option<Uuid>,
    kind: String,
    remote_id: String,
    fetched: Option<Vec<u8>>,
    observed_at: convert::DbTime,
    first_seen_at: convert::DbTime,
    state: String,
}

impl Row {
    fn key(&self) -> RecordKey {
        (self.kind.clone(), self.remote_id.clone())
    }

    fn into_stored(self, documents: Vec<Document>) -> StoredRecord {
        StoredRecord {
            kind: self.kind,
            remote_id: self.remote_id,
            fetched: self.fetched,
            observed_at: convert::model(self.observed_at),
            first_seen_at: convert::model(self.first_seen_at),
            given_up: self.state == "expired",
            documents,
        }
    }
}

impl Store {
    /// Makes sure that the months of mapped calls have their partitions; before
    /// [`TenantTx::apply_mapped`].
    pub async fn prepare_mapped(&self, mapped: &[Mapped], now: Timestamp) -> Result<()> {
        let records = mapped.iter().flat_map(|call| &call.records);
        let started = records.filter_map(|record| match &record.news {
            News::Upsert { call, .. } => call.started_at,
            _ => None,
        });
        self.ensure_months(started.chain([now]), now).await
    }
}

impl TenantTx {
    /// The next calls of a connection beyond a vendor's call id, in the order of these ids, with
    /// the records that they can be mapped from. Deleted calls have none.
    pub async fn calls_for_mapping(
        &mut self,
        connection: ConnectionId,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<StoredForMapping>> {
        let calls: Vec<(Uuid, String)> = sqlx::query_as(
            "SELECT id, remote_id FROM call_keys \
             WHERE tenant_id = $1 AND connection_id = $2 AND ($3::text IS NULL OR remote_id > $3) \
             ORDER BY remote_id LIMIT $4",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(after)
        .bind(limit)
        .fetch_all(self.executor())
        .await?;
        let ids: Vec<Uuid> = calls.iter().map(|(id, _)| *id).collect();
        let mut records = self.records_for_mapping(connection, &ids).await?;
        Ok(calls
            .into_iter()
            .map(|(id, remote_id)| StoredForMapping {
                id: CallId(id),
                remote_id,
                records: records.remove(&id).unwrap_or_default(),
            })
            .collect())
    }

    async fn records_for_mapping(
        &mut self,
        connection: ConnectionId,
        calls: &[Uuid],
    ) -> Result<BTreeMap<Uuid, Vec<StoredRecord>>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT call_id, kind, remote_id, fetched, observed_at, first_seen_at, state \
             FROM records \
             WHERE tenant_id = $1 AND connection_id = $2 AND call_id = ANY($3) \
                 AND state NOT IN ('gone', 'erased', 'foreign') \
             ORDER BY call_id, kind, remote_id",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(calls)
        .fetch_all(self.executor())
        .await?;
        let keys: Vec<RecordKey> = rows.iter().map(Row::key).collect();
        let mut documents = self.documents_of_records(connection, &keys).await?;
        let mut records: BTreeMap<Uuid, Vec<StoredRecord>> = BTreeMap::new();
        for row in rows {
            let Some(call) = row.call_id else { continue };
            let own = documents.remove(&row.key()).unwrap_or_default();
            records.entry(call).or_default().push(row.into_stored(own));
        }
        Ok(records)
    }

    /// The next records in quarantine, beyond one (kind, vendor id), that have documents and never
    /// became part of a call.
    pub async fn quarantined_for_mapping(
        &mut self,
        connection: ConnectionId,
        after: Option<&(String, String)>,
        limit: i64,
    ) -> Result<Vec<StoredRecord>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT call_id, kind, remote_id, fetched, observed_at, first_seen_at, state \
             FROM records \
             WHERE tenant_id = $1 AND connection_id = $2 AND state = 'quarantined' \
                 AND call_id IS NULL AND (kind, remote_id) > ($3, $4) \
                 AND EXISTS (SELECT FROM record_documents AS link \
                     WHERE link.tenant_id = $1 AND link.connection_id = $2 \
                         AND link.kind = records.kind AND link.remote_id = records.remote_id) \
             ORDER BY kind, remote_id LIMIT $5",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(after.map_or("", |(kind, _)| kind))
        .bind(after.map_or("", |(_, id)| id))
        .bind(limit)
        .fetch_all(self.executor())
        .await?;
        let keys: Vec<RecordKey> = rows.iter().map(Row::key).collect();
        let mut documents = self.documents_of_records(connection, &keys).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let own = documents.remove(&row.key()).unwrap_or_default();
                row.into_stored(own)
            })
            .collect())
    }

    /// Takes in what stored documents tell under other rules or settings. No record is due for it,
    /// and none that waits stops waiting; a call of which something newer was fetched meanwhile is
    /// left alone.
    pub async fn apply_mapped(
        &mut self,
        scope: &ConnectionScope,
        mapped: &[Mapped],
        now: Timestamp,
    ) -> Result<Applied> {
        self.suppression_keys().await?;
        let current = self.lock_unchanged(scope, mapped).await?;
        let current = self.stop_erased(current, now).await?;
        let ids: BTreeSet<Uuid> = current.iter().map(|call| call.id.0).collect();
        let mut pending = self.load_pending(scope, &ids, &BTreeSet::new()).await?;
        let mut applied = Applied::default();
        for call in &current {
            let Some(waiting) = pending.get_mut(&call.id.0) else {
                continue;
            };
            let lives = waiting.now.is_some();
            if let (true, Some((built, unmapped))) = (lives, build(call)) {
                waiting.rebuild(built, unmapped);
            }
        }
        let (written, events) = settle(scope, pending, &mut applied, now);
        self.write_calls(scope, written, now).await?;
        let records = current.iter().flat_map(|call| &call.records);
        for record in records.clone() {
            applied.quarantined += self.save_mapped(scope.id, record).await?;
        }
        let records: Vec<Fetched> = records.cloned().collect();
        self.note_drift(scope, &records, now).await?;
        self.insert_events(&events, now).await?;
        Ok(applied)
    }

    /// Locks the records of mapped calls and gives the calls of which nothing newer was fetched
    /// since they were read.
    async fn lock_unchanged<'a>(
        &mut self,
        scope: &ConnectionScope,
        mapped: &'a [Mapped],
    ) -> Result<Vec<&'a Mapped>> {
        let ids: Vec<Uuid> = mapped.iter().map(|call| call.id.0).collect();
        let rows: Vec<(Uuid, String, String, convert::DbTime, String)> = sqlx::query_as(
            "SELECT call_id, kind, remote_id, observed_at, state FROM records \
             WHERE tenant_id = $1 AND connection_id = $2 AND call_id = ANY($3) \
             ORDER BY kind, remote_id FOR UPDATE",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        let mut observed = BTreeMap::new();
        for (call, kind, id, at, state) in rows {
            if !["gone", "erased"].contains(&state.as_str()) {
                observed.insert((call, kind, id), convert::model(at));
            }
        }
        let is_current = |call: &&Mapped| {
            call.records.iter().all(|record| {
                let key = (call.id.0, record.kind.clone(), record.remote_id.clone());
                observed.get(&key) == Some(&record.observed_at)
            })
        };
        Ok(mapped.iter().filter(is_current).collect())
    }

    /// Without the calls that turn out to be about somebody who was erased; those go.
    async fn stop_erased<'a>(
        &mut self,
        current: Vec<&'a Mapped>,
        now: Timestamp,
    ) -> Result<Vec<&'a Mapped>> {
        let mut told = Vec::new();
        for mapped in &current {
            let calls = mapped
                .records
                .iter()
                .filter_map(|record| match &record.news {
                    News::Upsert { call, .. } => Some(&**call),
                    _ => None,
                });
            told.extend(calls.map(|call| (mapped.id, call)));
        }
        let calls: Vec<&AnalyzedCall> = told.iter().map(|(_, call)| *call).collect();
        let erasures = self.erasures_of_calls(&calls).await?;
        let mut gone = BTreeSet::new();
        for ((id, _), erasure) in told.iter().zip(erasures) {
            if let Some(erasure) = erasure
                && gone.insert(*id)
            {
                self.stop_call(*id, erasure, now).await?;
            }
        }
        let stays = |mapped: &&Mapped| !gone.contains(&mapped.id);
        Ok(current.into_iter().filter(stays).collect())
    }

    /// Moves a record into quarantine, or out of it; all else about it stays. Counts those that
    /// went in.
    async fn save_mapped(&mut self, connection: ConnectionId, record: &Fetched) -> Result<u32> {
        let (from, to, reason, pointer) = match &record.news {
            News::Upsert { .. } => ("quarantined", "fetched", None, None),
            News::Quarantined { reason, pointer } => (
                "fetched",
                "quarantined",
                Some(convert::text(reason)),
                pointer.as_deref().map(convert::text),
            ),
            _ => return Ok(0),
        };
        let done = sqlx::query(
            "UPDATE records SET state = $6, reason = $7, pointer = $8 \
             WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND remote_id = $4 \
                 AND state = $5",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(&record.kind)
        .bind(&record.remote_id)
        .bind(from)
        .bind(to)
        .bind(reason)
        .bind(pointer)
        .execute(self.executor())
        .await?;
        let quarantined = done.rows_affected() > 0 && to == "quarantined";
        Ok(u32::from(quarantined))
    }
}

/// The call that all of its records tell together; `None` when none of them tells one.
fn build(mapped: &Mapped) -> Option<(AnalyzedCall, BTreeSet<String>)> {
    let mut built: Option<AnalyzedCall> = None;
    let mut all = BTreeSet::new();
    for record in &mapped.records {
        if let News::Upsert {
            call,
            share,
            unmapped,
            ..
        } = &record.news
        {
            built = Some(merge::absorb(built, (**call).clone(), *share));
            all.extend(unmapped.iter().cloned());
        }
    }
    let mut call = built?;
    if mapped.given_up {
        call.expire_pending();
    }
    Some((call, all))
}
