//! Vendor records: the unit in which a vendor lists, changes and deletes. The table is also the
//! queue of what is to be fetched.

use callweave_model::{AnalyzedCall, CallId, ConnectionId, Timestamp, merge::Share};
use serde_json::Value;
use uuid::Uuid;

use crate::{Result, TenantTx, convert, documents::Document};

/// A record as a list shows it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The vendor's kind of record.
    pub kind: String,
    /// The vendor's id.
    pub remote_id: String,
    /// Changes whenever the listed form changes.
    pub fingerprint: Vec<u8>,
    /// What the list told that a lookup needs.
    pub hint: Option<Value>,
}

/// A record that is to be fetched.
#[derive(Clone, Debug)]
pub struct Due {
    /// The vendor's kind of record.
    pub kind: String,
    /// The vendor's id.
    pub remote_id: String,
    /// The listed form it is fetched for.
    pub fingerprint: Option<Vec<u8>>,
    /// What the list told that a lookup needs.
    pub hint: Option<Value>,
    /// How often it was not ready in a row.
    pub attempts: i32,
    /// How often the vendor failed on it in a row.
    pub failures: i32,
    /// When the gateway first heard of it.
    pub first_seen_at: Timestamp,
    /// A list has shown it, so that the next full walks tell whether it is still there.
    pub listed: bool,
    /// Two full walks in a row did not meet it.
    pub missing: bool,
    /// The start of its call, or its first sight.
    pub call_at: Option<Timestamp>,
}

/// A record after a fetch.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The vendor's kind of record.
    pub kind: String,
    /// The vendor's id.
    pub remote_id: String,
    /// When the fetch began: an older observation never overwrites a newer one.
    pub observed_at: Timestamp,
    /// The listed form it was fetched for.
    pub fingerprint: Option<Vec<u8>>,
    /// What the vendor said.
    pub news: News,
    /// The vendor's documents behind it.
    pub documents: Vec<Document>,
}

/// What the vendor said of a record.
#[derive(Clone, Debug)]
pub enum News {
    /// It is this call, or a share of it.
    Upsert {
        /// The call.
        call: Box<AnalyzedCall>,
        /// How much of it.
        share: Share,
        /// JSON pointers no mapper consumed.
        unmapped: Vec<String>,
        /// When to look again, if at all.
        due_at: Option<Timestamp>,
    },
    /// It is not ready.
    NotReady {
        /// What is known already.
        call: Option<Box<AnalyzedCall>>,
        /// When to look again; `None` gives up.
        due_at: Option<Timestamp>,
    },
    /// It does not exist (any more).
    Gone {
        /// The answer that says so.
        evidence: String,
    },
    /// The vendor no longer has it, because it keeps nothing so old: what we have of it stays.
    Aged {
        /// The answer that says so.
        evidence: String,
    },
    /// It could not be translated.
    Quarantined {
        /// Why.
        reason: String,
        /// Where.
        pointer: Option<String>,
    },
    /// It belongs to another account: nothing of it is kept.
    Foreign {
        /// What says so.
        reason: String,
        /// Where.
        pointer: Option<String>,
    },
}

/// A record in quarantine.
#[derive(Clone, Debug)]
pub struct QuarantinedRecord {
    /// The vendor's kind of record.
    pub kind: String,
    /// The vendor's id.
    pub remote_id: String,
    /// Why it could not be translated.
    pub reason: Option<String>,
    /// Where.
    pub pointer: Option<String>,
    /// When it was looked at last.
    pub observed_at: Timestamp,
}

/// How many records of a connection are in which state.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
pub struct RecordCounts {
    /// Known in all, without those that are gone, erased or expired at the vendor.
    pub known: i64,
    /// To be fetched.
    pub waiting: i64,
    /// Fetched, and not ready at the vendor.
    pub not_ready: i64,
    /// In quarantine.
    pub quarantined: i64,
    /// Gone at the vendor.
    pub gone: i64,
    /// Older than what the vendor keeps; our copy stays.
    pub vendor_expired: i64,
}

type QuarantineRow = (
    String,
    String,
    Option<String>,
    Option<String>,
    convert::DbTime,
);

