//! The vendor's documents, by content.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use callweave_model::{CallId, ConnectionId};
use uuid::Uuid;

use crate::{Result, TenantTx, convert};

/// One answer of the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The operation that gave it.
    pub operation: String,
    /// What tells it from others of the same operation and record.
    pub part: String,
    /// The MIME type.
    pub content_type: String,
    /// The bytes as they came.
    pub body: Vec<u8>,
}

/// A document and the record it belongs to.
#[derive(Clone, Debug)]
pub struct StoredDocument {
    /// The record's kind.
    pub kind: String,
    /// The record's id at the vendor.
    pub remote_id: String,
    /// SHA-256 of the bytes.
    pub hash: Vec<u8>,
    /// The document.
    pub document: Document,
}

/// Documents to be kept for a record.
#[derive(Debug)]
pub struct RecordDocuments<'a> {
    /// The record's kind.
    pub kind: &'a str,
    /// The record's id at the vendor.
    pub remote_id: &'a str,
    /// Its documents; they replace what was kept for it.
    pub documents: &'a [Document],
}

#[derive(sqlx::FromRow)]
struct Row {
    kind: String,
    remote_id: String,
    operation: String,
    part: String,
    hash: Vec<u8>,
    content_type: String,
    body: Vec<u8>,
}

impl Row {
    fn into_stored(self) -> Result<StoredDocument> {
        Ok(StoredDocument {
            kind: self.kind,
            remote_id: self.remote_id,
            hash: self.hash,
            document: Document {
                operation: self.operation,
                part: self.part,
                content_type: self.content_type,
                body: convert::decompress("raw_documents", &self.body)?,
            },
        })
    }
}

#[derive(Default)]
struct Columns {
    kinds: Vec<String>,
    remote_ids: Vec<String>,
    operations: Vec<String>,
    parts: Vec<String>,
    hashes: Vec<Vec<u8>>,
    content_types: Vec<String>,
    sizes: Vec<i64>,
    bodies: Vec<Vec<u8>>,
}

/// A record's document: kind, vendor id, operation, part, hash.
type Link = (String, String, String, String, Vec<u8>);

impl Columns {
    /// Those of these links that are not among the columns.
    fn not_repeated(&self, links: Vec<Link>) -> Self {
        let names = self.kinds.iter().zip(&self.remote_ids);
        let places = self.operations.iter().zip(&self.parts).zip(&self.hashes);
        let new: HashSet<_> = names
            .zip(places)
            .map(|((kind, id), ((operation, part), hash))| (kind, id, operation, part, hash))
            .collect();
        let mut stale = Self::default();
        for (kind, id, operation, part, hash) in links {
            if new.contains(&(&kind, &id, &operation, &part, &hash)) {
                continue;
            }
            stale.kinds.push(kind);
            stale.remote_ids.push(id);
            stale.operations.push(operation);
            stale.parts.push(part);
            stale.hashes.push(hash);
        }
        stale
    }
}

