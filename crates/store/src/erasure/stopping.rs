//! Where something is taken in: what was erased is stopped.

use callweave_model::{AnalyzedCall, CallId, ConnectionId, Timestamp, facts::CallFacts};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Findings, RecordName,
    subject::{Mark, Marks, of_bytes, of_call, of_document, of_facts},
};
use crate::{
    Result, StoreError, TenantTx,
    calls::{CallPatch, ConnectionScope},
    convert,
    jobs::Taken,
    records::{Fetched, News, Seen},
};

impl TenantTx {
    /// What of fetched records may be taken in, and how many may not. Of the latter nothing stays.
    pub(crate) async fn without_erased(
        &mut self,
        scope: &ConnectionScope,
        fetched: Vec<Fetched>,
        now: Timestamp,
    ) -> Result<(Vec<Fetched>, u32)> {
        if self.suppression_keys().await?.is_empty() {
            return Ok((fetched, 0));
        }
        let marks: Vec<Marks> = fetched
            .iter()
            .map(|record| of_fetched(scope, record))
            .collect();
        let erasures = self.erasures_of(&marks).await?;
        let mut kept = Vec::with_capacity(fetched.len());
        let mut stopped = 0;
        for (record, erasure) in fetched.into_iter().zip(erasures) {
            match erasure {
                None => kept.push(record),
                Some(erasure) => {
                    stopped += 1;
                    let call = told_call(&record).map(|id| CallId::derive(scope.namespace, id));
                    let name = name(scope, &record.kind, &record.remote_id);
                    self.stop(name, call, erasure, now).await?;
                }
            }
        }
        Ok((kept, stopped))
    }

    /// What of listed records may be noted.
    pub(crate) async fn without_erased_seen<'a>(
        &mut self,
        connection: ConnectionId,
        seen: &'a [Seen],
    ) -> Result<Vec<&'a Seen>> {
        if self.suppression_keys().await?.is_empty() {
            return Ok(seen.iter().collect());
        }
        let scope = self.scope_of(connection).await?;
        let marks: Vec<Marks> = seen
            .iter()
            .map(|record| {
                let mut marks = of_record(&scope, &record.kind, &record.remote_id);
                if let Some(hint) = &record.hint {
                    of_document(hint, &mut marks);
                }
                marks
            })
            .collect();
        let erasures = self.erasures_of(&marks).await?;
        let kept = seen.iter().zip(erasures);
        Ok(kept
            .filter_map(|(record, erasure)| erasure.is_none().then_some(record))
            .collect())
    }

    /// What of records that a vendor took may be registered.
    pub(crate) async fn without_erased_taken(
        &mut self,
        scope: &ConnectionScope,
        taken: Vec<Taken>,
        now: Timestamp,
    ) -> Result<Vec<Taken>> {
        if self.suppression_keys().await?.is_empty() {
            return Ok(taken);
        }
        let marks: Vec<Marks> = taken
            .iter()
            .map(|record| {
                let mut marks = of_record(scope, &record.kind, &record.remote_id);
                let call = CallId::derive(scope.namespace, &record.call.remote_id);
                marks.insert(Mark::Call(call.0));
                of_call(&record.call, &mut marks);
                of_patch(&record.patch, &mut marks);
                if let Some(hint) = &record.hint {
                    of_document(hint, &mut marks);
                }
                marks
            })
            .collect();
        let erasures = self.erasures_of(&marks).await?;
        let mut kept = Vec::new();
        for (record, erasure) in taken.into_iter().zip(erasures) {
            match erasure {
                None => kept.push(record),
                Some(erasure) => {
                    let call = CallId::derive(scope.namespace, &record.call.remote_id);
                    let name = name(scope, &record.kind, &record.remote_id);
                    self.stop(name, Some(call), erasure, now).await?;
                }
            }
        }
        Ok(kept)
    }

    /// Refuses what a CRM adds to a call when it is about somebody who was erased.
    pub(crate) async fn refuse_erased(&mut self, patch: &CallPatch) -> Result<()> {
        if self.suppression_keys().await?.is_empty() {
            return Ok(());
        }
        let mut marks = Marks::new();
        of_patch(patch, &mut marks);
        if self.find_suppressed(&marks).await?.is_empty() {
            Ok(())
        } else {
            Err(StoreError::Erased)
        }
    }

    /// The erasure that each of these calls fell under, by what their records tell now.
    pub(crate) async fn erasures_of_calls(
        &mut self,
        calls: &[&AnalyzedCall],
    ) -> Result<Vec<Option<Uuid>>> {
        if self.suppression_keys().await?.is_empty() {
            return Ok(vec![None; calls.len()]);
        }
        let marks: Vec<Marks> = calls
            .iter()
            .map(|call| {
                let mut marks = Marks::new();
                of_call(call, &mut marks);
                marks
            })
            .collect();
        self.erasures_of(&marks).await
    }

    /// Erases a call that turns out to be about somebody who was erased.
    pub(crate) async fn stop_call(
        &mut self,
        call: CallId,
        erasure: Uuid,
        now: Timestamp,
    ) -> Result<()> {
        let findings = Findings {
            calls: vec![call.0],
            ..Findings::default()
        };
        self.purge(findings, erasure, now).await?;
        Ok(())
    }

    /// Whether a record is kept out.
    pub(crate) async fn is_erased_record(
        &mut self,
        connection: ConnectionId,
        kind: &str,
        remote_id: &str,
    ) -> Result<bool> {
        if self.suppression_keys().await?.is_empty() {
            return Ok(false);
        }
        let scope = self.scope_of(connection).await?;
        let marks = of_record(&scope, kind, remote_id);
        Ok(!self.find_suppressed(&marks).await?.is_empty())
    }

    async fn stop(
        &mut self,
        record: RecordName,
        call: Option<CallId>,
        erasure: Uuid,
        now: Timestamp,
    ) -> Result<()> {
        let known: Option<Option<Uuid>> = sqlx::query_scalar(
            "SELECT call_id FROM records WHERE tenant_id = $1 AND connection_id = $2 \
                 AND kind = $3 AND remote_id = $4",
        )
        .bind(self.tenant().0)
        .bind(record.connection.0)
        .bind(&record.kind)
        .bind(&record.remote_id)
        .fetch_optional(self.executor())
        .await?;
        let findings = Findings {
            calls: known
                .flatten()
                .into_iter()
                .chain(call.map(|id| id.0))
                .collect(),
            records: vec![record],
            ..Findings::default()
        };
        self.purge(findings, erasure, now).await?;
        Ok(())
    }

    async fn scope_of(&mut self, connection: ConnectionId) -> Result<ConnectionScope> {
        self.connection_scope(connection)
            .await?
            .ok_or_else(|| StoreError::Inconsistent {
                table: "connections",
                source: "records have no connection".into(),
            })
    }
}

