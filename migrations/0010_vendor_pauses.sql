-- Until when a vendor account is left alone because the vendor asked for it: all replicas keep it.

CREATE TABLE vendor_pauses (
    tenant_id  uuid NOT NULL,
    -- The account, as in `connections`.
    namespace  uuid NOT NULL,
    not_before timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, namespace)
);
ALTER TABLE vendor_pauses ENABLE ROW LEVEL SECURITY;
ALTER TABLE vendor_pauses FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON vendor_pauses
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());
