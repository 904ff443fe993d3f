//! From fetched records to calls, in one transaction: load, merge, compare, write, tell.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use callweave_model::{CallId, ConnectionId, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::pending::{self, Pending, RecordKey, settle};
use crate::{
    Result, Store, TenantTx, convert,
    documents::RecordDocuments,
    events::Event,
    records::{Fetched, News},
};

/// Answers in a row that are older than what is known, after which the vendor is believed: it may
/// have gone back to an older state.
const STALE_PATIENCE: i32 = 5;

/// When a record is asked for again whose answer was older than what is known.
const STALE_PAUSE: Duration = Duration::from_secs(60);

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
    /// Records of another account, refused.
    pub foreign: u32,
    /// Records of what was erased here, stopped.
    pub erased: u32,
    /// Records of calls that are older than the tenant keeps calls, passed over.
    pub aged: u32,
}

impl Applied {
    /// How many calls changed, in whichever way.
    pub const fn changes(&self) -> u32 {
        self.created + self.updated + self.restored + self.deleted
    }
}

/// What stands of a record.
struct KnownRecord {
    call: Option<CallId>,
    observed_at: Timestamp,
    state: String,
    attempts: i32,
    /// The form it was fetched or erased in.
    fetched: Option<Vec<u8>>,
}

impl KnownRecord {
    /// Its call was erased here.
    fn is_erased(&self) -> bool {
        self.state == "erased"
    }

    /// Whether a fetch is passed over: it is older than what stands, or shows nothing but what
    /// was erased.
    fn outdoes(&self, record: &Fetched) -> bool {
        let changed_since = match &record.news {
            News::Upsert { call, .. } => call.vendor_updated_at > Some(self.observed_at),
            _ => false,
        };
        record.observed_at < self.observed_at
            || (self.is_erased() && self.fetched == record.fingerprint && !changed_since)
    }
}

type KnownRow = (
    String,
    String,
    Option<Uuid>,
    convert::DbTime,
    String,
    i32,
    Option<Vec<u8>>,
);

/// A record that is taken in, and the calls it touches.
struct Target<'a> {
    record: &'a mut Fetched,
    call: Option<Uuid>,
    /// The call it told of before.
    moved_from: Option<Uuid>,
    /// The record is new, or stood in another state.
    was_foreign: bool,
    /// How often in a row it came to nothing.
    attempts: i32,
    /// It is older than what is known: it is asked for again.
    stale: bool,
}

impl<'a> Target<'a> {
    /// `None` for a record that is passed over.
    fn of(
        scope: &ConnectionScope,
        record: &'a mut Fetched,
        known: &BTreeMap<RecordKey, KnownRecord>,
    ) -> Option<Self> {
        let stands = known.get(&pending::key(record));
        if stands.is_some_and(|stands| stands.outdoes(record)) {
            return None;
        }
        let before = stands.and_then(|stands| stands.call).map(|id| id.0);
        let told = told_call(record).map(|id| CallId::derive(scope.namespace, id).0);
        Some(Self {
            record,
            call: told.or(before),
            moved_from: before.filter(|before| told.is_some_and(|told| told != *before)),
            was_foreign: stands.is_some_and(|stands| stands.state == "foreign"),
            attempts: stands.map_or(0, |stands| stands.attempts),
            stale: false,
        })
    }
}

