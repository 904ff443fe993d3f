//! What is too old when it arrives.

use callweave_model::{AnalyzedCall, Timestamp, enums::ArtifactState};

use super::Kind;
use crate::{
    Result, TenantTx,
    calls::ConnectionScope,
    convert,
    records::{Fetched, News},
};

impl TenantTx {
    /// Fetched records without what the tenant does not keep any more, and how many calls are too
    /// old as a whole.
    pub(crate) async fn without_aged(
        &mut self,
        scope: &ConnectionScope,
        fetched: Vec<Fetched>,
        now: Timestamp,
    ) -> Result<(Vec<Fetched>, u32)> {
        let rules = self.retention().await?;
        let [calls, transcripts, documents] =
            [Kind::Calls, Kind::Transcripts, Kind::Documents].map(|kind| rules.before(kind, now));
        let oldest = calls.max(transcripts).max(documents);
        let is_aged = |record: &Fetched, before: Option<Timestamp>| {
            started(record).is_some_and(|at| before.is_some_and(|before| at < before))
        };
        if !fetched.iter().any(|record| is_aged(record, oldest)) {
            return Ok((fetched, 0));
        }
        let (mut kept, mut aged) = (Vec::new(), 0);
        for mut record in fetched {
            if is_aged(&record, calls) {
                aged += 1;
                self.rest_aged(scope, &record).await?;
                continue;
            }
            if is_aged(&record, transcripts) {
                record.documents.clear();
                if let Some(call) = told(&mut record) {
                    silence(call);
                }
            }
            if is_aged(&record, documents) {
                record.documents.clear();
            }
            kept.push(record);
        }
        Ok((kept, aged))
    }

    /// A record that is too old counts as fetched in the form that is listed.
    async fn rest_aged(&mut self, scope: &ConnectionScope, record: &Fetched) -> Result<()> {
        sqlx::query(
            "INSERT INTO records AS old (tenant_id, connection_id, kind, remote_id, state, \
                 fingerprint, fetched, first_seen_at, observed_at) \
             VALUES ($1, $2, $3, $4, 'erased', $5, $5, $6, $6) \
             ON CONFLICT (tenant_id, connection_id, kind, remote_id) DO UPDATE SET \
                 state = 'erased', fetched = COALESCE(old.fingerprint, EXCLUDED.fetched), \
                 due_at = NULL, hint = NULL, reason = NULL, pointer = NULL, attempts = 0, \
                 observed_at = GREATEST(old.observed_at, EXCLUDED.observed_at)",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(convert::text(&record.kind))
        .bind(convert::text(&record.remote_id))
        .bind(&record.fingerprint)
        .bind(convert::db(record.observed_at))
        .execute(self.executor())
        .await?;
        Ok(())
    }
}

fn started(record: &Fetched) -> Option<Timestamp> {
    match &record.news {
        News::Upsert { call, .. }
        | News::NotReady {
            call: Some(call), ..
        } => call.started_at,
        _ => None,
    }
}

fn told(record: &mut Fetched) -> Option<&mut AnalyzedCall> {
    match &mut record.news {
        News::Upsert { call, .. }
        | News::NotReady {
            call: Some(call), ..
        } => Some(call),
        _ => None,
    }
}

/// Takes out of a call what was said in it; `false` when nothing was.
pub(super) fn silence(call: &mut AnalyzedCall) -> bool {
    let mut silenced = call.transcript.take().is_some();
    for attempt in &mut call.attempts {
        silenced |= !attempt.dialog_events.is_empty();
        attempt.dialog_events.clear();
    }
    if silenced {
        call.set_artifact("transcript", ArtifactState::Expired);
    }
    silenced
}
