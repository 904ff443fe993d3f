//! Finding what stands of a person.

use callweave_model::{ApiKeyId, ConnectionId, JobId, facts::CallFacts};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Findings, RecordName, Subject, Suppressed,
    subject::{Mark, Marks, of_bytes, of_document, of_facts},
};
use crate::{
    Result, StoreError, TenantTx, convert,
    sealed::{SealedPlace, answer_row, job_item_row},
};

/// Rows of one statement.
const PAGE: i64 = 500;

/// Calls that one statement looks at.
const CALLS: i64 = 1_000;

/// Digits at the end of a phone by which rows are chosen before they are looked at.
const LAST_DIGITS: usize = 7;

#[derive(sqlx::FromRow)]
struct CallRow {
    id: Uuid,
    sort_at: convert::DbTime,
    /// `None` where the call cannot be about the subject.
    body: Option<String>,
    facts: Value,
    client_metadata: Value,
    external_refs: Value,
}

impl CallRow {
    fn marks(&self) -> Result<Option<Marks>> {
        let Some(body) = &self.body else {
            return Ok(None);
        };
        let broken = |error: serde_json::Error| StoreError::inconsistent("calls", error);
        let mut marks = Marks::from([Mark::Call(self.id)]);
        let body: Value = serde_json::from_str(body).map_err(broken)?;
        of_document(&body, &mut marks);
        let facts: CallFacts = serde_json::from_value(self.facts.clone()).map_err(broken)?;
        of_facts(&facts, &mut marks);
        of_document(&self.client_metadata, &mut marks);
        of_document(&self.external_refs, &mut marks);
        Ok(Some(marks))
    }
}

#[derive(sqlx::FromRow)]
struct RecordRow {
    connection_id: Uuid,
    namespace: Uuid,
    kind: String,
    remote_id: String,
    hint: Option<Value>,
    reason: Option<String>,
}

impl TenantTx {
    /// Everything that carries one of the wanted marks. With a subject, rows that cannot be about
    /// it are not read.
    pub(super) async fn search(
        &mut self,
        subject: Option<&Subject>,
        wanted: &Suppressed,
    ) -> Result<Findings> {
        let mut findings = Findings::default();
        if wanted.is_empty() {
            return Ok(findings);
        }
        if let Some(Subject::Call(id)) = subject {
            findings.calls.push(id.0);
            return Ok(findings);
        }
        self.search_calls(subject, wanted, &mut findings).await?;
        self.search_records(wanted, &mut findings).await?;
        self.search_jobs(wanted, &mut findings).await?;
        self.search_items(wanted, &mut findings).await?;
        self.search_answers(wanted, &mut findings).await?;
        Ok(findings)
    }

    async fn search_calls(
        &mut self,
        subject: Option<&Subject>,
        wanted: &Suppressed,
        findings: &mut Findings,
    ) -> Result<()> {
        let (digits, text) = needles(subject);
        let mut after: Option<(convert::DbTime, Uuid)> = None;
        loop {
            // So many are looked at, however few of them are about the subject: a statement that went on
            // until it had found a page would take the longer the more calls there are.
            let rows: Vec<CallRow> = sqlx::query_as(
                "SELECT id, sort_at, CASE WHEN ($4::text IS NULL OR whole ~ $4) \
                         AND ($5::text IS NULL OR position($5 IN whole) > 0) \
                     THEN body END AS body, facts, client_metadata, external_refs \
                 FROM (SELECT id, sort_at, body, facts, client_metadata, external_refs, \
                         body || facts::text || client_metadata::text || external_refs::text AS whole \
                     FROM calls WHERE tenant_id = $1 \
                         AND ($2::timestamptz IS NULL OR (sort_at, id) > ($2, $3)) \
                     ORDER BY sort_at, id LIMIT $6) AS page \
                 ORDER BY sort_at, id",
            )
            .bind(self.tenant().0)
            .bind(after.map(|(at, _)| at))
            .bind(after.map(|(_, id)| id))
            .bind(&digits)
            .bind(&text)
            .bind(CALLS)
            .fetch_all(self.executor())
            .await?;
            for row in &rows {
                if let Some(marks) = row.marks()?
                    && wanted.erasure_of(&marks).is_some()
                {
                    findings.calls.push(row.id);
                }
            }
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = Some((last.sort_at, last.id));
        }
    }

