-- What was erased and must not come back, and how long each tenant keeps what.

-- The keys of a tenant that suppressed values are hashed with, sealed: without them nobody can try
-- out phones on the hashes.
CREATE TABLE suppression_keys (
    tenant_id  uuid NOT NULL REFERENCES tenants (tenant_id),
    id         uuid NOT NULL,
    sealed_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE suppression_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE suppression_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON suppression_keys
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Receipts: who erased what kind of subject when, and how much of it there was. Not who it was.
CREATE TABLE erasures (
    tenant_id    uuid NOT NULL REFERENCES tenants (tenant_id),
    id           uuid NOT NULL,
    -- call, phone, client_id
    subject_type text NOT NULL,
    actor_kind   text NOT NULL,
    actor_id     uuid,
    erased_at    timestamptz NOT NULL,
    -- How many calls, records, documents, ... went.
    counts       jsonb NOT NULL,
    -- When it was last carried out again, as after a backup was restored.
    replayed_at  timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX erasures_by_age ON erasures (tenant_id, erased_at, id);
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON erasures
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- What is not taken in any more: HMACs of phones, client ids, calls and vendor records.
CREATE TABLE suppressions (
    tenant_id  uuid NOT NULL,
    digest     bytea NOT NULL,
    key_id     uuid NOT NULL,
    erasure_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, digest, erasure_id),
    FOREIGN KEY (tenant_id, key_id) REFERENCES suppression_keys (tenant_id, id),
    FOREIGN KEY (tenant_id, erasure_id) REFERENCES erasures (tenant_id, id)
);
CREATE INDEX suppressions_by_erasure ON suppressions (tenant_id, erasure_id);
ALTER TABLE suppressions ENABLE ROW LEVEL SECURITY;
ALTER TABLE suppressions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON suppressions
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- How many days a tenant keeps each kind of thing; a kind that is not here is kept as it is
-- configured, or for good.
CREATE TABLE retention_rules (
    tenant_id   uuid NOT NULL REFERENCES tenants (tenant_id),
    -- calls, transcripts, documents, events, jobs
    kind        text NOT NULL,
    days        int NOT NULL CHECK (days > 0),
    -- The last call, by its list's key, that the rule was applied to.
    done_at     timestamptz,
    done_id     uuid,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);
ALTER TABLE retention_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE retention_rules FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON retention_rules
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());
