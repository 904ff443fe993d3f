//! Reading calls, and the few members of them that the CRM writes.

use callweave_model::{
    Analysis, AnalyzedCall, CallId, ConnectionId, Timestamp, Transcript, facts::FactsPatch,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    CallFilter, CallPosition, ConnectionScope, Order,
    row::{Loaded, unpack_transcript},
    served::CallText,
    write::{Written, differences},
};
use crate::{Result, TenantTx, convert, events::Event};

/// A call as it is stored: the head, and on request its documents.
#[derive(Clone, Debug)]
pub struct StoredCall {
    /// Its id.
    pub id: CallId,
    /// The connection it came over.
    pub connection_id: ConnectionId,
    /// The vendor's key.
    pub vendor: String,
    /// The call; transcript and analyses are filled only when asked for.
    pub call: AnalyzedCall,
    /// Whether it has a transcript.
    pub has_transcript: bool,
    /// What the CRM attached.
    pub client_metadata: Value,
    /// The CRM's own objects.
    pub external_refs: Value,
    /// The list's key.
    pub sort_at: Timestamp,
    /// Counts its changes.
    pub version: i32,
    /// SHA-256 over the canonical form.
    pub payload_hash: Vec<u8>,
    /// The version of the mapping rules.
    pub mapper_version: i32,
    /// JSON pointers no mapper consumed.
    pub unmapped: Vec<String>,
    /// When the gateway first heard of it.
    pub first_seen_at: Timestamp,
    /// When it last changed here.
    pub modified_at: Timestamp,
    /// When it was last fetched with news.
    pub observed_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// The vendor's answer that says so.
    pub deletion_evidence: Option<String>,
    /// When it was found that the vendor no longer has it, because it keeps nothing so old.
    pub vendor_expired_at: Option<Timestamp>,
}

/// What a CRM may change of a call.
#[derive(Clone, Debug, Default)]
pub struct CallPatch {
    /// Replaces what the CRM attached.
    pub client_metadata: Option<Value>,
    /// Replaces the CRM's own objects.
    pub external_refs: Option<Value>,
    /// Changes the facts that the vendor lacks.
    pub facts: FactsPatch,
}

/// One change of a call.
#[derive(Clone, Debug)]
pub struct CallVersion {
    /// Counts from 1.
    pub version: i32,
    /// When.
    pub at: Timestamp,
    /// `created, updated, restored, deleted, client, remapped, vendor_expired, retention`.
    pub cause: String,
    /// The top-level members that changed.
    pub changed: Vec<String>,
}

impl TenantTx {
    /// Lists calls by the list's key, beyond `after`.
    pub async fn list_calls(
        &mut self,
        filter: &CallFilter,
        order: Order,
        after: Option<CallPosition>,
        limit: i64,
    ) -> Result<Vec<StoredCall>> {
        let calls = self.list_call_texts(filter, order, after, limit).await?;
        calls.into_iter().map(CallText::understood).collect()
    }

    /// Fills in the documents of calls.
    pub async fn attach_documents(
        &mut self,
        calls: &mut [StoredCall],
        transcript: bool,
        analyses: bool,
    ) -> Result<()> {
        if calls.is_empty() || !(transcript || analyses) {
            return Ok(());
        }
        let mut rows = self
            .packed_documents(calls.iter().map(|call| (call.id, call.sort_at)))
            .await?;
        for stored in calls {
            let Some((_, packed_transcript, packed_analyses)) = rows.remove(&stored.id.0) else {
                continue;
            };
            if transcript {
                stored.call.transcript = unpack_transcript(packed_transcript.as_deref())?;
            }
            if analyses {
                stored.call.analyses =
                    convert::unpack::<Vec<Analysis>>("call_documents", &packed_analyses)?;
            }
        }
        Ok(())
    }

