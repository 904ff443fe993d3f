-- Where a call lies, the hashes of the documents behind it, and how fresh its connection's data is.
-- $1 tenant, $2 call
SELECT key.sort_at,
       ARRAY(
           SELECT link.hash
           FROM records AS record
           JOIN record_documents AS link USING (tenant_id, connection_id, kind, remote_id)
           WHERE record.tenant_id = $1 AND record.call_id = $2
           ORDER BY link.kind, link.remote_id, link.operation, link.part
       ) AS hashes,
       connection.id, connection.vendor, connection.state, connection.state_reason,
       sync.enabled, sync.next_run_at, sync.not_before, sync.synced_at, sync.fresh_as_of, sync.historical_since
FROM call_keys AS key
LEFT JOIN (connections AS connection
           JOIN sync_state AS sync ON sync.tenant_id = connection.tenant_id AND sync.connection_id = connection.id)
    ON connection.tenant_id = key.tenant_id AND connection.id = key.connection_id
        AND connection.deleted_at IS NULL
WHERE key.tenant_id = $1 AND key.id = $2
