-- The role of every transaction. Roles belong to the whole cluster, so it may be there already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'callweave_app') THEN
        BEGIN
            CREATE ROLE callweave_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'callweave_app', 'MEMBER') THEN
        EXECUTE format('GRANT callweave_app TO %I', current_user);
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO callweave_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    tenants, api_keys, connections, tokens, call_keys, calls, call_documents, call_search,
    call_versions, sync_state, sync_streams, records, raw_documents, record_documents, backfills,
    events, idempotency_keys, vendor_pauses, endpoint_rests, token_places, vendor_drift,
    jobs, job_queue, job_chunks, job_items, low_usage, tenant_limits, suppression_keys, erasures,
    suppressions, retention_rules, vendor_requests
TO callweave_app;
-- What was done stays written.
GRANT SELECT, INSERT ON audit_log TO callweave_app;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM callweave_app;
GRANT EXECUTE ON FUNCTION current_tenant(), system_scope(), ensure_call_partition(date),
    retire_call_partition(date, interval)
TO callweave_app;
-- How far the numbering of events has come says whether there may be new ones.
GRANT SELECT ON SEQUENCE events_id_seq TO callweave_app;