    /// Which of these calls are stored and not deleted.
    pub async fn stored_calls(&mut self, ids: &[CallId]) -> Result<Vec<CallId>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let found: Vec<Uuid> = sqlx::query_scalar(
            "SELECT call.id FROM call_keys AS key \
             JOIN calls AS call \
               ON call.tenant_id = key.tenant_id AND call.sort_at = key.sort_at AND call.id = key.id \
             WHERE key.tenant_id = $1 AND key.id = ANY($2) AND call.deleted_at IS NULL",
        )
        .bind(self.tenant().0)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        Ok(found.into_iter().map(CallId).collect())
    }

    /// One call, deleted or not.
    pub async fn find_call(&mut self, id: CallId) -> Result<Option<StoredCall>> {
        let found = self.find_call_text(id, false, false).await?;
        found.map(|found| found.call.understood()).transpose()
    }

    /// The transcript of a call: `None` when there is no such call, `Some(None)` when it has none.
    pub async fn find_transcript(&mut self, id: CallId) -> Result<Option<Option<Transcript>>> {
        let Some(sort_at) = self.sort_of(id).await? else {
            return Ok(None);
        };
        let packed: Option<Option<Vec<u8>>> = sqlx::query_scalar(
            "SELECT transcript FROM call_documents \
             WHERE tenant_id = $1 AND sort_at = $2 AND call_id = $3",
        )
        .bind(self.tenant().0)
        .bind(sort_at)
        .bind(id.0)
        .fetch_optional(self.executor())
        .await?;
        packed
            .map(|packed| unpack_transcript(packed.as_deref()))
            .transpose()
    }

    async fn sort_of(&mut self, id: CallId) -> Result<Option<convert::DbTime>> {
        Ok(
            sqlx::query_scalar("SELECT sort_at FROM call_keys WHERE tenant_id = $1 AND id = $2")
                .bind(self.tenant().0)
                .bind(id.0)
                .fetch_optional(self.executor())
                .await?,
        )
    }

    /// The changes of a call, newest first.
    pub async fn list_call_versions(&mut self, id: CallId, limit: i64) -> Result<Vec<CallVersion>> {
        let rows: Vec<(i32, convert::DbTime, String, Vec<String>)> = sqlx::query_as(
            "SELECT version, at, cause, changed FROM call_versions \
             WHERE tenant_id = $1 AND call_id = $2 ORDER BY version DESC LIMIT $3",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .bind(limit)
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(version, at, cause, changed)| CallVersion {
                version,
                at: convert::model(at),
                cause,
                changed,
            })
            .collect())
    }

    /// Writes what a CRM may change. `Ok(false)` when `if_version` is not the call's any more;
    /// nothing is written when nothing changes.
    /// [`StoreError::Erased`](crate::StoreError::Erased) when it is about somebody who was erased.
    pub async fn patch_call(
        &mut self,
        scope: &ConnectionScope,
        id: CallId,
        if_version: Option<i32>,
        patch: CallPatch,
        now: Timestamp,
    ) -> Result<bool> {
        self.refuse_erased(&patch).await?;
        let loaded = self.lock_calls(&[id.0]).await?.into_iter().next();
        let Some((_, first_seen_at, Some(mut loaded))) = loaded else {
            return Ok(false);
        };
        if if_version.is_some_and(|version| version != loaded.version) {
            return Ok(false);
        }
        let before = loaded.clone();
        if let Some(metadata) = patch.client_metadata {
            loaded.client_metadata = convert::json(&metadata);
        }
        if let Some(refs) = patch.external_refs {
            loaded.external_refs = convert::json(&refs);
        }
        loaded.facts = loaded.facts.patched(patch.facts);
        let changed = differing_notes(&before, &loaded);
        let after = loaded.deleted_at.is_none().then(|| loaded.call.clone());
        let written = Written::decide(id, scope.id.0, Some(&loaded), after, first_seen_at, now);
        let row = match written {
            None if !changed.is_empty() => Written::with_notes(id, loaded, first_seen_at, changed),
            None => return Ok(true),
            Some(mut row) => {
                row.cause = "client";
                row.changed = differences(&before.served(), &row.call);
                row.changed.extend(changed);
                row
            }
        };
        let event = Event {
            event_type: "call.updated",
            connection: Some(scope.id),
            subject: Some(id.0),
            data: json!({
                "vendor": scope.vendor, "version": row.version, "changed": row.changed,
                "cause": "client",
            }),
        };
        self.write_calls(scope, vec![row], now).await?;
        self.insert_events(&[event], now).await?;
        Ok(true)
    }
}

/// The CRM's own members that differ.
fn differing_notes(before: &Loaded, after: &Loaded) -> Vec<String> {
    [
        (
            "client_metadata",
            before.client_metadata != after.client_metadata,
        ),
        ("external_refs", before.external_refs != after.external_refs),
        // Facts that fill nothing now may fill something once the vendor forgets it.
        ("facts", before.facts != after.facts),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(name, _)| name.to_owned())
    .collect()
}
