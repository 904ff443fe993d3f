SELECT connection.id, state, state_reason, enabled, next_run_at, not_before, synced_at, fresh_as_of, historical_since
FROM connections AS connection
JOIN sync_state AS sync ON sync.tenant_id = connection.tenant_id AND sync.connection_id = connection.id
WHERE connection.tenant_id = $1 AND deleted_at IS NULL
ORDER BY connection.id LIMIT 500