impl TenantTx {
    /// Keeps the documents of records; the same bytes are kept once.
    pub async fn keep_documents(
        &mut self,
        connection: ConnectionId,
        records: &[RecordDocuments<'_>],
    ) -> Result<()> {
        let mut columns = Columns::default();
        for record in records {
            for document in record.documents {
                columns.kinds.push(convert::text(record.kind));
                columns.remote_ids.push(convert::text(record.remote_id));
                columns.operations.push(document.operation.clone());
                columns.parts.push(convert::text(&document.part));
                columns.hashes.push(convert::sha256(&document.body));
                columns
                    .content_types
                    .push(convert::text(&document.content_type));
                columns
                    .sizes
                    .push(i64::try_from(document.body.len()).unwrap_or(i64::MAX));
                columns
                    .bodies
                    .push(convert::compress("raw_documents", &document.body)?);
            }
        }
        if columns.hashes.is_empty() {
            return Ok(());
        }
        let replaced = self.remove_replaced(connection, &columns).await?;
        sqlx::query(
            "INSERT INTO raw_documents (tenant_id, hash, content_type, size, body) \
             SELECT DISTINCT ON (hash) $1, hash, content_type, size, body \
             FROM UNNEST($2::bytea[], $3::text[], $4::bigint[], $5::bytea[]) \
                 AS new (hash, content_type, size, body) \
             ORDER BY hash \
             ON CONFLICT DO NOTHING",
        )
        .bind(self.tenant().0)
        .bind(&columns.hashes)
        .bind(&columns.content_types)
        .bind(&columns.sizes)
        .bind(&columns.bodies)
        .execute(self.executor())
        .await?;
        sqlx::query(
            "INSERT INTO record_documents AS old \
                 (tenant_id, connection_id, kind, remote_id, operation, part, hash) \
             SELECT DISTINCT ON (kind, remote_id, operation, part) \
                 $1, $2, kind, remote_id, operation, part, hash \
             FROM UNNEST($3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[]) \
                 AS new (kind, remote_id, operation, part, hash) \
             ORDER BY kind, remote_id, operation, part \
             ON CONFLICT (tenant_id, connection_id, kind, remote_id, operation, part) \
                 DO UPDATE SET hash = EXCLUDED.hash WHERE old.hash <> EXCLUDED.hash",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(&columns.kinds)
        .bind(&columns.remote_ids)
        .bind(&columns.operations)
        .bind(&columns.parts)
        .bind(&columns.hashes)
        .execute(self.executor())
        .await?;
        self.drop_unlinked(&replaced).await
    }

    /// Removes the links that the new documents of the same records do not repeat; returns what
    /// they led to.
    async fn remove_replaced(
        &mut self,
        connection: ConnectionId,
        columns: &Columns,
    ) -> Result<Vec<Vec<u8>>> {
        let records: BTreeSet<(&String, &String)> =
            columns.kinds.iter().zip(&columns.remote_ids).collect();
        let (kinds, ids): (Vec<&String>, Vec<&String>) = records.into_iter().unzip();
        // Record by record: as a join, a plan made for few rows reads all there are, every time.
        let links: Vec<Link> = sqlx::query_as(
            "SELECT old.kind, old.remote_id, old.operation, old.part, old.hash \
             FROM UNNEST($3::text[], $4::text[]) AS record (kind, remote_id) \
             CROSS JOIN LATERAL ( \
                 SELECT kind, remote_id, operation, part, hash FROM record_documents \
                 WHERE tenant_id = $1 AND connection_id = $2 \
                     AND kind = record.kind AND remote_id = record.remote_id \
                 OFFSET 0 \
             ) AS old",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(kinds)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        let stale = columns.not_repeated(links);
        if stale.hashes.is_empty() {
            return Ok(Vec::new());
        }
        sqlx::query(
            "DELETE FROM record_documents AS old \
             USING UNNEST($3::text[], $4::text[], $5::text[], $6::text[]) \
                 AS stale (kind, remote_id, operation, part) \
             WHERE old.tenant_id = $1 AND old.connection_id = $2 AND old.kind = stale.kind \
                 AND old.remote_id = stale.remote_id AND old.operation = stale.operation \
                 AND old.part = stale.part",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(&stale.kinds)
        .bind(&stale.remote_ids)
        .bind(&stale.operations)
        .bind(&stale.parts)
        .execute(self.executor())
        .await?;
        Ok(stale.hashes)
    }

    /// Deletes those of these documents to which no record leads any more.
    pub(crate) async fn drop_unlinked(&mut self, hashes: &[Vec<u8>]) -> Result<()> {
        if hashes.is_empty() {
            return Ok(());
        }
        // Whoever links one of them at this moment holds it: wait, and look with fresh eyes.
        sqlx::query(
            "SELECT FROM raw_documents WHERE tenant_id = $1 AND hash = ANY($2) \
             ORDER BY hash FOR UPDATE",
        )
        .bind(self.tenant().0)
        .bind(hashes)
        .execute(self.executor())
        .await?;
        sqlx::query(
            "DELETE FROM raw_documents AS raw WHERE raw.tenant_id = $1 AND raw.hash = ANY($2) \
                 AND NOT EXISTS (SELECT FROM record_documents AS link \
                     WHERE link.tenant_id = $1 AND link.hash = raw.hash)",
        )
        .bind(self.tenant().0)
        .bind(hashes)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// The documents of records (kind, vendor id).
    pub(crate) async fn documents_of_records(
        &mut self,
        connection: ConnectionId,
        records: &[(String, String)],
    ) -> Result<BTreeMap<(String, String), Vec<Document>>> {
        let (kinds, ids): (Vec<&str>, Vec<&str>) = records
            .iter()
            .map(|(kind, id)| (kind.as_str(), id.as_str()))
            .unzip();
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT link.kind, link.remote_id, link.operation, link.part, raw.hash, raw.content_type, \
                 raw.body \
             FROM UNNEST($3::text[], $4::text[]) AS wanted (kind, remote_id) \
             JOIN record_documents AS link ON link.tenant_id = $1 AND link.connection_id = $2 \
                 AND link.kind = wanted.kind AND link.remote_id = wanted.remote_id \
             JOIN raw_documents AS raw ON raw.tenant_id = $1 AND raw.hash = link.hash \
             ORDER BY link.kind, link.remote_id, link.operation, link.part",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(kinds)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        let mut documents: BTreeMap<(String, String), Vec<Document>> = BTreeMap::new();
        for row in rows {
            let stored = row.into_stored()?;
            let key = (stored.kind, stored.remote_id);
            documents.entry(key).or_default().push(stored.document);
        }
        Ok(documents)
    }

    /// Every document behind a call, by record and operation.
    pub async fn documents_of_call(&mut self, call: CallId) -> Result<Vec<StoredDocument>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT link.kind, link.remote_id, link.operation, link.part, raw.hash, raw.content_type, \
                 raw.body \
             FROM records AS record \
             JOIN record_documents AS link USING (tenant_id, connection_id, kind, remote_id) \
             JOIN raw_documents AS raw USING (tenant_id, hash) \
             WHERE record.tenant_id = $1 AND record.call_id = $2 \
             ORDER BY link.kind, link.remote_id, link.operation, link.part LIMIT 1000",
        )
        .bind(self.tenant().0)
        .bind(call.0)
        .fetch_all(self.executor())
        .await?;
        rows.into_iter().map(Row::into_stored).collect()
    }

    /// The hashes of the documents behind calls, for `_meta.raw_refs`.
    pub async fn document_hashes(&mut self, calls: &[CallId]) -> Result<Vec<(CallId, Vec<u8>)>> {
        let ids: Vec<Uuid> = calls.iter().map(|id| id.0).collect();
        let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
            "SELECT record.call_id, link.hash \
             FROM records AS record \
             JOIN record_documents AS link USING (tenant_id, connection_id, kind, remote_id) \
             WHERE record.tenant_id = $1 AND record.call_id = ANY($2) \
             ORDER BY record.call_id, link.kind, link.remote_id, link.operation, link.part",
        )
        .bind(self.tenant().0)
        .bind(ids)
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, hash)| (CallId(id), hash))
            .collect())
    }
}
