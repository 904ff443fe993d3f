-- $1 tenant, $2 ids, $3 their sort_at (so that only their partitions are read)
SELECT call.id, call.connection_id, call.sort_at, call.body, call.client_metadata, call.external_refs, call.facts,
    call.told, call.version, call.payload_hash, call.unmapped, call.observed_at, call.deleted_at,
    call.deletion_evidence, call.vendor_expired_at, call.mapper_version,
    document.transcript, document.analyses
FROM UNNEST($2::uuid[], $3::timestamptz[]) AS wanted (id, sort_at)
JOIN calls AS call ON call.tenant_id = $1 AND call.sort_at = wanted.sort_at AND call.id = wanted.id
JOIN call_documents AS document
    ON document.tenant_id = $1 AND document.sort_at = wanted.sort_at AND document.call_id = wanted.id