impl TenantTx {
    /// Notes the listed records, but for what was erased; one whose form is new becomes due. Returns how many became due.
    ///
    /// `full_walk` stamps the number of a full walk, so that what it did not meet is known.
    pub async fn note_seen(
        &mut self,
        connection: ConnectionId,
        seen: &[Seen],
        full_walk: Option<i64>,
        now: Timestamp,
    ) -> Result<u64> {
        if seen.is_empty() {
            return Ok(0);
        }
        let seen = self.without_erased_seen(connection, seen).await?;
        let unique = convert::by_key(seen, |seen: &&Seen| {
            (seen.kind.clone(), seen.remote_id.clone())
        });
        let kinds: Vec<String> = unique
            .values()
            .map(|seen| convert::text(&seen.kind))
            .collect();
        let ids: Vec<String> = unique
            .values()
            .map(|seen| convert::text(&seen.remote_id))
            .collect();
        let fingerprints: Vec<&[u8]> = unique
            .values()
            .map(|seen| seen.fingerprint.as_slice())
            .collect();
        let hints: Vec<Option<Value>> = unique
            .values()
            .map(|seen| seen.hint.as_ref().map(convert::json))
            .collect();
        let done = sqlx::query(include_str!("../sql/note_seen.sql"))
            .bind(self.tenant().0)
            .bind(connection.0)
            .bind(kinds)
            .bind(ids)
            .bind(fingerprints)
            .bind(hints)
            .bind(convert::db(now))
            .bind(full_walk)
            .execute(self.executor())
            .await?;
        Ok(done.rows_affected())
    }

