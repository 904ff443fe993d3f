-- Work passed to vendors: recorded before it is sent, sent once.

CREATE TABLE jobs (
    tenant_id       uuid NOT NULL,
    id              uuid NOT NULL,
    connection_id   uuid NOT NULL,
    type            text NOT NULL,
    state           text NOT NULL,
    -- Whether the vendor has it: none, unknown, taken.
    delivery        text NOT NULL,
    -- The word of what was handed in, e.g. the source of an analysis.
    source          text,
    -- What is sent, sealed: phones, signed addresses, chats. NULL once it is needed no more.
    sealed_input    bytea,
    -- It came with a file that went straight to the vendor: it cannot be sent from here again.
    streamed        boolean NOT NULL,
    call_ids        uuid[] NOT NULL,
    -- The vendor's record that becomes the call.
    record_kind     text,
    record_id       text,
    -- Other ids of the vendor's: agent, campaign, report.
    remote_refs     jsonb NOT NULL,
    -- The address of what came out of it, where that is no call.
    result_ref      text,
    cost            jsonb,
    error           jsonb,
    attempts        jsonb NOT NULL,
    timeline        jsonb NOT NULL,
    -- The request that made it: sent again, it makes no second one.
    api_key_id      uuid NOT NULL,
    idempotency_key text,
    -- When it was last sent, when the vendor took it, how often the vendor was asked since.
    sent_at         timestamptz,
    submitted_at    timestamptz,
    looks           integer NOT NULL,
    -- What is still at the vendor is to be taken back there.
    cancel_asked    boolean NOT NULL DEFAULT false,
    deadline        timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    modified_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, api_key_id, idempotency_key),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
CREATE INDEX jobs_by_age ON jobs (tenant_id, created_at, id);
CREATE INDEX jobs_by_connection ON jobs (tenant_id, connection_id, created_at, id);
CREATE INDEX jobs_by_call ON jobs USING gin (call_ids);
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON jobs
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Which job is due when, and who works on it. Apart, because workers look over all tenants.
CREATE TABLE job_queue (
    tenant_id     uuid NOT NULL,
    job_id        uuid NOT NULL,
    connection_id uuid NOT NULL,
    -- NULL: nothing is to be done.
    due_at        timestamptz,
    lease_owner   uuid,
    lease_epoch   bigint NOT NULL DEFAULT 0,
    lease_until   timestamptz,
    PRIMARY KEY (tenant_id, job_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX job_queue_due ON job_queue (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_queue_leased ON job_queue (lease_until) WHERE lease_until IS NOT NULL;
ALTER TABLE job_queue ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_queue FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON job_queue
    USING (tenant_id = current_tenant() OR system_scope())
    WITH CHECK (tenant_id = current_tenant() OR system_scope());

-- The parts in which a batch is sent: one request each.
CREATE TABLE job_chunks (
    tenant_id uuid NOT NULL,
    job_id    uuid NOT NULL,
    number    integer NOT NULL,
    state     text NOT NULL,
    items     integer NOT NULL,
    -- The vendor's ids of what the request made.
    batch     text,
    task      text,
    error     jsonb,
    sent_at   timestamptz,
    looks     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, job_id, number),
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE job_chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_chunks FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON job_chunks
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- The dialogs of a batch, in the order in which they were given.
CREATE TABLE job_items (
    tenant_id    uuid NOT NULL,
    job_id       uuid NOT NULL,
    number       integer NOT NULL,
    chunk        integer NOT NULL,
    state        text NOT NULL,
    sealed_input bytea,
    message      text,
    record_kind  text,
    record_id    text,
    call_id      uuid,
    PRIMARY KEY (tenant_id, job_id, number),
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX job_items_by_call ON job_items (tenant_id, call_id) WHERE call_id IS NOT NULL;
CREATE INDEX job_items_by_chunk ON job_items (tenant_id, job_id, chunk);
ALTER TABLE job_items ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_items FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON job_items
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Which resources of a vendor's plan run low, so that it is told once.
CREATE TABLE low_usage (
    tenant_id     uuid NOT NULL,
    connection_id uuid NOT NULL,
    resource      text NOT NULL,
    since         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, resource),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
ALTER TABLE low_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE low_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON low_usage
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- A file is hashed while it streams through: what the first request with a key carried.
ALTER TABLE idempotency_keys ADD COLUMN streamed_hash bytea;
