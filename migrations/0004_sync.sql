-- What the sync engine knows: leases and schedules, streams and their cursors, one row a vendor
-- record, the vendor's documents, and the outbox.

CREATE TABLE sync_state (
    tenant_id          uuid NOT NULL,
    connection_id      uuid NOT NULL,
    enabled            boolean NOT NULL DEFAULT true,
    next_run_at        timestamptz NOT NULL,
    -- A run before that fetches due records only.
    walk_due_at        timestamptz NOT NULL DEFAULT now(),
    -- The vendor, or our own back-off, asks for silence until then. Shared by all replicas.
    not_before         timestamptz,
    lease_owner        uuid,
    lease_epoch        bigint NOT NULL DEFAULT 0,
    lease_until        timestamptz,
    failures           integer NOT NULL DEFAULT 0,
    last_run_at        timestamptz,
    synced_at          timestamptz,
    fresh_as_of        timestamptz,
    historical_since   timestamptz,
    full_walk          bigint NOT NULL DEFAULT 0,
    full_walk_at       timestamptz,
    pages              bigint NOT NULL DEFAULT 0,
    records            bigint NOT NULL DEFAULT 0,
    deletions_withheld integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, connection_id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
CREATE INDEX sync_state_due ON sync_state (next_run_at) WHERE enabled;
ALTER TABLE sync_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_state FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON sync_state
    USING (tenant_id = current_tenant() OR system_scope())
    WITH CHECK (tenant_id = current_tenant() OR system_scope());

CREATE TABLE sync_streams (
    tenant_id       uuid NOT NULL,
    connection_id   uuid NOT NULL,
    stream          text NOT NULL,
    -- Where the next incremental walk begins; moves only after a proved walk.
    resume          jsonb,
    -- The walk that is under way.
    walk            text,
    walk_cursor     jsonb,
    walk_started_at timestamptz,
    walk_number     bigint NOT NULL DEFAULT 0,
    synced_at       timestamptz,
    fresh_as_of     timestamptz,
    unproved        integer NOT NULL DEFAULT 0,
    -- Runs in a row in which the vendor refused the walk's cursor.
    refused         integer NOT NULL DEFAULT 0,
    total_hint      bigint,
    PRIMARY KEY (tenant_id, connection_id, stream),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
ALTER TABLE sync_streams ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_streams FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON sync_streams
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

CREATE TABLE records (
    tenant_id       uuid NOT NULL,
    connection_id   uuid NOT NULL,
    kind            text NOT NULL,
    remote_id       text NOT NULL,
    state           text NOT NULL,
    call_id         uuid,
    -- The listed form as last seen, and as it was when the record was last fetched.
    fingerprint     bytea,
    fetched         bytea,
    hint            jsonb,
    -- When the record is to be fetched; NULL when it is not.
    due_at          timestamptz,
    -- How often it was not ready in a row, and how often the vendor failed on it in a row.
    attempts        integer NOT NULL DEFAULT 0,
    failures        integer NOT NULL DEFAULT 0,
    first_seen_at   timestamptz NOT NULL,
    observed_at     timestamptz NOT NULL,
    full_walk       bigint NOT NULL DEFAULT 0,
    reason          text,
    pointer         text,
    PRIMARY KEY (tenant_id, connection_id, kind, remote_id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
CREATE INDEX records_due ON records (tenant_id, connection_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX records_by_call ON records (tenant_id, call_id);
ALTER TABLE records ENABLE ROW LEVEL SECURITY;
ALTER TABLE records FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON records
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- The vendor's answers, by content; the same answer is kept once.
CREATE TABLE raw_documents (
    tenant_id    uuid NOT NULL,
    hash         bytea NOT NULL,
    content_type text NOT NULL,
    size         bigint NOT NULL,
    -- zstd of the bytes as they came.
    body         bytea NOT NULL,
    stored_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, hash)
);
ALTER TABLE raw_documents ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE raw_documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE raw_documents FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON raw_documents
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

CREATE TABLE record_documents (
    tenant_id     uuid NOT NULL,
    connection_id uuid NOT NULL,
    kind          text NOT NULL,
    remote_id     text NOT NULL,
    operation     text NOT NULL,
    part          text NOT NULL,
    hash          bytea NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, kind, remote_id, operation, part),
    FOREIGN KEY (tenant_id, hash) REFERENCES raw_documents (tenant_id, hash)
);
ALTER TABLE record_documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_documents FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON record_documents
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

CREATE TABLE backfills (
    tenant_id     uuid NOT NULL,
    id            uuid NOT NULL,
    connection_id uuid NOT NULL,
    window_from   timestamptz NOT NULL,
    window_to     timestamptz NOT NULL,
    state         text NOT NULL,
    reason        text,
    cursors       jsonb NOT NULL DEFAULT '{}',
    pages         bigint NOT NULL DEFAULT 0,
    records       bigint NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    modified_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
CREATE INDEX backfills_by_connection ON backfills (tenant_id, connection_id, created_at);
ALTER TABLE backfills ENABLE ROW LEVEL SECURITY;
ALTER TABLE backfills FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON backfills
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- The outbox: written in the transaction of the change it tells of. `xid` lets a reader stay
-- below transactions that are still open, so that no event is skipped.
CREATE TABLE events (
    tenant_id     uuid NOT NULL,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    xid           xid8 NOT NULL DEFAULT pg_current_xact_id(),
    type          text NOT NULL,
    at            timestamptz NOT NULL,
    connection_id uuid,
    subject_id    uuid,
    data          jsonb NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON events
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());