    /// Records that are no part of a call: not fetched yet, in quarantine, or refused.
    async fn search_records(&mut self, wanted: &Suppressed, findings: &mut Findings) -> Result<()> {
        let mut after: Option<(Uuid, String, String)> = None;
        loop {
            let rows: Vec<RecordRow> = sqlx::query_as(
                "SELECT record.connection_id, connection.namespace, record.kind, record.remote_id, \
                     record.hint, record.reason \
                 FROM records AS record \
                 JOIN connections AS connection ON connection.tenant_id = record.tenant_id \
                     AND connection.id = record.connection_id \
                 WHERE record.tenant_id = $1 \
                     AND ($2::uuid IS NULL \
                         OR (record.connection_id, record.kind, record.remote_id) > ($2, $3, $4)) \
                     AND NOT EXISTS (SELECT FROM call_keys AS key \
                         WHERE key.tenant_id = $1 AND key.id = record.call_id) \
                 ORDER BY record.connection_id, record.kind, record.remote_id LIMIT $5",
            )
            .bind(self.tenant().0)
            .bind(after.as_ref().map(|(connection, ..)| *connection))
            .bind(after.as_ref().map(|(_, kind, _)| kind))
            .bind(after.as_ref().map(|(.., id)| id))
            .bind(PAGE)
            .fetch_all(self.executor())
            .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = Some((
                last.connection_id,
                last.kind.clone(),
                last.remote_id.clone(),
            ));
            for row in rows {
                let marks = self.marks_of_record(&row).await?;
                if wanted.erasure_of(&marks).is_some() {
                    findings.records.push(RecordName {
                        connection: ConnectionId(row.connection_id),
                        namespace: row.namespace,
                        kind: row.kind,
                        remote_id: row.remote_id,
                    });
                }
            }
        }
    }

    async fn marks_of_record(&mut self, row: &RecordRow) -> Result<Marks> {
        let mut marks = Marks::from([Mark::record(row.namespace, &row.kind, &row.remote_id)]);
        if let Some(hint) = &row.hint {
            of_document(hint, &mut marks);
        }
        if let Some(reason) = &row.reason {
            of_bytes(reason.as_bytes(), &mut marks);
        }
        let name = (row.kind.clone(), row.remote_id.clone());
        let documents = self
            .documents_of_records(ConnectionId(row.connection_id), &[name])
            .await?;
        for document in documents.values().flatten() {
            of_bytes(&document.body, &mut marks);
        }
        Ok(marks)
    }

