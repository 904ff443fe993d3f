//! From what a vendor took to the call that comes of it.

use callweave_model::{
    AnalyzedCall, CallId, ConnectionId, Timestamp,
    enums::{ArtifactState, CallStatus},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Result, TenantTx,
    calls::{CallPatch, ConnectionScope},
    convert,
    records::{Fetched, News},
};

/// A record that a vendor took on.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The vendor's kind of record.
    pub kind: String,
    /// The vendor's id.
    pub remote_id: String,
    /// What a lookup needs to know of it.
    pub hint: Option<Value>,
    /// The call as far as it is known.
    pub call: AnalyzedCall,
    /// What the CRM attaches to it.
    pub patch: CallPatch,
}

/// How it stands with a record and its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state of the record.
    pub record: String,
    /// It is to be fetched (again).
    pub awaited: bool,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// The call.
    pub call: Option<CallId>,
    /// What became of the call.
    pub status: Option<CallStatus>,
    /// How far its analysis is.
    pub analysis: Option<ArtifactState>,
    /// The call was deleted.
    pub deleted: bool,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    state: String,
    awaited: bool,
    reason: Option<String>,
    call_id: Option<Uuid>,
    status: Option<String>,
    analysis: Option<String>,
    deleted: bool,
}

impl TenantTx {
    /// Registers records that the vendor took on: each has its call from now on, and is fetched
    /// until it is ready. Whatever was known of a record before, it is awaited anew: a fetch that
    /// began earlier tells nothing of it. What was erased is not registered.
    /// `due` makes them due now; otherwise lists tell when.
    ///
    /// The months of the calls must have been prepared.
    pub async fn register_taken(
        &mut self,
        scope: &ConnectionScope,
        taken: Vec<Taken>,
        due: bool,
        now: Timestamp,
    ) -> Result<Vec<CallId>> {
        let taken = self.without_erased_taken(scope, taken, now).await?;
        self.await_anew(scope.id, &taken, now).await?;
        let fetched: Vec<Fetched> = taken.iter().map(|record| pending(record, now)).collect();
        self.apply(scope, &fetched, now).await?;
        if !due {
            self.rest_records(scope.id, &taken).await?;
        }
        let mut ids = Vec::with_capacity(taken.len());
        for record in taken {
            let id = CallId::derive(scope.namespace, &record.call.remote_id);
            let patch = record.patch;
            let adds = patch.client_metadata.is_some()
                || patch.external_refs.is_some()
                || !patch.facts.is_keep();
            if adds {
                self.patch_call(scope, id, None, patch, now).await?;
            }
            ids.push(id);
        }
        Ok(ids)
    }

    async fn await_anew(
        &mut self,
        connection: ConnectionId,
        taken: &[Taken],
        now: Timestamp,
    ) -> Result<()> {
        let (kinds, ids) = names(taken);
        let hints: Vec<Option<Value>> = taken
            .iter()
            .map(|record| record.hint.as_ref().map(convert::json))
            .collect();
        sqlx::query(
            "INSERT INTO records AS old (tenant_id, connection_id, kind, remote_id, state, hint, \
                 due_at, first_seen_at, observed_at) \
             SELECT $1, $2, kind, remote_id, 'seen', hint, $6, $6, $6 \
             FROM UNNEST($3::text[], $4::text[], $5::jsonb[]) AS new (kind, remote_id, hint) \
             ORDER BY kind, remote_id \
             ON CONFLICT (tenant_id, connection_id, kind, remote_id) DO UPDATE SET \
                 state = 'seen', hint = COALESCE(EXCLUDED.hint, old.hint), due_at = $6, \
                 first_seen_at = $6, attempts = 0, failures = 0, reason = NULL, pointer = NULL",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(kinds)
        .bind(ids)
        .bind(hints)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    async fn rest_records(&mut self, connection: ConnectionId, taken: &[Taken]) -> Result<()> {
        let (kinds, ids) = names(taken);
        sqlx::query(
            "UPDATE records SET due_at = NULL WHERE tenant_id = $1 AND connection_id = $2 \
                 AND (kind, remote_id) IN (SELECT * FROM UNNEST($3::text[], $4::text[]))",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(kinds)
        .bind(ids)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// How it stands with a record; `None` where there is none.
    pub async fn standing_of(
        &mut self,
        connection: ConnectionId,
        kind: &str,
        remote_id: &str,
    ) -> Result<Option<Standing>> {
        let row: Option<StandingRow> = sqlx::query_as(
            "SELECT record.state, record.due_at IS NOT NULL AS awaited, record.reason, \
                 record.call_id, call.status, \
                 call.body::jsonb #>> '{artifacts,analysis,state}' AS analysis, \
                 call.deleted_at IS NOT NULL AS deleted \
             FROM records AS record \
             LEFT JOIN call_keys AS key ON key.tenant_id = record.tenant_id AND key.id = record.call_id \
             LEFT JOIN calls AS call ON call.tenant_id = key.tenant_id \
                 AND call.sort_at = key.sort_at AND call.id = key.id \
             WHERE record.tenant_id = $1 AND record.connection_id = $2 AND record.kind = $3 \
                 AND record.remote_id = $4",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::text(kind))
        .bind(convert::text(remote_id))
        .fetch_optional(self.executor())
        .await?;
        if row.is_none() && self.is_erased_record(connection, kind, remote_id).await? {
            return Ok(Some(Standing {
                record: "erased".to_owned(),
                awaited: false,
                reason: None,
                call: None,
                status: None,
                analysis: None,
                deleted: true,
            }));
        }
        Ok(row.map(|row| Standing {
            record: row.state,
            awaited: row.awaited,
            reason: row.reason,
            call: row.call_id.map(CallId),
            status: row.status.as_deref().map(CallStatus::from_word),
            analysis: row.analysis.as_deref().map(ArtifactState::from_word),
            deleted: row.deleted,
        }))
    }

    /// Has what is due fetched soon; the lists are walked when it is time for them.
    pub async fn wake_sync(&mut self, connection: ConnectionId) -> Result<()> {
        sqlx::query(
            "UPDATE sync_state SET next_run_at = now() WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}

fn names(taken: &[Taken]) -> (Vec<String>, Vec<String>) {
    taken
        .iter()
        .map(|record| {
            (
                convert::text(&record.kind),
                convert::text(&record.remote_id),
            )
        })
        .unzip()
}

/// The record as it stands until it was fetched.
fn pending(record: &Taken, now: Timestamp) -> Fetched {
    Fetched {
        kind: record.kind.clone(),
        remote_id: record.remote_id.clone(),
        observed_at: now,
        fingerprint: None,
        news: News::NotReady {
            call: Some(Box::new(record.call.clone())),
            due_at: Some(now),
        },
        documents: Vec::new(),
    }
}
