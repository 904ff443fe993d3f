SELECT call.id, call.connection_id, vendor, body, client_metadata, external_refs, version, payload_hash, mapper_version,
       unmapped, first_seen_at, modified_at, observed_at, deleted_at, deletion_evidence, vendor_expired_at,
       document.analyses, ARRAY(
           SELECT link.hash FROM records AS record
           JOIN record_documents AS link USING (tenant_id, connection_id, kind, remote_id)
           WHERE record.tenant_id = $1 AND record.call_id = $3
           ORDER BY link.kind, link.remote_id, link.operation, link.part) AS hashes
FROM calls AS call
JOIN call_documents AS document ON document.tenant_id = $1 AND document.sort_at = $2 AND document.call_id = $3
WHERE call.tenant_id = $1 AND call.sort_at = $2 AND call.id = $3