fn name(scope: &ConnectionScope, kind: &str, remote_id: &str) -> RecordName {
    RecordName {
        connection: scope.id,
        namespace: scope.namespace,
        kind: convert::text(kind),
        remote_id: convert::text(remote_id),
    }
}

fn of_record(scope: &ConnectionScope, kind: &str, remote_id: &str) -> Marks {
    let (kind, remote_id) = (convert::text(kind), convert::text(remote_id));
    Marks::from([Mark::record(scope.namespace, &kind, &remote_id)])
}

fn of_patch(patch: &CallPatch, marks: &mut Marks) {
    if let Some(parties) = patch.facts.parties.value() {
        let facts = CallFacts {
            parties: parties.clone(),
            ..CallFacts::default()
        };
        of_facts(&facts, marks);
    }
    let notes: [Option<&Value>; 2] = [patch.client_metadata.as_ref(), patch.external_refs.as_ref()];
    for note in notes.into_iter().flatten() {
        of_document(note, marks);
    }
}

fn of_fetched(scope: &ConnectionScope, record: &Fetched) -> Marks {
    let mut marks = of_record(scope, &record.kind, &record.remote_id);
    match &record.news {
        News::Upsert { call, .. }
        | News::NotReady {
            call: Some(call), ..
        } => {
            marks.insert(Mark::Call(
                CallId::derive(scope.namespace, &call.remote_id).0,
            ));
            of_call(call, &mut marks);
        }
        News::Quarantined { reason, .. } => {
            of_bytes(reason.as_bytes(), &mut marks);
            for document in &record.documents {
                of_bytes(&document.body, &mut marks);
            }
        }
        News::NotReady { call: None, .. }
        | News::Gone { .. }
        | News::Aged { .. }
        | News::Foreign { .. } => {}
    }
    marks
}

fn told_call(record: &Fetched) -> Option<&str> {
    match &record.news {
        News::Upsert { call, .. }
        | News::NotReady {
            call: Some(call), ..
        } => Some(&call.remote_id),
        _ => None,
    }
}