    /// Makes one record due now, whatever is known of it (a fetch on demand, a registered call).
    pub async fn want_record(
        &mut self,
        connection: ConnectionId,
        kind: &str,
        remote_id: &str,
        call: Option<CallId>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO records AS old (tenant_id, connection_id, kind, remote_id, state, call_id, \
                 due_at, first_seen_at, observed_at) \
             VALUES ($1, $2, $3, $4, 'seen', $5, $6, $6, $6) \
             ON CONFLICT (tenant_id, connection_id, kind, remote_id) \
                 DO UPDATE SET due_at = $6, attempts = 0, call_id = COALESCE(old.call_id, $5)",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::text(kind))
        .bind(convert::text(remote_id))
        .bind(call.map(|id| id.0))
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Stamps records (kind, vendor id) that a list showed whole with the number of a full walk.
    pub async fn stamp_walk(
        &mut self,
        connection: ConnectionId,
        met: &[(String, String)],
        full_walk: i64,
    ) -> Result<()> {
        if met.is_empty() {
            return Ok(());
        }
        let (kinds, ids): (Vec<String>, Vec<String>) = met
            .iter()
            .map(|(kind, id)| (convert::text(kind), convert::text(id)))
            .unzip();
        sqlx::query(
            "UPDATE records AS record SET full_walk = $3, missing = false \
             FROM UNNEST($4::text[], $5::text[]) AS met (kind, remote_id) \
             WHERE record.tenant_id = $1 AND record.connection_id = $2 \
                 AND record.kind = met.kind AND record.remote_id = met.remote_id \
                 AND (record.full_walk < $3 OR record.missing)",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(full_walk)
        .bind(kinds)
        .bind(ids)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// How many records are in which state.
    pub async fn count_records(&mut self, connection: ConnectionId) -> Result<RecordCounts> {
        Ok(sqlx::query_as(
            "SELECT count(*) FILTER (WHERE state NOT IN ('gone', 'erased', 'vendor_expired')) AS known, \
                 count(*) FILTER (WHERE due_at IS NOT NULL) AS waiting, \
                 count(*) FILTER (WHERE state = 'not_ready') AS not_ready, \
                 count(*) FILTER (WHERE state = 'quarantined') AS quarantined, \
                 count(*) FILTER (WHERE state = 'gone') AS gone, \
                 count(*) FILTER (WHERE state = 'vendor_expired') AS vendor_expired \
             FROM records WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .fetch_one(self.executor())
        .await?)
    }

    /// What is in quarantine, newest first, beyond `after`.
    pub async fn list_quarantine(
        &mut self,
        connection: ConnectionId,
        after: Option<&QuarantinedRecord>,
        limit: i64,
    ) -> Result<Vec<QuarantinedRecord>> {
        let rows: Vec<QuarantineRow> = sqlx::query_as(
            "SELECT kind, remote_id, reason, pointer, observed_at FROM records \
                 WHERE tenant_id = $1 AND connection_id = $2 AND state = 'quarantined' \
                     AND ($4::timestamptz IS NULL OR (observed_at, kind, remote_id) < ($4, $5, $6)) \
                 ORDER BY observed_at DESC, kind DESC, remote_id DESC LIMIT $3",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(limit)
        .bind(after.map(|record| convert::db(record.observed_at)))
        .bind(after.map(|record| &record.kind))
        .bind(after.map(|record| &record.remote_id))
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(
                |(kind, remote_id, reason, pointer, observed_at)| QuarantinedRecord {
                    kind,
                    remote_id,
                    reason,
                    pointer,
                    observed_at: convert::model(observed_at),
                },
            )
            .collect())
    }

    /// Makes everything due again that is in quarantine, or for which the wait was given up;
    /// returns how many.
    pub async fn replay_quarantine(
        &mut self,
        connection: ConnectionId,
        now: Timestamp,
    ) -> Result<u64> {
        let done = sqlx::query(
            // In the order in which a sync takes them.
            "WITH asides AS ( \
                 SELECT kind, remote_id FROM records \
                 WHERE tenant_id = $1 AND connection_id = $2 AND state IN ('quarantined', 'expired') \
                 ORDER BY kind, remote_id FOR UPDATE) \
             UPDATE records SET due_at = $3, fetched = NULL FROM asides \
             WHERE tenant_id = $1 AND connection_id = $2 \
                 AND records.kind = asides.kind AND records.remote_id = asides.remote_id",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected())
    }

    /// The records that make up a call: kind, vendor id.
    pub async fn records_of_call(&mut self, call: CallId) -> Result<Vec<(String, String)>> {
        Ok(sqlx::query_as(
            "SELECT kind, remote_id FROM records WHERE tenant_id = $1 AND call_id = $2 \
             ORDER BY kind, remote_id",
        )
        .bind(self.tenant().0)
        .bind(call.0)
        .fetch_all(self.executor())
        .await?)
    }

    /// Asks for a record again later, whose answer was older than what is known.
    pub(crate) async fn await_newer(
        &mut self,
        connection: ConnectionId,
        record: &Fetched,
        due_at: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE records SET due_at = $5, attempts = attempts + 1 \
             WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND remote_id = $4",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::text(&record.kind))
        .bind(convert::text(&record.remote_id))
        .bind(convert::db(due_at))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    pub(crate) async fn save_fetched(
        &mut self,
        connection: ConnectionId,
        fetched: &[(&Fetched, Option<Uuid>)],
    ) -> Result<()> {
        let mut columns = FetchedColumns::default();
        for (record, call) in fetched {
            columns.push(record, *call);
        }
        sqlx::query(include_str!("../sql/save_fetched.sql"))
            .bind(self.tenant().0)
            .bind(connection.0)
            .bind(&columns.kinds)
            .bind(&columns.remote_ids)
            .bind(&columns.states)
            .bind(&columns.calls)
            .bind(&columns.fetched)
            .bind(&columns.due)
            .bind(&columns.observed)
            .bind(&columns.reasons)
            .bind(&columns.pointers)
            .execute(self.executor())
            .await?;
        Ok(())
    }
}

#[derive(Default)]
struct FetchedColumns {
    kinds: Vec<String>,
    remote_ids: Vec<String>,
    states: Vec<&'static str>,
    calls: Vec<Option<Uuid>>,
    fetched: Vec<Option<Vec<u8>>>,
    due: Vec<Option<convert::DbTime>>,
    observed: Vec<convert::DbTime>,
    reasons: Vec<Option<String>>,
    pointers: Vec<Option<String>>,
}

impl FetchedColumns {
    fn push(&mut self, record: &Fetched, call: Option<Uuid>) {
        let (state, due, reason, pointer) = match &record.news {
            News::Upsert { due_at, .. } => ("fetched", *due_at, None, None),
            News::NotReady {
                due_at: Some(due), ..
            } => ("not_ready", Some(*due), None, None),
            News::NotReady { due_at: None, .. } => (
                "expired",
                None,
                Some("the vendor never had it ready".to_owned()),
                None,
            ),
            News::Gone { evidence } => ("gone", None, Some(convert::text(evidence)), None),
            News::Aged { evidence } => {
                ("vendor_expired", None, Some(convert::text(evidence)), None)
            }
            News::Quarantined { reason, pointer } => (
                "quarantined",
                None,
                Some(convert::text(reason)),
                pointer.as_deref().map(convert::text),
            ),
            News::Foreign { reason, pointer } => (
                "foreign",
                None,
                Some(convert::text(reason)),
                pointer.as_deref().map(convert::text),
            ),
        };
        self.kinds.push(convert::text(&record.kind));
        self.remote_ids.push(convert::text(&record.remote_id));
        self.states.push(state);
        self.calls.push(call);
        self.fetched.push(record.fingerprint.clone());
        self.due.push(convert::db_option(due));
        self.observed.push(convert::db(record.observed_at));
        self.reasons.push(reason);
        self.pointers.push(pointer);
    }
}
