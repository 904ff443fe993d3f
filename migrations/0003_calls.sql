-- Analysed calls: a key table for identity, narrow rows for lists, compressed documents beside
-- them, a search table. The large tables are partitioned by the month of `sort_at` (the start of
-- the call, or its first sight where the vendor tells no start), so that old months are dropped
-- and new rows go into small indexes.

CREATE TABLE call_keys (
    tenant_id     uuid NOT NULL,
    id            uuid NOT NULL,
    connection_id uuid NOT NULL,
    remote_id     text NOT NULL,
    sort_at       timestamptz NOT NULL,
    first_seen_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
CREATE INDEX call_keys_by_remote_id ON call_keys (tenant_id, connection_id, remote_id);
ALTER TABLE call_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON call_keys
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

CREATE TABLE calls (
    tenant_id       uuid NOT NULL,
    sort_at         timestamptz NOT NULL,
    id              uuid NOT NULL,
    connection_id   uuid NOT NULL,
    vendor          text NOT NULL,
    remote_id       text NOT NULL,
    channel         text NOT NULL,
    kind            text NOT NULL,
    direction       text NOT NULL,
    status          text NOT NULL,
    started_at      timestamptz,
    duration_ms     bigint,
    sentiment       text,
    passed          boolean,
    score_pct       double precision,
    has_transcript  boolean NOT NULL,
    agents          text[] NOT NULL,
    phones          text[] NOT NULL,
    tags            text[] NOT NULL,
    -- The canonical call without transcript and analyses, as JSON text that is served as it is.
    body            text NOT NULL,
    client_metadata jsonb NOT NULL DEFAULT '{}',
    external_refs   jsonb NOT NULL DEFAULT '[]',
    -- Facts the CRM gave because the vendor lacks them.
    facts           jsonb NOT NULL DEFAULT '{}',
    version         integer NOT NULL,
    payload_hash    bytea NOT NULL,
    mapper_version  integer NOT NULL,
    unmapped        text[] NOT NULL,
    first_seen_at   timestamptz NOT NULL,
    modified_at     timestamptz NOT NULL,
    observed_at     timestamptz NOT NULL,
    deleted_at      timestamptz,
    deletion_evidence text,
    PRIMARY KEY (tenant_id, sort_at, id)
) PARTITION BY RANGE (sort_at);
CREATE INDEX calls_by_connection ON calls (tenant_id, connection_id, sort_at, id);
CREATE INDEX calls_by_modified ON calls (tenant_id, modified_at, id);
CREATE INDEX calls_by_mapper ON calls (tenant_id, connection_id, mapper_version);
CREATE INDEX calls_by_phone ON calls USING gin (phones);
ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON calls
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

CREATE TABLE call_documents (
    tenant_id  uuid NOT NULL,
    sort_at    timestamptz NOT NULL,
    call_id    uuid NOT NULL,
    -- zstd of the canonical JSON.
    transcript bytea,
    analyses   bytea NOT NULL,
    PRIMARY KEY (tenant_id, call_id, sort_at)
) PARTITION BY RANGE (sort_at);
ALTER TABLE call_documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_documents FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON call_documents
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

CREATE TABLE call_search (
    tenant_id uuid NOT NULL,
    sort_at   timestamptz NOT NULL,
    call_id   uuid NOT NULL,
    words     tsvector NOT NULL,
    PRIMARY KEY (tenant_id, call_id, sort_at)
) PARTITION BY RANGE (sort_at);
CREATE INDEX call_search_words ON call_search USING gin (words) WITH (fastupdate = on);
ALTER TABLE call_search ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_search FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON call_search
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Documents are compressed already; another round in PostgreSQL would only cost time.
ALTER TABLE call_documents ALTER COLUMN transcript SET STORAGE EXTERNAL;
ALTER TABLE call_documents ALTER COLUMN analyses SET STORAGE EXTERNAL;

CREATE TABLE calls_rest PARTITION OF calls DEFAULT;
CREATE TABLE call_documents_rest PARTITION OF call_documents DEFAULT;
CREATE TABLE call_search_rest PARTITION OF call_search DEFAULT;

-- Makes the partitions of one month. Runs as the owner, because the gateway's own role owns
-- nothing. A month whose rows went into the default partition already stays there.
CREATE FUNCTION ensure_call_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    last date := (date_trunc('month', month) + interval '1 month')::date;
    suffix text := to_char(date_trunc('month', month), 'YYYYMM');
    parent text;
BEGIN
    IF to_regclass('calls_' || suffix) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ensure_call_partition'));
    IF to_regclass('calls_' || suffix) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- All three tables or none: the block takes back what it made before it failed.
    BEGIN
        FOREACH parent IN ARRAY ARRAY['calls', 'call_documents', 'call_search'] LOOP
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                parent || '_' || suffix, parent, first::text || ' 00:00:00+00', last::text || ' 00:00:00+00');
        END LOOP;
    EXCEPTION WHEN check_violation THEN
        RETURN false;
    END;
    RETURN true;
END
$$;

CREATE TABLE call_versions (
    tenant_id    uuid NOT NULL,
    call_id      uuid NOT NULL,
    version      integer NOT NULL,
    at           timestamptz NOT NULL,
    cause        text NOT NULL,
    changed      text[] NOT NULL,
    payload_hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, call_id, version)
);
ALTER TABLE call_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON call_versions
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());
