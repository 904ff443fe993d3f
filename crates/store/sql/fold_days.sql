-- Replaces the rows of figures by their sums, where rows were added since; returns how many had been.
-- What adds up to nothing goes. $1 tenant, $2 at most so many added rows are looked at.
WITH grown AS MATERIALIZED (
    SELECT DISTINCT axis, day
    FROM (SELECT axis, day FROM call_days WHERE tenant_id = $1 AND NOT folded LIMIT $2) AS added
), parts AS (
    DELETE FROM call_days AS old
    USING grown
    WHERE old.tenant_id = $1 AND old.axis = grown.axis AND old.day = grown.day
    RETURNING old.*
), sums AS (
    INSERT INTO call_days
        (tenant_id, axis, day, connection_id, vendor, dated, deleted, value, calls, with_transcript, timed,
         duration_ms, scored, score, passed, failed, folded)
    SELECT tenant_id, axis, day, connection_id, vendor, dated, deleted, value, sum(calls), sum(with_transcript),
        sum(timed), sum(duration_ms), sum(scored), sum(score), sum(passed), sum(failed), true
    FROM parts
    GROUP BY tenant_id, axis, day, connection_id, vendor, dated, deleted, value
    HAVING (sum(calls), sum(with_transcript), sum(timed), sum(duration_ms), sum(scored), sum(score),
            sum(passed), sum(failed)) <> (0, 0, 0, 0, 0, 0, 0, 0)
)
SELECT count(*) FROM parts WHERE NOT folded
