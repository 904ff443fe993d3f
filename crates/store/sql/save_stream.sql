-- $1 tenant, $2 connection, $3 stream, $4 resume, $5-$8 the incremental walk (cursor, start, unproved,
-- refused), $9-$12 the full one, $13 number of the last full walk that ended, $14 synced, $15 fresh,
-- $16 total, $17 broken since, $18 trouble, $19 when
INSERT INTO sync_streams
    (tenant_id, connection_id, stream, resume, walk, walk_cursor, walk_started_at, unproved, refused,
     full_cursor, full_started_at, full_unproved, full_refused, walk_number, synced_at, fresh_as_of,
     total_hint, broken_since, trouble, trouble_at)
VALUES ($1, $2, $3, $4, CASE WHEN $6::timestamptz IS NOT NULL THEN 'incremental' END, $5, $6, $7, $8,
    $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (tenant_id, connection_id, stream) DO UPDATE SET
    resume = EXCLUDED.resume,
    walk = EXCLUDED.walk,
    walk_cursor = EXCLUDED.walk_cursor,
    walk_started_at = EXCLUDED.walk_started_at,
    unproved = EXCLUDED.unproved,
    refused = EXCLUDED.refused,
    full_cursor = EXCLUDED.full_cursor,
    full_started_at = EXCLUDED.full_started_at,
    full_unproved = EXCLUDED.full_unproved,
    full_refused = EXCLUDED.full_refused,
    walk_number = EXCLUDED.walk_number,
    synced_at = EXCLUDED.synced_at,
    fresh_as_of = EXCLUDED.fresh_as_of,
    total_hint = EXCLUDED.total_hint,
    broken_since = EXCLUDED.broken_since,
    trouble = EXCLUDED.trouble,
    trouble_at = EXCLUDED.trouble_at
