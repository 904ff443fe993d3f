-- Adds to the figures of a day by how much they differ from the calls of that day. Both are of one snapshot,
-- and whoever changes calls changes the figures by as much: so it does not matter who does so meanwhile.
-- $1 tenant, $2 the day
INSERT INTO call_days
    (tenant_id, axis, day, connection_id, vendor, dated, deleted, value, calls, with_transcript, timed,
     duration_ms, scored, score, passed, failed)
SELECT $1, axis, $2::text::date, connection_id, vendor, dated, deleted, value, sum(calls), sum(with_transcript),
    sum(timed), sum(duration_ms), sum(scored), sum(score), sum(passed), sum(failed)
FROM (
    SELECT axes.axis, call.connection_id, call.vendor, call.started_at IS NOT NULL AS dated,
        call.deleted_at IS NOT NULL AS deleted, axes.value, count(*) AS calls,
        count(*) FILTER (WHERE call.has_transcript) AS with_transcript, count(call.duration_ms) AS timed,
        coalesce(sum(call.duration_ms), 0) AS duration_ms, count(exact_score(call.score_pct)) AS scored,
        coalesce(sum(exact_score(call.score_pct)), 0) AS score,
        count(*) FILTER (WHERE call.passed) AS passed, count(*) FILTER (WHERE NOT call.passed) AS failed
    FROM calls AS call
    CROSS JOIN LATERAL call_axes(call.sort_at, call.channel, call.kind, call.direction, call.status,
        call.sentiment, call.agents, call.tags) AS axes
    WHERE call.tenant_id = $1
        AND call.sort_at >= $2::text::date::timestamp AT TIME ZONE 'UTC'
        AND call.sort_at < ($2::text::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT axis, connection_id, vendor, dated, deleted, value, -calls, -with_transcript, -timed, -duration_ms,
        -scored, -score, -passed, -failed
    FROM call_days
    WHERE tenant_id = $1 AND axis = ANY (ARRAY['all', 'hour', 'channel', 'kind', 'direction', 'status',
        'sentiment', 'agent', 'tag']) AND day = $2::text::date
) AS difference
GROUP BY axis, connection_id, vendor, dated, deleted, value
HAVING (sum(calls), sum(with_transcript), sum(timed), sum(duration_ms), sum(scored), sum(score),
        sum(passed), sum(failed)) <> (0, 0, 0, 0, 0, 0, 0, 0)
