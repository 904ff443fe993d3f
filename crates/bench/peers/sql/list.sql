SELECT id, connection_id, vendor, body, client_metadata, external_refs, version, payload_hash, mapper_version,
       unmapped, first_seen_at, modified_at, observed_at, deleted_at, deletion_evidence, vendor_expired_at, sort_at
FROM calls
WHERE tenant_id = $1 AND deleted_at IS NULL AND (sort_at, id) < ($2, $3)
ORDER BY sort_at DESC, id DESC LIMIT 51
