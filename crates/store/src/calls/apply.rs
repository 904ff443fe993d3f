//! From fetched records to calls, in one transaction: load, merge, compare, write, tell.

use std::collections::{BTreeMap, BTreeSet};

use callweave_model::{AnalyzedCall, CallId, ConnectionId, MAPPER_VERSION, Timestamp, merge};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{row::Loaded, withdraw, write::Written};
use crate::{
    Result, Store, TenantTx, convert,
    documents::RecordDocuments,
    events::Event,
    records::{Fetched, News},
};

/// The connection that calls belong to.
#[derive(Clone, Debug)]
pub struct ConnectionScope {
    /// Its id.
    pub id: ConnectionId,
    /// The vendor's key.
    pub vendor: String,
    /// The namespace of its calls' ids.
    pub namespace: Uuid,
}

/// What a batch of fetched records did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// New calls.
    pub created: u32,
    /// Changed calls.
    pub updated: u32,
    /// Calls that came back.
    pub restored: u32,
    /// Calls that went.
    pub deleted: u32,
    /// Records that told nothing new.
    pub unchanged: u32,
    /// Records put into quarantine.
    pub quarantined: u32,
}

/// What stands of a record.
struct KnownRecord {
    call: Option<CallId>,
    observed_at: Timestamp,
    /// Its call was erased here.
    erased: bool,
    /// The form it was fetched or erased in.
    fetched: Option<Vec<u8>>,
}

impl KnownRecord {
    /// Whether a fetch is passed over: it is older than what stands, or shows nothing but what
    /// was erased.
    fn outdoes(&self, record: &Fetched) -> bool {
        let changed_since = match &record.news {
            News::Upsert { call, .. } => call.vendor_updated_at > Some(self.observed_at),
            _ => false,
        };
        record.observed_at < self.observed_at
            || (self.erased && self.fetched == record.fingerprint && !changed_since)
    }
}

type KnownRow = (
    String,
    String,
    Option<Uuid>,
    convert::DbTime,
    String,
    Option<Vec<u8>>,
);

/// A call on its way through a batch.
struct Pending {
    before: Option<Loaded>,
    first_seen_at: Timestamp,
    now: Option<AnalyzedCall>,
    unmapped: BTreeSet<String>,
    /// Its records that stand.
    records: BTreeSet<(String, String)>,
    mapper_version: i32,
    observed_at: Timestamp,
    evidence: Option<String>,
    touched: bool,
}

impl Store {
    /// Makes sure that the months of these calls have their partitions. To be called before the
    /// transaction of [`TenantTx::apply`], never inside one.
    pub async fn prepare_months(&self, fetched: &[Fetched], now: Timestamp) -> Result<()> {
        let started = fetched.iter().filter_map(|record| match &record.news {
            News::Upsert { call, .. }
            | News::NotReady {
                call: Some(call), ..
            } => call.started_at,
            _ => None,
        });
        self.ensure_months(started.chain([now]), now).await
    }

    /// Makes sure that the month of one start has its partitions; before a patch that moves a call
    /// there.
    pub async fn prepare_month(&self, started_at: Timestamp, now: Timestamp) -> Result<()> {
        self.ensure_months([started_at].into_iter(), now).await
    }
}