    async fn search_jobs(&mut self, wanted: &Suppressed, findings: &mut Findings) -> Result<()> {
        let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
            "SELECT id, sealed_input FROM jobs \
             WHERE tenant_id = $1 AND sealed_input IS NOT NULL ORDER BY id",
        )
        .bind(self.tenant().0)
        .fetch_all(self.executor())
        .await?;
        for (id, sealed) in rows {
            if self.is_wanted("jobs", "sealed_input", id, &sealed, wanted)? {
                findings.jobs.push(id);
            }
        }
        Ok(())
    }

    async fn search_items(&mut self, wanted: &Suppressed, findings: &mut Findings) -> Result<()> {
        let mut after: Option<(Uuid, i32)> = None;
        loop {
            let rows: Vec<(Uuid, i32, Vec<u8>)> = sqlx::query_as(
                "SELECT job_id, number, sealed_input FROM job_items \
                 WHERE tenant_id = $1 AND sealed_input IS NOT NULL \
                     AND ($2::uuid IS NULL OR (job_id, number) > ($2, $3)) \
                 ORDER BY job_id, number LIMIT $4",
            )
            .bind(self.tenant().0)
            .bind(after.map(|(job, _)| job))
            .bind(after.map(|(_, number)| number))
            .bind(PAGE)
            .fetch_all(self.executor())
            .await?;
            let Some((job, number, _)) = rows.last() else {
                return Ok(());
            };
            after = Some((*job, *number));
            for (job, number, sealed) in rows {
                let row = job_item_row(JobId(job), number);
                if self.is_wanted("job_items", "sealed_input", row, &sealed, wanted)? {
                    findings.items.push((job, number));
                }
            }
        }
    }

    async fn search_answers(&mut self, wanted: &Suppressed, findings: &mut Findings) -> Result<()> {
        let mut after: Option<(Uuid, String)> = None;
        loop {
            let rows: Vec<(Uuid, String, Vec<u8>)> = sqlx::query_as(
                "SELECT api_key_id, key, sealed_answer FROM idempotency_keys \
                 WHERE tenant_id = $1 AND length(sealed_answer) > 0 \
                     AND ($2::uuid IS NULL OR (api_key_id, key) > ($2, $3)) \
                 ORDER BY api_key_id, key LIMIT $4",
            )
            .bind(self.tenant().0)
            .bind(after.as_ref().map(|(id, _)| *id))
            .bind(after.as_ref().map(|(_, key)| key))
            .bind(PAGE)
            .fetch_all(self.executor())
            .await?;
            let Some((id, key, _)) = rows.last() else {
                return Ok(());
            };
            after = Some((*id, key.clone()));
            for (id, key, sealed) in rows {
                let row = answer_row(ApiKeyId(id), &key);
                let place = ("idempotency_keys", "sealed_answer");
                if self.is_wanted(place.0, place.1, row, &sealed, wanted)? {
                    findings.answers.push((id, key));
                }
            }
        }
    }

    /// Whether something that is sealed carries a wanted mark.
    fn is_wanted(
        &self,
        table: &'static str,
        column: &'static str,
        row: Uuid,
        sealed: &[u8],
        wanted: &Suppressed,
    ) -> Result<bool> {
        let place = SealedPlace {
            table,
            column,
            tenant: self.tenant(),
            row,
        };
        let Ok(opened) = self.sealer()?.open(&place, sealed) else {
            // Nobody can read it: a damaged row, which its reader reports, keeps nobody's erasure up.
            return Ok(false);
        };
        let mut marks = Marks::new();
        of_sealed(opened.expose_secret(), &mut marks);
        Ok(wanted.erasure_of(&marks).is_some())
    }
}

/// A kept answer holds the body as a text within JSON.
fn of_sealed(bytes: &[u8], marks: &mut Marks) {
    of_bytes(bytes, marks);
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    if let Some(Value::String(body)) = members.get("body") {
        of_bytes(body.as_bytes(), marks);
    }
}

/// What the text of a row must hold for the row to be about the subject: digits in a row, whatever stands
/// between them, as a regular expression; or a text.
fn needles(subject: Option<&Subject>) -> (Option<String>, Option<String>) {
    match subject {
        Some(Subject::Phone(digits)) => {
            let from = digits.len().saturating_sub(LAST_DIGITS);
            let last = digits.get(from..).unwrap_or_default();
            let apart: Vec<String> = last.chars().map(String::from).collect();
            (Some(apart.join("[^0-9]*")), None)
        }
        Some(Subject::Client(id)) => {
            let written = Value::String(id.clone()).to_string();
            let inner = written.trim_start_matches('"').trim_end_matches('"');
            // An escape at the end would lose its quote.
            (None, (!inner.ends_with('\\')).then(|| inner.to_owned()))
        }
        Some(Subject::Call(_)) | None => (None, None),
    }
}
