-- $1 tenant, $2 job, $3 connection. An item that the vendor took ends with its call: when the record
-- was fetched and nothing more is awaited of it, or when it will not be fetched any more.
UPDATE job_items AS item
SET state = news.state, message = COALESCE(news.reason, item.message), sealed_input = NULL
FROM (
    SELECT waiting.number, record.reason,
        CASE
            -- Its person was erased here.
            WHEN record.state IS NULL THEN 'canceled'
            WHEN record.state IN ('gone', 'quarantined') THEN 'failed'
            WHEN record.state = 'expired' THEN 'expired'
            WHEN record.state = 'erased' OR call.deleted_at IS NOT NULL THEN 'canceled'
            WHEN record.state = 'fetched' AND record.due_at IS NULL
                AND call.status NOT IN ('queued', 'dialing', 'in_progress') THEN 'completed'
        END AS state
    FROM job_items AS waiting
    LEFT JOIN records AS record ON record.tenant_id = waiting.tenant_id AND record.connection_id = $3
        AND record.kind = waiting.record_kind AND record.remote_id = waiting.record_id
    LEFT JOIN call_keys AS key ON key.tenant_id = record.tenant_id AND key.id = record.call_id
    LEFT JOIN calls AS call ON call.tenant_id = key.tenant_id AND call.sort_at = key.sort_at
        AND call.id = key.id
    WHERE waiting.tenant_id = $1 AND waiting.job_id = $2 AND waiting.state = 'submitted'
        AND waiting.record_id IS NOT NULL
) AS news
WHERE item.tenant_id = $1 AND item.job_id = $2 AND item.number = news.number
    AND news.state IS NOT NULL
