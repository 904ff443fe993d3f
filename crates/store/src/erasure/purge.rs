//! Deleting what was found of a person.

use callweave_model::{CallId, ConnectionId, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::{Counts, Findings, RecordName, subject::Mark};
use crate::{Result, TenantTx, convert, events::Event};

/// A call on its way out.
#[derive(sqlx::FromRow)]
struct Leaving {
    id: Uuid,
    sort_at: convert::DbTime,
    connection_id: Uuid,
    vendor: String,
}

impl TenantTx {
    /// Deletes what was found, down to the rows themselves, and suppresses the calls and records
    /// of it. Whoever follows the events hears that the calls are deleted.
    pub(crate) async fn purge(
        &mut self,
        findings: Findings,
        erasure: Uuid,
        now: Timestamp,
    ) -> Result<Counts> {
        let mut counts = Counts {
            jobs: self.purge_jobs_of(&findings, now).await?,
            ..Counts::default()
        };
        let mut records = self.lock_records_of(&findings).await?;
        let calls = self.lock_leaving(&findings.calls).await?;
        records.extend(findings.records);
        records.sort();
        records.dedup();
        let marks: Vec<Mark> = findings
            .calls
            .iter()
            .map(|id| Mark::Call(*id))
            .chain(
                records
                    .iter()
                    .map(|name| Mark::record(name.namespace, &name.kind, &name.remote_id)),
            )
            .collect();
        self.suppress(erasure, &marks).await?;
        self.forget_requests(&records).await?;
        counts.add(self.delete_records(&records).await?);
        counts.add(self.delete_calls(&calls).await?);
        counts.answers = self
            .forget_answers(&findings.calls, &findings.answers)
            .await?;
        let events: Vec<Event> = calls.iter().map(|call| told(call, "erased")).collect();
        self.insert_events(&events, now).await?;
        Ok(counts)
    }

    /// Deletes calls that are not kept any longer. Their records stay without content, as fetched
    /// in the form that is listed, so that no walk brings them back.
    pub(crate) async fn purge_aged(&mut self, calls: Vec<Uuid>, now: Timestamp) -> Result<Counts> {
        let findings = Findings {
            calls,
            ..Findings::default()
        };
        let mut counts = Counts {
            jobs: self.purge_jobs_of(&findings, now).await?,
            ..Counts::default()
        };
        let records = self.lock_records_of(&findings).await?;
        let calls = self.lock_leaving(&findings.calls).await?;
        counts.documents = self.delete_links(&records).await?;
        self.rest_records_of(&findings.calls, now).await?;
        counts.add(self.delete_calls(&calls).await?);
        counts.answers = self.forget_answers(&findings.calls, &[]).await?;
        let events: Vec<Event> = calls.iter().map(|call| told(call, "retention")).collect();
        self.insert_events(&events, now).await?;
        Ok(counts)
    }

    /// Nobody can tell from the log of requests that the vendor had these records.
    async fn forget_requests(&mut self, records: &[RecordName]) -> Result<()> {
        let (accounts, ids): (Vec<Uuid>, Vec<&str>) = records
            .iter()
            .map(|name| (name.namespace, name.remote_id.as_str()))
            .unzip();
        sqlx::query(
            "DELETE FROM vendor_requests WHERE tenant_id = $1 \
                 AND (namespace, record) IN (SELECT * FROM UNNEST($2::uuid[], $3::text[]))",
        )
        .bind(self.tenant().0)
        .bind(accounts)
        .bind(ids)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    async fn rest_records_of(&mut self, calls: &[Uuid], now: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE records SET state = 'erased', call_id = NULL, due_at = NULL, hint = NULL, \
                 fetched = COALESCE(fingerprint, fetched), reason = NULL, pointer = NULL, \
                 observed_at = GREATEST(observed_at, $3) \
             WHERE tenant_id = $1 AND call_id = ANY($2)",
        )
        .bind(self.tenant().0)
        .bind(calls)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    async fn purge_jobs_of(&mut self, findings: &Findings, now: Timestamp) -> Result<u64> {
        let (jobs, numbers): (Vec<Uuid>, Vec<i32>) = findings.items.iter().copied().unzip();
        sqlx::query(
            "UPDATE job_items AS item SET sealed_input = NULL, message = NULL, \
                 state = CASE WHEN state IN ('accepted', 'submitted') THEN 'canceled' ELSE state END \
             WHERE tenant_id = $1 AND (call_id = ANY($2) \
                 OR (job_id, number) IN (SELECT * FROM UNNEST($3::uuid[], $4::int[])))",
        )
        .bind(self.tenant().0)
        .bind(&findings.calls)
        .bind(jobs)
        .bind(numbers)
        .execute(self.executor())
        .await?;
        let calls: Vec<CallId> = findings.calls.iter().copied().map(CallId).collect();
        self.erase_jobs(&calls, &findings.jobs, now).await
    }

    async fn lock_records_of(&mut self, findings: &Findings) -> Result<Vec<RecordName>> {
        let rows: Vec<(Uuid, Uuid, String, String)> = sqlx::query_as(
            "SELECT record.connection_id, connection.namespace, record.kind, record.remote_id \
             FROM records AS record \
             JOIN connections AS connection ON connection.tenant_id = record.tenant_id \
                 AND connection.id = record.connection_id \
             WHERE record.tenant_id = $1 AND record.call_id = ANY($2) \
             ORDER BY record.connection_id, record.kind, record.remote_id FOR UPDATE OF record",
        )
        .bind(self.tenant().0)
        .bind(&findings.calls)
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(connection, namespace, kind, remote_id)| RecordName {
                connection: ConnectionId(connection),
                namespace,
                kind,
                remote_id,
            })
            .collect())
    }

    async fn lock_leaving(&mut self, calls: &[Uuid]) -> Result<Vec<Leaving>> {
        Ok(sqlx::query_as(
            "SELECT key.id, key.sort_at, key.connection_id, connection.vendor \
             FROM call_keys AS key \
             JOIN connections AS connection ON connection.tenant_id = key.tenant_id \
                 AND connection.id = key.connection_id \
             WHERE key.tenant_id = $1 AND key.id = ANY($2) ORDER BY key.id FOR UPDATE OF key",
        )
        .bind(self.tenant().0)
        .bind(calls)
        .fetch_all(self.executor())
        .await?)
    }

    async fn delete_records(&mut self, records: &[RecordName]) -> Result<Counts> {
        let documents = self.delete_links(records).await?;
        let (connections, kinds, ids) = columns(records);
        let deleted = sqlx::query(
            "DELETE FROM records WHERE tenant_id = $1 \
                 AND (connection_id, kind, remote_id) \
                     IN (SELECT * FROM UNNEST($2::uuid[], $3::text[], $4::text[]))",
        )
        .bind(self.tenant().0)
        .bind(connections)
        .bind(kinds)
        .bind(ids)
        .execute(self.executor())
        .await?;
        Ok(Counts {
            records: deleted.rows_affected(),
            documents,
            ..Counts::default()
        })
    }

    /// Deletes the documents behind records, as far as nobody else's are the same.
    async fn delete_links(&mut self, records: &[RecordName]) -> Result<u64> {
        let (connections, kinds, ids) = columns(records);
        let hashes: Vec<Vec<u8>> = sqlx::query_scalar(
            "DELETE FROM record_documents WHERE tenant_id = $1 \
                 AND (connection_id, kind, remote_id) \
                     IN (SELECT * FROM UNNEST($2::uuid[], $3::text[], $4::text[])) \
             RETURNING hash",
        )
        .bind(self.tenant().0)
        .bind(connections)
        .bind(kinds)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        self.drop_unlinked(&hashes).await?;
        Ok(u64::try_from(hashes.len()).unwrap_or(u64::MAX))
    }

    async fn delete_calls(&mut self, calls: &[Leaving]) -> Result<Counts> {
        let ids: Vec<Uuid> = calls.iter().map(|call| call.id).collect();
        let sort: Vec<convert::DbTime> = calls.iter().map(|call| call.sort_at).collect();
        let mut deleted = [0_u64; 6];
        for (count, statement) in deleted.iter_mut().zip([
            "DELETE FROM calls WHERE tenant_id = $1 AND (id, sort_at) \
                 IN (SELECT * FROM UNNEST($2::uuid[], $3::timestamptz[]))",
            "DELETE FROM call_documents WHERE tenant_id = $1 AND (call_id, sort_at) \
                 IN (SELECT * FROM UNNEST($2::uuid[], $3::timestamptz[]))",
            "DELETE FROM call_search WHERE tenant_id = $1 AND (call_id, sort_at) \
                 IN (SELECT * FROM UNNEST($2::uuid[], $3::timestamptz[]))",
            "DELETE FROM call_versions WHERE tenant_id = $1 AND call_id = ANY($2) \
                 AND $3::timestamptz[] IS NOT NULL",
            "DELETE FROM events WHERE tenant_id = $1 AND subject_id = ANY($2) \
                 AND $3::timestamptz[] IS NOT NULL",
            "DELETE FROM call_keys WHERE tenant_id = $1 AND id = ANY($2) \
                 AND $3::timestamptz[] IS NOT NULL",
        ]) {
            let done = sqlx::query(statement)
                .bind(self.tenant().0)
                .bind(&ids)
                .bind(&sort)
                .execute(self.executor())
                .await?;
            *count = done.rows_affected();
        }
        let [calls, _, _, versions, events, _] = deleted;
        Ok(Counts {
            calls,
            versions,
            events,
            ..Counts::default()
        })
    }

    /// Forgets answers that tell of these calls, and empties those that were found: a request that
    /// comes again is not carried out again for it.
    async fn forget_answers(&mut self, calls: &[Uuid], found: &[(Uuid, String)]) -> Result<u64> {
        let addresses: Vec<String> = calls.iter().map(|id| format!("/v1/calls/{id}")).collect();
        let (keys, names): (Vec<Uuid>, Vec<&str>) = found
            .iter()
            .map(|(key, name)| (*key, name.as_str()))
            .unzip();
        let emptied = sqlx::query(
            "UPDATE idempotency_keys SET sealed_answer = ''::bytea, resource = NULL \
             WHERE tenant_id = $1 AND (resource = ANY($2) \
                 OR (api_key_id, key) IN (SELECT * FROM UNNEST($3::uuid[], $4::text[])))",
        )
        .bind(self.tenant().0)
        .bind(addresses)
        .bind(keys)
        .bind(names)
        .execute(self.executor())
        .await?;
        Ok(emptied.rows_affected())
    }
}

fn columns(records: &[RecordName]) -> (Vec<Uuid>, Vec<&str>, Vec<&str>) {
    (
        records.iter().map(|name| name.connection.0).collect(),
        records.iter().map(|name| name.kind.as_str()).collect(),
        records.iter().map(|name| name.remote_id.as_str()).collect(),
    )
}

fn told(call: &Leaving, cause: &str) -> Event {
    Event {
        event_type: "call.deleted",
        connection: Some(ConnectionId(call.connection_id)),
        subject: Some(call.id),
        data: json!({"vendor": call.vendor, "cause": cause}),
    }
}
