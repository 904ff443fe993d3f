-- What replicas must know together about tokens: endpoints that refuse even a fresh one, how many
-- renewals run at a vendor, and credentials that end by themselves.

-- Operations that refused a token that was renewed for them: no token is renewed for them meanwhile.
CREATE TABLE endpoint_rests (
    tenant_id uuid NOT NULL,
    namespace uuid NOT NULL,
    operation text NOT NULL,
    since     timestamptz NOT NULL,
    until     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, namespace, operation)
);
ALTER TABLE endpoint_rests ENABLE ROW LEVEL SECURITY;
ALTER TABLE endpoint_rests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON endpoint_rests
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- Renewals under way. How many run at one vendor is counted over all tenants, hence the system's
-- scope; there is nothing of anybody's in it.
CREATE TABLE token_places (
    tenant_id  uuid NOT NULL,
    namespace  uuid NOT NULL,
    vendor     text NOT NULL,
    holder     uuid NOT NULL,
    held_until timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, namespace)
);
CREATE INDEX token_places_by_vendor ON token_places (vendor, held_until);
ALTER TABLE token_places ENABLE ROW LEVEL SECURITY;
ALTER TABLE token_places FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON token_places
    USING (tenant_id = current_tenant() OR system_scope())
    WITH CHECK (tenant_id = current_tenant() OR system_scope());

-- Why the last renewal failed, for the owner.
ALTER TABLE tokens ADD COLUMN failure_reason text;

-- A token that was handed in ends, and nothing but its owner brings another one.
ALTER TABLE connections
    ADD COLUMN credentials_end_at timestamptz,
    -- From then on the owner is asked to act.
    ADD COLUMN credentials_warn_at timestamptz,
    -- The version of the credentials whose end was announced.
    ADD COLUMN credentials_warned integer;
