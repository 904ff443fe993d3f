-- The first day from one on that has calls, or figures. $1 tenant, $2 the day; NULL is before all days.
SELECT to_char(least(
    (SELECT min(day) FROM call_days WHERE tenant_id = $1 AND axis = 'all' AND day >= given.day),
    (SELECT (sort_at AT TIME ZONE 'UTC')::date FROM calls
     WHERE tenant_id = $1 AND sort_at >= given.day::timestamp AT TIME ZONE 'UTC'
     ORDER BY sort_at LIMIT 1)
)::timestamp, 'YYYY-MM-DD BC')
FROM (SELECT coalesce($2::text::date + 1, '-infinity') AS day) AS given
