-- Events beyond a position, in the order of their transactions. Only what lies below the oldest
-- transaction that is still open is read, by the snapshot of this very statement: so nothing can
-- become visible later at a position that was passed already.
--
-- A narrow filter must not make one statement read everything: `scanned` bounds it.
WITH horizon AS MATERIALIZED (
    SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin
), scanned AS MATERIALIZED (
    SELECT event.xid, event.id, event.type, event.at, event.connection_id, event.subject_id, event.data
    FROM events AS event
    WHERE event.tenant_id = $1
        AND (event.xid, event.id) > ($2::text::xid8, $3)
        AND event.xid < (SELECT xmin FROM horizon)
    ORDER BY event.xid, event.id
    LIMIT $4
), reach AS (
    SELECT count(*) AS scanned,
        (SELECT xid FROM scanned ORDER BY xid DESC, id DESC LIMIT 1) AS xid,
        (SELECT id FROM scanned ORDER BY xid DESC, id DESC LIMIT 1) AS id
    FROM scanned
), matched AS (
    SELECT * FROM scanned
    WHERE ($5::text[] IS NULL OR type = ANY($5) OR split_part(type, '.', 1) = ANY($6::text[]))
        AND ($7::uuid[] IS NULL OR connection_id = ANY($7))
    ORDER BY xid, id
    LIMIT $8
)
SELECT (SELECT xmin FROM horizon)::text AS horizon, reach.scanned, reach.xid::text AS last_xid,
    reach.id AS last_id, matched.xid::text AS xid, matched.id, matched.type, matched.at,
    matched.connection_id, matched.subject_id, matched.data
FROM reach LEFT JOIN matched ON true
ORDER BY matched.xid, matched.id
