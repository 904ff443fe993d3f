//! Erasing a call: its text goes for good, a tombstone stays.

use callweave_model::{AnalyzedCall, CallId, Timestamp, facts::CallFacts};
use serde_json::json;

use super::{ConnectionScope, row::Loaded, write::Written};
use crate::{Result, TenantTx, convert, events::Event};

impl TenantTx {
    /// Deletes a call here: its text and documents go, a tombstone stays, and a later sync does not
    /// bring it back until the vendor changes it. Of a call that the vendor deleted, what text is
    /// left goes too. `false` when there is no such call, or nothing of it to erase.
    pub async fn delete_call(
        &mut self,
        scope: &ConnectionScope,
        id: CallId,
        now: Timestamp,
    ) -> Result<bool> {
        self.erase_jobs_of(id, now).await?;
        self.erase_records(id, now).await?;
        let loaded = self.lock_calls(&[id.0]).await?.into_iter().next();
        let Some((_, first_seen_at, Some(loaded))) = loaded else {
            return Ok(false);
        };
        self.erase_documents(id).await?;
        let Some(row) = erased(scope, id, loaded, first_seen_at, now) else {
            return Ok(false);
        };
        let event = Event {
            event_type: "call.deleted",
            connection: Some(scope.id),
            subject: Some(id.0),
            data: json!({"vendor": scope.vendor, "version": row.version, "cause": "client"}),
        };
        self.write_calls(scope, vec![row], now).await?;
        self.insert_events(&[event], now).await?;
        Ok(true)
    }

    /// Marks the records of a call as observed now, so that a fetch under way is too old to bring
    /// it back, and as fetched in the form that is listed. Before the call's key is locked, in the
    /// order in which fetched records are.
    async fn erase_records(&mut self, id: CallId, now: Timestamp) -> Result<()> {
        sqlx::query(
            "SELECT FROM records WHERE tenant_id = $1 AND call_id = $2 \
             ORDER BY connection_id, kind, remote_id FOR UPDATE",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .execute(self.executor())
        .await?;
        sqlx::query(
            "UPDATE records SET state = 'erased', observed_at = GREATEST(observed_at, $3), \
                 due_at = NULL, fetched = COALESCE(fingerprint, fetched), hint = NULL, reason = NULL, \
                 pointer = NULL \
             WHERE tenant_id = $1 AND call_id = $2 AND state <> 'erased'",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    async fn erase_documents(&mut self, id: CallId) -> Result<()> {
        let hashes: Vec<Vec<u8>> = sqlx::query_scalar(
            "DELETE FROM record_documents AS link USING records AS record \
             WHERE record.tenant_id = $1 AND record.call_id = $2 AND link.tenant_id = $1 \
                 AND link.connection_id = record.connection_id AND link.kind = record.kind \
                 AND link.remote_id = record.remote_id \
             RETURNING link.hash",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .fetch_all(self.executor())
        .await?;
        self.drop_unlinked(&hashes).await
    }
}

/// The tombstone without any text; `None` when it stands already.
fn erased(
    scope: &ConnectionScope,
    id: CallId,
    loaded: Loaded,
    first_seen_at: Timestamp,
    now: Timestamp,
) -> Option<Written> {
    let empty = AnalyzedCall::new(loaded.call.remote_id.clone());
    let mut row = if loaded.deleted_at.is_none() {
        let mut row = Written::decide(id, scope.id.0, Some(&loaded), None, first_seen_at, now)?;
        row.deletion_evidence = Some("deleted through the API".to_owned());
        row
    } else if loaded.call == empty {
        return None;
    } else {
        let mut row = Written::with_notes(id, loaded, first_seen_at, Vec::new());
        row.cause = "deleted";
        row
    };
    row.call = empty;
    row.client_metadata = json!({});
    row.external_refs = json!([]);
    row.facts = CallFacts::default();
    row.told = None;
    row.vendor_expired_at = None;
    row.unmapped = Vec::new();
    Some(row)
}
