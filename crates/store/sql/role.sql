-- The role of every transaction, and the one under which words and phones are looked up. Roles belong to the whole
-- cluster, so they may be there already.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['callweave_app', 'callweave_search'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        IF NOT pg_has_role(current_user, role, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO %I', role, current_user);
        END IF;
    END LOOP;
    -- Conditions of a policy may use an index that conditions of a statement may not: they come first. The
    -- tenant is compared as text, so that the rows are not looked up by it instead: it may have them all.
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = 'call_search'::regclass AND polname = 'search') THEN
        ALTER POLICY tenant_isolation ON call_search TO callweave_app;
        CREATE POLICY search ON call_search FOR SELECT TO callweave_search
            USING (tenant_id::text = current_tenant()::text AND words @@ searched_words());
    END IF;
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = 'calls'::regclass AND polname = 'search') THEN
        ALTER POLICY tenant_isolation ON calls TO callweave_app;
        CREATE POLICY search ON calls FOR SELECT TO callweave_search
            USING (tenant_id::text = current_tenant()::text AND phones && searched_phones());
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO callweave_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    tenants, api_keys, connections, tokens, call_keys, calls, call_documents, call_search,
    call_versions, sync_state, sync_streams, records, raw_documents, record_documents, backfills,
    events, idempotency_keys, vendor_pauses, endpoint_rests, token_places, vendor_drift,
    jobs, job_queue, job_chunks, job_items, low_usage, tenant_limits, suppression_keys, erasures,
    suppressions, retention_rules, vendor_requests, call_days
TO callweave_app;
-- What was done stays written.
GRANT SELECT, INSERT ON audit_log TO callweave_app;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM callweave_app;
GRANT EXECUTE ON FUNCTION current_tenant(), system_scope(), ensure_call_partition(date),
    retire_call_partition(date, interval), exact_score(double precision),
    call_axes(timestamptz, text, text, text, text, text, text[], text[])
TO callweave_app;
-- How far the numbering of events has come says whether there may be new ones.
GRANT SELECT ON SEQUENCE events_id_seq TO callweave_app;
GRANT USAGE ON SCHEMA public TO callweave_search;
GRANT SELECT ON call_search TO callweave_search;
GRANT SELECT (tenant_id, sort_at, id, phones) ON calls TO callweave_search;
GRANT EXECUTE ON FUNCTION current_tenant(), searched_words(), searched_phones() TO callweave_search;
