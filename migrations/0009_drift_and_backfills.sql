-- Members of vendor documents that no mapper consumes, as far as they were met; and what a backfill
-- is expected to cost.

CREATE TABLE vendor_drift (
    tenant_id     uuid NOT NULL,
    connection_id uuid NOT NULL,
    -- `<operation><pointer>` with `*` for places in lists.
    pointer       text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, pointer),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
ALTER TABLE vendor_drift ENABLE ROW LEVEL SECURITY;
ALTER TABLE vendor_drift FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON vendor_drift
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

ALTER TABLE backfills ADD COLUMN estimate jsonb;
