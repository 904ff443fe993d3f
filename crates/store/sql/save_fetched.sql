-- $1 tenant, $2 connection, then columns: $3 kind, $4 remote id, $5 state, $6 call, $7 fingerprint,
-- $8 due, $9 observed, $10 reason, $11 pointer
INSERT INTO records AS old
    (tenant_id, connection_id, kind, remote_id, state, call_id, fingerprint, fetched, due_at,
     first_seen_at, observed_at, attempts, reason, pointer)
SELECT $1, $2, kind, remote_id, state, call_id, fingerprint, fingerprint, due_at, observed_at,
    observed_at, CASE WHEN state = 'not_ready' THEN 1 ELSE 0 END, reason, pointer
FROM UNNEST($3::text[], $4::text[], $5::text[], $6::uuid[], $7::bytea[], $8::timestamptz[],
        $9::timestamptz[], $10::text[], $11::text[])
    AS new (kind, remote_id, state, call_id, fingerprint, due_at, observed_at, reason, pointer)
ON CONFLICT (tenant_id, connection_id, kind, remote_id) DO UPDATE SET
    state = EXCLUDED.state,
    call_id = COALESCE(EXCLUDED.call_id, old.call_id),
    fetched = EXCLUDED.fetched,
    -- The list showed another form meanwhile: the record stays due.
    due_at = CASE
        WHEN old.fingerprint IS DISTINCT FROM EXCLUDED.fetched AND EXCLUDED.state NOT IN ('gone', 'vendor_expired')
            THEN COALESCE(old.due_at, EXCLUDED.observed_at)
        ELSE EXCLUDED.due_at
    END,
    attempts = CASE WHEN EXCLUDED.state = 'not_ready' THEN old.attempts + 1 ELSE 0 END,
    missing = false,
    -- By its id it is still there: the last full walk counts as having met it.
    full_walk = CASE
        WHEN old.missing AND EXCLUDED.state NOT IN ('gone', 'vendor_expired')
            THEN GREATEST(old.full_walk, (SELECT state.full_walk FROM sync_state AS state
                WHERE state.tenant_id = $1 AND state.connection_id = $2))
        ELSE old.full_walk
    END,
    observed_at = GREATEST(old.observed_at, EXCLUDED.observed_at),
    reason = EXCLUDED.reason,
    pointer = EXCLUDED.pointer
