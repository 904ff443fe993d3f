//! Calls as they are served: what was stored as text is handed on as text, and not understood on the way.

use std::collections::BTreeMap;

use callweave_model::{AnalyzedCall, CallId, ConnectionId, Timestamp};
use sqlx::{FromRow, QueryBuilder, Row as _, postgres::PgRow};
use uuid::Uuid;

use super::{CallFilter, CallPosition, Order, StoredCall};
use crate::{Result, StoreError, TenantTx, convert, overview::ConnectionFreshness};

/// A call as its rows hold it.
#[derive(Clone, Debug)]
pub struct CallText {
    /// Its id.
    pub id: CallId,
    /// The connection it came over.
    pub connection_id: ConnectionId,
    /// The vendor's key.
    pub vendor: String,
    /// The call without transcript and analyses, as JSON.
    pub body: String,
    /// The transcript as JSON, where it was asked for and there is one.
    pub transcript: Option<String>,
    /// The analyses as JSON, where they were asked for.
    pub analyses: Option<String>,
    /// Whether it has a transcript.
    pub has_transcript: bool,
    /// What the CRM attached, as JSON.
    pub client_metadata: String,
    /// The CRM's own objects, as JSON.
    pub external_refs: String,
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

/// A call and what an answer about it alone tells besides.
#[derive(Clone, Debug)]
pub struct CallInFull {
    /// The call.
    pub call: CallText,
    /// The hashes of the vendor's documents behind it.
    pub document_hashes: Vec<Vec<u8>>,
    /// How fresh the data of its connection is; `None` where that was deleted.
    pub freshness: Option<ConnectionFreshness>,
}

/// The columns, in the order in which they are read.
pub(super) const COLUMNS: &str = "call.id, call.connection_id, call.vendor, call.body, call.has_transcript, \
     call.client_metadata::text, call.external_refs::text, call.sort_at, call.version, call.payload_hash, \
     call.mapper_version, call.unmapped, call.first_seen_at, call.modified_at, call.observed_at, \
     call.deleted_at, call.deletion_evidence, call.vendor_expired_at";

impl FromRow<'_, PgRow> for CallText {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        // By place: looking each name up costs as much as reading the value.
        let time = |place: usize| row.try_get::<convert::DbTime, _>(place).map(convert::model);
        let time_or_none = |place: usize| {
            let found = row.try_get::<Option<convert::DbTime>, _>(place);
            found.map(convert::model_option)
        };
        Ok(Self {
            id: CallId(row.try_get(0)?),
            connection_id: ConnectionId(row.try_get(1)?),
            vendor: row.try_get(2)?,
            body: row.try_get(3)?,
            transcript: None,
            analyses: None,
            has_transcript: row.try_get(4)?,
            client_metadata: row.try_get(5)?,
            external_refs: row.try_get(6)?,
            sort_at: time(7)?,
            version: row.try_get(8)?,
            payload_hash: row.try_get(9)?,
            mapper_version: row.try_get(10)?,
            unmapped: row.try_get(11)?,
            first_seen_at: time(12)?,
            modified_at: time(13)?,
            observed_at: time(14)?,
            deleted_at: time_or_none(15)?,
            deletion_evidence: row.try_get(16)?,
            vendor_expired_at: time_or_none(17)?,
        })
    }
}

impl CallText {
    /// Understands what is stored. Transcript and analyses stay away.
    pub fn understood(self) -> Result<StoredCall> {
        let broken = |error: serde_json::Error| StoreError::inconsistent("calls", error);
        let call: AnalyzedCall = serde_json::from_str(&self.body).map_err(broken)?;
        Ok(StoredCall {
            id: self.id,
            connection_id: self.connection_id,
            vendor: self.vendor,
            call,
            has_transcript: self.has_transcript,
            client_metadata: serde_json::from_str(&self.client_metadata).map_err(broken)?,
            external_refs: serde_json::from_str(&self.external_refs).map_err(broken)?,
            sort_at: self.sort_at,
            version: self.version,
            payload_hash: self.payload_hash,
            mapper_version: self.mapper_version,
            unmapped: self.unmapped,
            first_seen_at: self.first_seen_at,
            modified_at: self.modified_at,
            observed_at: self.observed_at,
            deleted_at: self.deleted_at,
            deletion_evidence: self.deletion_evidence,
            vendor_expired_at: self.vendor_expired_at,
        })
    }
}