impl TenantTx {
    /// Takes a batch of fetched records in: calls, versions, documents, events and the records
    /// themselves. The same batch twice changes nothing the second time.
    pub async fn apply(
        &mut self,
        scope: &ConnectionScope,
        fetched: &[Fetched],
        now: Timestamp,
    ) -> Result<Applied> {
        let known = self.lock_records(scope, fetched).await?;
        self.rest_erased(scope, &known).await?;
        let mut targets = Vec::with_capacity(fetched.len());
        for record in fetched {
            let key = (
                convert::text(&record.kind),
                convert::text(&record.remote_id),
            );
            let stands = known.get(&key);
            if stands.is_some_and(|stands| stands.outdoes(record)) {
                continue;
            }
            let remote = match &record.news {
                News::Upsert { call, .. }
                | News::NotReady {
                    call: Some(call), ..
                } => Some(CallId::derive(scope.namespace, &call.remote_id)),
                _ => stands.and_then(|stands| stands.call),
            };
            targets.push((record, remote));
        }
        if targets.is_empty() {
            return Ok(Applied::default());
        }
        self.ensure_keys(scope, &targets, now).await?;
        let ids: BTreeSet<Uuid> = targets
            .iter()
            .filter_map(|(_, id)| id.map(|id| id.0))
            .collect();
        let mut pending = self.load_pending(scope, &ids).await?;
        let mut applied = Applied::default();
        for (record, id) in &targets {
            if matches!(record.news, News::Quarantined { .. }) {
                applied.quarantined += 1;
            }
            if let Some(call) = id.and_then(|id| pending.get_mut(&id.0)) {
                call.take(record);
            }
        }
        let (written, events) = settle(scope, pending, &mut applied, now);
        self.write_calls(scope, &written, now).await?;
        let rows: Vec<(&Fetched, Option<Uuid>)> = targets
            .iter()
            .map(|(record, id)| (*record, id.map(|id| id.0)))
            .collect();
        self.save_fetched(scope.id, &latest(rows)).await?;
        let documents: Vec<RecordDocuments<'_>> = targets
            .iter()
            .map(|(record, _)| RecordDocuments {
                kind: &record.kind,
                remote_id: &record.remote_id,
                documents: &record.documents,
            })
            .collect();
        self.keep_documents(scope.id, &documents).await?;
        self.insert_events(&events, now).await?;
        Ok(applied)
    }