/// The vendor's id of the call that a record tells of.
fn told_call(record: &Fetched) -> Option<&str> {
    match &record.news {
        News::Upsert { call, .. }
        | News::NotReady {
            call: Some(call), ..
        } => Some(&call.remote_id),
        _ => None,
    }
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
    /// themselves. What was erased for good is stopped. The same batch twice changes nothing the second time.
    pub async fn apply(
        &mut self,
        scope: &ConnectionScope,
        fetched: &[Fetched],
        now: Timestamp,
    ) -> Result<Applied> {
        self.apply_all(scope, fetched.to_vec(), now).await
    }

    /// [`TenantTx::apply`] of records that nobody needs afterwards.
    pub async fn apply_all(
        &mut self,
        scope: &ConnectionScope,
        fetched: Vec<Fetched>,
        now: Timestamp,
    ) -> Result<Applied> {
        let (fetched, erased) = self.without_erased(scope, fetched, now).await?;
        let (mut fetched, aged) = self.without_aged(scope, fetched, now).await?;
        let known = self.lock_records(scope, &fetched).await?;
        self.rest_erased(scope, &known).await?;
        let mut targets: Vec<Target<'_>> = fetched
            .iter_mut()
            .filter_map(|record| Target::of(scope, record, &known))
            .collect();
        let mut applied = Applied {
            erased,
            aged,
            ..Applied::default()
        };
        if targets.is_empty() {
            return Ok(applied);
        }
        let fresh = self.ensure_keys(scope, &targets, now).await?;
        let ids: BTreeSet<Uuid> = targets
            .iter()
            .flat_map(|target| [target.call, target.moved_from])
            .flatten()
            .collect();
        let mut calls = self.load_pending(scope, &ids, &fresh).await?;
        for target in &mut targets {
            take(target, &mut calls, &mut applied);
        }
        let (written, mut events) = settle(scope, calls, &mut applied, now);
        events.extend(foreign(scope, &targets));
        self.write_calls(scope, written, now).await?;
        self.save_targets(scope, &targets, now).await?;
        self.note_drift(scope, &fetched, now).await?;
        self.insert_events(&events, now).await?;
        Ok(applied)
    }

    /// Writes the records themselves, and the documents behind them.
    async fn save_targets(
        &mut self,
        scope: &ConnectionScope,
        targets: &[Target<'_>],
        now: Timestamp,
    ) -> Result<()> {
        let (stale, taken): (Vec<_>, Vec<_>) = targets.iter().partition(|target| target.stale);
        for target in stale {
            self.await_newer(scope.id, target.record, now.plus(STALE_PAUSE))
                .await?;
        }
        let rows = taken.iter().map(|target| (&*target.record, target.call));
        self.save_fetched(scope.id, &latest(rows.collect())).await?;
        let documents: Vec<RecordDocuments<'_>> = taken
            .iter()
            .map(|target| RecordDocuments {
                kind: &target.record.kind,
                remote_id: &target.record.remote_id,
                documents: &target.record.documents,
            })
            .collect();
        self.keep_documents(scope.id, &documents).await
    }

    /// Locks the rows of these records in one order: what was observed earlier than what stands
    /// is passed over, whoever brings it.
    async fn lock_records(
        &mut self,
        scope: &ConnectionScope,
        fetched: &[Fetched],
    ) -> Result<BTreeMap<RecordKey, KnownRecord>> {
        let (kinds, ids): (Vec<String>, Vec<String>) = fetched.iter().map(pending::key).unzip();
        let rows: Vec<KnownRow> = sqlx::query_as(
            // Record by record: as a join, a plan made for few rows reads all there are, every time.
            "SELECT record.* FROM ( \
                 SELECT DISTINCT kind, remote_id \
                 FROM UNNEST($3::text[], $4::text[]) AS given (kind, remote_id) \
                 ORDER BY kind, remote_id \
             ) AS wanted \
             CROSS JOIN LATERAL ( \
                 SELECT kind, remote_id, call_id, observed_at, state, attempts, fetched FROM records \
                 WHERE tenant_id = $1 AND connection_id = $2 \
                     AND kind = wanted.kind AND remote_id = wanted.remote_id \
                 FOR UPDATE \
             ) AS record",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(kinds)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(kind, id, call, observed_at, state, attempts, fetched)| {
                let known = KnownRecord {
                    call: call.map(CallId),
                    observed_at: convert::model(observed_at),
                    state,
                    attempts,
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
        known: &BTreeMap<RecordKey, KnownRecord>,
    ) -> Result<()> {
        let (kinds, ids): (Vec<&str>, Vec<&str>) = known
            .iter()
            .filter(|(_, record)| record.is_erased())
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

    /// The records of calls that neither went nor were erased, and whether the vendor keeps them no
    /// longer.
    async fn standing_records(
        &mut self,
        scope: &ConnectionScope,
        calls: &[Uuid],
    ) -> Result<BTreeMap<Uuid, [BTreeSet<RecordKey>; 2]>> {
        let rows: Vec<(Uuid, String, String, bool)> = sqlx::query_as(
            // Call by call, and not by the connection: a plan made for few rows reads all there are.
            "SELECT record.* FROM UNNEST($3::uuid[]) AS wanted (id) \
             CROSS JOIN LATERAL ( \
                 SELECT call_id, kind, remote_id, state = 'vendor_expired' FROM records \
                 WHERE tenant_id = $1 AND (connection_id = $2) IS TRUE AND call_id = wanted.id \
                     AND state NOT IN ('gone', 'erased') \
                 OFFSET 0 \
             ) AS record",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(calls)
        .fetch_all(self.executor())
        .await?;
        let mut records: BTreeMap<Uuid, [BTreeSet<RecordKey>; 2]> = BTreeMap::new();
        for (call, kind, remote_id, expired) in rows {
            let [standing, aged] = records.entry(call).or_default();
            standing.insert((kind.clone(), remote_id.clone()));
            if expired {
                aged.insert((kind, remote_id));
            }
        }
        Ok(records)
    }

    /// Makes sure that each call has its key; returns those that had none before.
    async fn ensure_keys(
        &mut self,
        scope: &ConnectionScope,
        targets: &[Target<'_>],
        now: Timestamp,
    ) -> Result<BTreeSet<Uuid>> {
        let mut keys: BTreeMap<Uuid, (String, Timestamp)> = BTreeMap::new();
        for target in targets {
            if let (
                News::Upsert { call, .. }
                | News::NotReady {
                    call: Some(call), ..
                },
                Some(id),
            ) = (&target.record.news, target.call)
            {
                let started = call.started_at.unwrap_or(now);
                keys.insert(id, (convert::text(&call.remote_id), started));
            }
        }
        let ids: Vec<Uuid> = keys.keys().copied().collect();
        let remote_ids: Vec<&str> = keys.values().map(|(remote, _)| remote.as_str()).collect();
        let sort: Vec<convert::DbTime> = keys.values().map(|(_, at)| convert::db(*at)).collect();
        let fresh: Vec<Uuid> = sqlx::query_scalar(
            "INSERT INTO call_keys (tenant_id, id, connection_id, remote_id, sort_at, first_seen_at) \
             SELECT $1, id, $2, remote_id, sort_at, $3 \
             FROM UNNEST($4::uuid[], $5::text[], $6::timestamptz[]) AS new (id, remote_id, sort_at) \
             ORDER BY id \
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(convert::db(now))
        .bind(ids)
        .bind(remote_ids)
        .bind(sort)
        .fetch_all(self.executor())
        .await?;
        Ok(fresh.into_iter().collect())
    }

    /// Locks and loads calls that are about to change; of those whose key is `fresh` nothing is stored yet.
    pub(super) async fn load_pending(
        &mut self,
        scope: &ConnectionScope,
        ids: &BTreeSet<Uuid>,
        fresh: &BTreeSet<Uuid>,
    ) -> Result<BTreeMap<Uuid, Pending>> {
        let ids: Vec<Uuid> = ids.iter().copied().collect();
        let loaded = self.lock_calls_but(&ids, fresh).await?;
        let mut records = self.standing_records(scope, &ids).await?;
        Ok(loaded
            .into_iter()
            .map(|(id, first_seen_at, before)| {
                let [standing, aged] = records.remove(&id).unwrap_or_default();
                (id, Pending::new(before, first_seen_at, standing, aged))
            })
            .collect())
    }
}

/// Brings a record to the calls it touches.
fn take(target: &mut Target<'_>, calls: &mut BTreeMap<Uuid, Pending>, applied: &mut Applied) {
    match target.record.news {
        News::Quarantined { .. } => applied.quarantined += 1,
        News::Foreign { .. } => applied.foreign += 1,
        _ => {}
    }
    if let Some(call) = target.moved_from.and_then(|id| calls.get_mut(&id)) {
        call.leave(target.record);
    }
    if let Some(call) = target.call.and_then(|id| calls.get_mut(&id)) {
        target.stale = target.attempts < STALE_PATIENCE && call.is_ahead_of(target.record);
        if !target.stale {
            call.take(target.record);
        }
    }
}

/// A record of another account is told of once.
fn foreign(scope: &ConnectionScope, targets: &[Target<'_>]) -> Vec<Event> {
    targets
        .iter()
        .filter(|target| matches!(target.record.news, News::Foreign { .. }) && !target.was_foreign)
        .map(|target| Event {
            event_type: "security.foreign_record",
            connection: Some(scope.id),
            subject: Some(scope.id.0),
            data: json!({"vendor": scope.vendor, "kind": target.record.kind}),
        })
        .collect()
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
