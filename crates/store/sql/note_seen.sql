-- $1 tenant, $2 connection, $3 kinds, $4 remote ids, $5 fingerprints, $6 hints, $7 now, $8 full walk
INSERT INTO records AS old
    (tenant_id, connection_id, kind, remote_id, state, fingerprint, hint, due_at, first_seen_at,
     observed_at, full_walk)
SELECT $1, $2, kind, remote_id, 'seen', fingerprint, hint, $7, $7, $7, COALESCE($8, 0)
FROM UNNEST($3::text[], $4::text[], $5::bytea[], $6::jsonb[]) AS new (kind, remote_id, fingerprint, hint)
ON CONFLICT (tenant_id, connection_id, kind, remote_id) DO UPDATE SET
    fingerprint = EXCLUDED.fingerprint,
    hint = EXCLUDED.hint,
    full_walk = GREATEST(old.full_walk, EXCLUDED.full_walk),
    missing = false,
    -- A record that was gone and is listed again comes back.
    state = CASE WHEN old.state IN ('gone', 'vendor_expired') THEN 'seen' ELSE old.state END,
    attempts = CASE WHEN old.fingerprint IS DISTINCT FROM EXCLUDED.fingerprint THEN 0 ELSE old.attempts END,
    -- What was erased before it was ever listed counts as fetched in the form now listed.
    fetched = CASE WHEN old.state = 'erased' AND old.fingerprint IS NULL
        THEN EXCLUDED.fingerprint ELSE old.fetched END,
    due_at = CASE
        WHEN old.state = 'erased' AND old.fingerprint IS NULL THEN old.due_at
        WHEN old.state IN ('gone', 'vendor_expired') OR old.fetched IS DISTINCT FROM EXCLUDED.fingerprint
            THEN LEAST(COALESCE(old.due_at, $7), $7)
        ELSE old.due_at
    END
WHERE old.fingerprint IS DISTINCT FROM EXCLUDED.fingerprint
    OR old.state IN ('gone', 'vendor_expired')
    OR old.missing
    OR old.full_walk < EXCLUDED.full_walk