    /// Locks the rows of these records in one order: what was observed earlier than what stands
    /// is passed over, whoever brings it.
    async fn lock_records(
        &mut self,
        scope: &ConnectionScope,
        fetched: &[Fetched],
    ) -> Result<BTreeMap<(String, String), KnownRecord>> {
        let (kinds, ids): (Vec<String>, Vec<String>) = fetched
            .iter()
            .map(|record| {
                (
                    convert::text(&record.kind),
                    convert::text(&record.remote_id),
                )
            })
            .unzip();
        let rows: Vec<KnownRow> = sqlx::query_as(
            "SELECT kind, remote_id, call_id, observed_at, state, fetched FROM records \
             WHERE tenant_id = $1 AND connection_id = $2 \
                 AND (kind, remote_id) IN (SELECT * FROM UNNEST($3::text[], $4::text[])) \
             ORDER BY kind, remote_id FOR UPDATE",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(kinds)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(kind, id, call, observed_at, state, fetched)| {
                let known = KnownRecord {
                    call: call.map(CallId),
                    observed_at: convert::model(observed_at),
                    erased: state == "erased",
                    fetched,
                };
                ((kind, id), known)
            })
            .collect())
    }

    /// An erased record that was looked at once more in the form it was erased in is not due.
    async fn rest_erased(
        &mut self,
        scope: &ConnectionScope,
        known: &BTreeMap<(String, String), KnownRecord>,
    ) -> Result<()> {
        let (kinds, ids): (Vec<&str>, Vec<&str>) = known
            .iter()
            .filter(|(_, record)| record.erased)
            .map(|((kind, id), _)| (kind.as_str(), id.as_str()))
            .unzip();
        if kinds.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "UPDATE records SET due_at = NULL \
             WHERE tenant_id = $1 AND connection_id = $2 AND due_at IS NOT NULL \
                 AND (kind, remote_id) IN (SELECT * FROM UNNEST($3::text[], $4::text[])) \
                 AND fetched IS NOT DISTINCT FROM fingerprint",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(kinds)
        .bind(ids)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// The records of calls that neither went nor were erased.
    async fn standing_records(
        &mut self,
        scope: &ConnectionScope,
        calls: &[Uuid],
    ) -> Result<BTreeMap<Uuid, BTreeSet<(String, String)>>> {
        let rows: Vec<(Uuid, String, String)> = sqlx::query_as(
            "SELECT call_id, kind, remote_id FROM records \
             WHERE tenant_id = $1 AND connection_id = $2 AND call_id = ANY($3) \
                 AND state NOT IN ('gone', 'erased')",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(calls)
        .fetch_all(self.executor())
        .await?;
        let mut records: BTreeMap<Uuid, BTreeSet<(String, String)>> = BTreeMap::new();
        for (call, kind, remote_id) in rows {
            records.entry(call).or_default().insert((kind, remote_id));
        }
        Ok(records)
    }

    async fn ensure_keys(
        &mut self,
        scope: &ConnectionScope,
        targets: &[(&Fetched, Option<CallId>)],
        now: Timestamp,
    ) -> Result<()> {
        let mut keys: BTreeMap<Uuid, (String, Timestamp)> = BTreeMap::new();
        for (record, id) in targets {
            if let (
                News::Upsert { call, .. }
                | News::NotReady {
                    call: Some(call), ..
                },
                Some(id),
            ) = (&record.news, id)
            {
                keys.insert(
                    id.0,
                    (
                        convert::text(&call.remote_id),
                        call.started_at.unwrap_or(now),
                    ),
                );
            }
        }
        let ids: Vec<Uuid> = keys.keys().copied().collect();
        let remote_ids: Vec<&str> = keys.values().map(|(remote, _)| remote.as_str()).collect();
        let sort: Vec<convert::DbTime> = keys.values().map(|(_, at)| convert::db(*at)).collect();
        sqlx::query(
            "INSERT INTO call_keys (tenant_id, id, connection_id, remote_id, sort_at, first_seen_at) \
             SELECT $1, id, $2, remote_id, sort_at, $3 \
             FROM UNNEST($4::uuid[], $5::text[], $6::timestamptz[]) AS new (id, remote_id, sort_at) \
             ORDER BY id \
             ON CONFLICT DO NOTHING",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(convert::db(now))
        .bind(ids)
        .bind(remote_ids)
        .bind(sort)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    async fn load_pending(
        &mut self,
        scope: &ConnectionScope,
        ids: &BTreeSet<Uuid>,
    ) -> Result<BTreeMap<Uuid, Pending>> {
        let ids: Vec<Uuid> = ids.iter().copied().collect();
        let loaded = self.lock_calls(&ids).await?;
        let mut records = self.standing_records(scope, &ids).await?;
        Ok(loaded
            .into_iter()
            .map(|(id, first_seen_at, before)| {
                let live = before.as_ref().filter(|loaded| loaded.deleted_at.is_none());
                let pending = Pending {
                    now: live.map(|loaded| loaded.call.clone()),
                    records: records.remove(&id).unwrap_or_default(),
                    mapper_version: live.map_or(MAPPER_VERSION, |loaded| loaded.mapper_version),
                    unmapped: before
                        .as_ref()
                        .map(|loaded| loaded.unmapped.iter().cloned().collect())
                        .unwrap_or_default(),
                    observed_at: before
                        .as_ref()
                        .map_or(first_seen_at, |loaded| loaded.observed_at),
                    before,
                    first_seen_at,
                    evidence: None,
                    touched: false,
                };
                (id, pending)
            })
            .collect())
    }
}

impl Pending {
    /// Takes one record in.
    fn take(&mut self, record: &Fetched) {
        let key = (
            convert::text(&record.kind),
            convert::text(&record.remote_id),
        );
        match &record.news {
            News::Gone { .. } => self.records.remove(&key),
            News::Upsert { .. } => self.records.insert(key),
            _ => false,
        };
        match &record.news {
            News::Upsert {
                call,
                share,
                unmapped,
                ..
            } => {
                let known = self.now.take();
                if known.is_none() || *share == merge::Share::Whole {
                    self.mapper_version = MAPPER_VERSION;
                }
                self.now = Some(merge::absorb(known, (**call).clone(), *share));
                if *share == merge::Share::Whole {
                    self.unmapped.clear();
                }
                self.unmapped.extend(unmapped.iter().cloned());
            }
            News::NotReady {
                call: Some(call),
                due_at,
            } => {
                if self.now.is_none() {
                    self.now = Some(merge::absorb(None, (**call).clone(), merge::Share::Whole));
                }
                if due_at.is_none() {
                    self.expire();
                }
            }
            News::NotReady {
                call: None,
                due_at: None,
            } => self.expire(),
            News::Gone { evidence } => {
                let others = !self.records.is_empty();
                self.now = self
                    .now
                    .take()
                    .and_then(|call| withdraw::withdraw(call, &record.remote_id, others));
                self.evidence = Some(evidence.clone());
            }
            News::NotReady { call: None, .. } | News::Quarantined { .. } => return,
        }
        self.observed_at = self.observed_at.max(record.observed_at);
        self.touched = true;
    }

    /// The vendor never had it ready: what is still pending has failed.
    fn expire(&mut self) {
        if let Some(call) = self.now.as_mut() {
            call.expire_pending();
            self.touched = true;
        }
    }
}

/// Decides what becomes of every call: nothing, a new version, a tombstone.
fn settle(
    scope: &ConnectionScope,
    pending: BTreeMap<Uuid, Pending>,
    applied: &mut Applied,
    now: Timestamp,
) -> (Vec<Written>, Vec<Event>) {
    let mut written = Vec::new();
    let mut events = Vec::new();
    for (id, call) in pending {
        if !call.touched {
            applied.unchanged += 1;
            continue;
        }
        match Written::decide(
            CallId(id),
            scope.id.0,
            call.before.as_ref(),
            call.now,
            call.first_seen_at,
            now,
        ) {
            None => applied.unchanged += 1,
            Some(mut row) => {
                row.unmapped = call.unmapped.into_iter().take(200).collect();
                row.observed_at = call.observed_at;
                row.mapper_version = call.mapper_version;
                row.deletion_evidence = row.deletion_evidence.and(call.evidence);
                match row.cause {
                    "created" => applied.created += 1,
                    "restored" => applied.restored += 1,
                    "deleted" => applied.deleted += 1,
                    _ => applied.updated += 1,
                }
                events.extend(events_of(scope, &row));
                written.push(row);
            }
        }
    }
    (written, events)
}

fn events_of(scope: &ConnectionScope, row: &Written) -> Vec<Event> {
    let event = |event_type: &'static str, data: Value| Event {
        event_type,
        connection: Some(scope.id),
        subject: Some(row.id.0),
        data,
    };
    let base = json!({"vendor": scope.vendor, "version": row.version, "changed": row.changed});
    let mut events = vec![match row.cause {
        "created" => event("call.created", base),
        "restored" => event("call.restored", base),
        "deleted" => event("call.deleted", base),
        _ => event("call.updated", base),
    }];
    for (artifact, event_type) in [
        ("transcript", "transcript.ready"),
        ("analysis", "analysis.ready"),
        ("recording", "media.ready"),
    ] {
        if row.became_ready(artifact) {
            events.push(event(event_type, json!({"vendor": scope.vendor})));
        }
    }
    events
}

/// One row a record: the newest observation wins.
fn latest<'a>(rows: Vec<(&'a Fetched, Option<Uuid>)>) -> Vec<(&'a Fetched, Option<Uuid>)> {
    let mut by_record: BTreeMap<(&str, &str), (&'a Fetched, Option<Uuid>)> = BTreeMap::new();
    for row in rows {
        let key = (row.0.kind.as_str(), row.0.remote_id.as_str());
        let newer = by_record
            .get(&key)
            .is_none_or(|old| old.0.observed_at <= row.0.observed_at);
        if newer {
            by_record.insert(key, row);
        }
    }
    by_record.into_values().collect()
}