impl TenantTx {
    /// Lists calls by the list's key, beyond `after`, as text.
    pub async fn list_call_texts(
        &mut self,
        filter: &CallFilter,
        order: Order,
        after: Option<CallPosition>,
        limit: i64,
    ) -> Result<Vec<CallText>> {
        let searched = self.search_call_texts(filter, order, after, limit);
        if let Some(found) = searched.await? {
            return Ok(found);
        }
        let mut query = QueryBuilder::new("SELECT ");
        query
            .push(COLUMNS)
            .push(" FROM calls AS call WHERE call.tenant_id = ")
            .push_bind(self.tenant().0);
        filter.push(&mut query);
        order.push_after(&mut query, after, "call.id");
        order.push_limit(&mut query, limit, "call.id");
        Ok(query.build_query_as().fetch_all(self.executor()).await?)
    }

    /// One call as text, deleted or not, with what belongs to it.
    pub async fn find_call_text(
        &mut self,
        id: CallId,
        transcript: bool,
        analyses: bool,
    ) -> Result<Option<CallInFull>> {
        let place: Option<PgRow> = sqlx::query(include_str!("../../sql/place_of_call.sql"))
            .bind(self.tenant().0)
            .bind(id.0)
            .fetch_optional(self.executor())
            .await?;
        let Some(place) = place else {
            return Ok(None);
        };
        let sort_at: convert::DbTime = place.try_get("sort_at")?;
        let row: Option<PgRow> = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS}, CASE WHEN $4 THEN document.transcript END, \
                 CASE WHEN $5 THEN document.analyses END \
             FROM calls AS call LEFT JOIN call_documents AS document ON document.tenant_id = $1 \
                 AND document.sort_at = $2 AND document.call_id = $3 \
             WHERE call.tenant_id = $1 AND call.sort_at = $2 AND call.id = $3"
        )))
        .bind(self.tenant().0)
        .bind(sort_at)
        .bind(id.0)
        .bind(transcript)
        .bind(analyses)
        .fetch_optional(self.executor())
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let mut call = CallText::from_row(&row)?;
        call.transcript = text_of(row.try_get(18)?)?;
        call.analyses = text_of(row.try_get(19)?)?;
        let known: Option<Uuid> = place.try_get("id")?;
        Ok(Some(CallInFull {
            call,
            document_hashes: place.try_get("hashes")?,
            freshness: known
                .map(|_| ConnectionFreshness::from_row(&place))
                .transpose()?,
        }))
    }

    /// Fills in the documents of calls.
    pub async fn attach_texts(
        &mut self,
        calls: &mut [CallText],
        transcript: bool,
        analyses: bool,
    ) -> Result<()> {
        if calls.is_empty() || !(transcript || analyses) {
            return Ok(());
        }
        let mut rows = self
            .packed_documents(calls.iter().map(|call| (call.id, call.sort_at)))
            .await?;
        for call in calls {
            let Some((_, packed_transcript, packed_analyses)) = rows.remove(&call.id.0) else {
                continue;
            };
            if transcript {
                call.transcript = text_of(packed_transcript)?;
            }
            if analyses {
                call.analyses = text_of(Some(packed_analyses))?;
            }
        }
        Ok(())
    }

    /// The documents of calls as they are stored: transcript and analyses, by the call.
    pub(super) async fn packed_documents(
        &mut self,
        calls: impl Iterator<Item = (CallId, Timestamp)>,
    ) -> Result<BTreeMap<Uuid, PackedDocuments>> {
        let (ids, sort): (Vec<Uuid>, Vec<convert::DbTime>) = calls
            .map(|(id, sort_at)| (id.0, convert::db(sort_at)))
            .unzip();
        let rows: Vec<PackedDocuments> = sqlx::query_as(
            "SELECT document.call_id, document.transcript, document.analyses \
             FROM UNNEST($2::uuid[], $3::timestamptz[]) AS wanted (id, sort_at) \
             JOIN call_documents AS document ON document.tenant_id = $1 \
                 AND document.sort_at = wanted.sort_at AND document.call_id = wanted.id",
        )
        .bind(self.tenant().0)
        .bind(ids)
        .bind(sort)
        .fetch_all(self.executor())
        .await?;
        Ok(convert::by_key(rows, |(id, ..)| *id))
    }
}

/// A call's transcript and analyses as they are stored.
pub(super) type PackedDocuments = (Uuid, Option<Vec<u8>>, Vec<u8>);

/// A packed document as text.
fn text_of(packed: Option<Vec<u8>>) -> Result<Option<String>> {
    let Some(packed) = packed else {
        return Ok(None);
    };
    let bytes = convert::decompress("call_documents", &packed)?;
    let text = String::from_utf8(bytes)
        .map_err(|error| StoreError::inconsistent("call_documents", error))?;
    Ok(Some(text))
}
