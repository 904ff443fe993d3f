-- Deletes the oldest events, in the order of the feed and up to the first one that is young enough,
-- so that the feed never has holes; returns how many, and the position of the last one.
WITH oldest AS MATERIALIZED (
    SELECT xid, id, at FROM events
    WHERE tenant_id = $1 AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, id
    LIMIT $3
), young AS (
    SELECT xid, id FROM oldest WHERE at >= $2 ORDER BY xid, id LIMIT 1
), gone AS (
    DELETE FROM events AS event
    USING oldest
    WHERE event.tenant_id = $1 AND event.id = oldest.id
        AND NOT EXISTS (
            SELECT FROM young WHERE (oldest.xid, oldest.id) >= (young.xid, young.id))
    RETURNING event.xid, event.id
)
SELECT xid::text, id, count(*) OVER () FROM gone ORDER BY gone.xid DESC, gone.id DESC LIMIT 1
