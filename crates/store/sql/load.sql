-- What waits, what is under way, and how late it is, over all tenants.
WITH syncs AS (
    SELECT failures > 0 AS failing,
        fresh_as_of,
        coalesce(lease_until > now(), false) AS running,
        greatest(next_run_at, coalesce(not_before, next_run_at)) AS due_at
    FROM sync_state
    WHERE enabled
), queue AS (
    SELECT due_at, coalesce(lease_until > now(), false) AS running
    FROM job_queue
    WHERE due_at IS NOT NULL OR lease_until IS NOT NULL
), of_syncs AS (
    SELECT count(*) AS connections,
        count(*) FILTER (WHERE failing) AS failing,
        count(*) FILTER (WHERE NOT running AND due_at <= now()) AS syncs_due,
        count(*) FILTER (WHERE running) AS syncs_running,
        coalesce(extract(epoch FROM now() - min(due_at)
            FILTER (WHERE NOT running AND due_at <= now())), 0)::float8 AS sync_wait,
        coalesce(extract(epoch FROM now() - min(fresh_as_of)), 0)::float8 AS sync_lag
    FROM syncs
), of_jobs AS (
    SELECT count(*) FILTER (WHERE NOT running AND due_at <= now()) AS jobs_due,
        count(*) FILTER (WHERE running) AS jobs_running,
        count(*) FILTER (WHERE NOT running AND due_at > now()) AS jobs_resting,
        coalesce(extract(epoch FROM now() - min(due_at)
            FILTER (WHERE NOT running AND due_at <= now())), 0)::float8 AS job_wait
    FROM queue
)
SELECT * FROM of_syncs CROSS JOIN of_jobs
