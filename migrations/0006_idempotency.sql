-- Answers to requests that carry an Idempotency-Key, sealed, for a day.

CREATE TABLE idempotency_keys (
    tenant_id    uuid NOT NULL REFERENCES tenants (tenant_id),
    -- The API key that sent it belongs to the name: another one's answers are not replayed.
    api_key_id   uuid NOT NULL,
    key          text NOT NULL,
    request_hash bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- The first request is under way until then; NULL once it is answered.
    locked_until timestamptz,
    sealed_answer bytea,
    -- The address of the thing the answer shows: when that is deleted, the answer goes too.
    resource     text,
    PRIMARY KEY (tenant_id, api_key_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (tenant_id, created_at);
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON idempotency_keys
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());
