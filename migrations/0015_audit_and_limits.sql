-- Who did what, what tenants may do at a time, and when keys were last used.

-- Append-only: the gateway's role may read and insert, and no policy lets anybody change a row.
CREATE TABLE audit_log (
    tenant_id  uuid NOT NULL REFERENCES tenants (tenant_id),
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    -- Milliseconds, as it is shown: a cursor must not fall between two entries.
    at         timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
    -- api_key, token, foreign_token, command_line, gateway, nobody
    actor_kind text NOT NULL,
    -- The key; for a token of a foreign issuer an id that follows from issuer and subject.
    actor_id   uuid,
    -- What a foreign issuer calls the caller.
    subject    text,
    -- The address it came from.
    source     text,
    action     text NOT NULL,
    -- The address of the thing, as the API has it.
    resource   text,
    request_id text,
    -- succeeded, refused, failed, unknown
    outcome    text NOT NULL,
    -- How often, where entries are gathered.
    count      int NOT NULL DEFAULT 1,
    -- What it was, without secrets and without content.
    detail     jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_log_by_time ON audit_log (tenant_id, at, id);
CREATE INDEX audit_log_by_resource ON audit_log (tenant_id, resource, at, id);
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_reads ON audit_log FOR SELECT USING (tenant_id = current_tenant());
CREATE POLICY tenant_appends ON audit_log FOR INSERT WITH CHECK (tenant_id = current_tenant());

-- What an operator grants a tenant in place of the configured limits; NULL is the configured one,
-- 0 no limit. A tenant may read its own and change none.
CREATE TABLE tenant_limits (
    tenant_id   uuid PRIMARY KEY REFERENCES tenants (tenant_id),
    requests    int CHECK (requests >= 0),
    concurrency int CHECK (concurrency >= 0),
    exports     int CHECK (exports >= 0),
    streams     int CHECK (streams >= 0),
    modified_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE tenant_limits ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_limits FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_reads ON tenant_limits FOR SELECT
    USING (tenant_id = current_tenant() OR system_scope());
CREATE POLICY operator_writes ON tenant_limits
    USING (system_scope()) WITH CHECK (system_scope());

ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz;
